"""Sales that a store knows, as a table in canonical form that a training takes beside its raw table."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from houseprice.schema import Schema
from houseprice.store.records import LabelledPredictions


@dataclass(frozen=True)
class SalesTable:
    """Sales as a CSV with the columns of a schema.

    Attributes:
        content: header and a row for each sale; canonical: decimal points, ISO dates, flags as 1 and 0.
        sales: number of rows.
        left_out: sales whose inputs are not kept, or whose price is in another currency.
    """

    content: bytes
    sales: int
    left_out: int


def sales_table(labelled: LabelledPredictions, schema: Schema, currency: str) -> SalesTable:
    """Return the houses that were asked for with the price paid for them and the day of their sale.

    A house bears the caller's own reference as its identifier, which is missing without; so is every column that a
    request does not have.

    Args:
        labelled: sales with their predictions and inputs.
        schema: columns of the configuration.
        currency: ISO 4217 code of the prices to learn from.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(schema.columns), restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    count = 0
    for number in range(len(labelled)):
        if (inputs := labelled.inputs[number]) is None or labelled.currency[number] != currency:
            continue
        house = {name: _cell(value) for name, value in inputs.items()} | {schema.target: labelled.price_paid[number]}
        if schema.sale_date:
            house[schema.sale_date] = labelled.sale_date[number]
        if schema.parcel:
            house[schema.parcel] = labelled.reference[number] or ""
        writer.writerow(house)
        count += 1
    return SalesTable(stream.getvalue().encode(), count, len(labelled) - count)


def _cell(value: Any) -> Any:
    """Return a value in canonical form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.isoformat() if isinstance(value, date) else value
