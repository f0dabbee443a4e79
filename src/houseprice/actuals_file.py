"""Files of prices paid: what `houseprice actuals load` reads.

A row names its prediction by `request_id` (with `row` in a batch), by `reference`, by a parcel that was given as the
reference, or by the columns of the house. Price and day stand in the columns of the schema, or in `price` and
`sale_date`. It is not part of the store, which knows no columns of houses.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from houseprice.batch_input import open_csv
from houseprice.bundle.load import Bundle
from houseprice.conversion.form import CellForm
from houseprice.conversion.value import convert_value
from houseprice.errors import DataError, InvalidActualsError, RowError, nearest
from houseprice.schema import Schema
from houseprice.serving.csv_blocks import MAX_ROW_CHARACTERS
from houseprice.serving.csv_dialect import BYTE_ORDER_MARK, detect_delimiter, read_lines
from houseprice.serving.csv_reader import CsvColumns
from houseprice.serving.request import RequestModel, is_optional
from houseprice.serving.validation_errors import InvalidRequestError
from houseprice.store import Actual

PRICE, SALE_DATE = "price", "sale_date"
KEYS = ("request_id", "row", "reference", "currency")
_PLAIN = CellForm(dates=("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"))
_WHOLE = re.compile(r"[0-9]{1,9}")
Cells = Mapping[str, str]


@dataclass(frozen=True)
class ActualsFile:
    """Prices paid, and where each stands in the file.

    Attributes:
        actuals: one a row.
        numbers: the line of a CSV in UTF-8, or the row of another file, from 1.
    """

    actuals: list[Actual]
    numbers: list[int]


@dataclass
class _Rows:
    """The rows of a file, and what is wrong with them."""

    header: list[str]
    cells: list[Cells]
    numbers: list[int]
    errors: list[RowError] = field(default_factory=list)


def read_actuals(source: Path, bundle: Bundle | None = None, *, sheet: str | None = None) -> ActualsFile:
    """Return the prices paid that a file holds.

    Args:
        source: CSV, Excel or Parquet, also within gzip or ZIP.
        bundle: the model whose columns the file may have; without one, rows need a request ID or a reference.
        sheet: of an Excel workbook.

    Raises:
        DataError: The file cannot be read, or lacks columns (`header_invalid`).
        InvalidActualsError: Rows cannot be read; `errors` has the position of each, `details` their `numbers`.
        MissingDependencyError: It is no CSV in UTF-8, and polars is not installed.
    """
    rows = _read(source, bundle.manifest.schema_ if bundle else None, sheet)
    reader = _RowReader(rows.header, bundle, source)
    actuals = [reader.actual(position, cells, rows.errors.append) for position, cells in enumerate(rows.cells)]
    if rows.errors:
        count = len({error.row for error in rows.errors})
        raise InvalidActualsError(
            f'{count} of {len(rows.cells)} rows of "{source}" cannot be read, so none was taken. Correct them, or '
            "leave them out.",
            rows.errors,
            count=count,
            numbers=rows.numbers,
        )
    return ActualsFile([actual for actual in actuals if actual], rows.numbers)


def _read(source: Path, schema: Schema | None, sheet: str | None) -> _Rows:
    known = {PRICE, SALE_DATE, *KEYS, *(schema.columns if schema else ())}
    try:
        stream, numbers = open_csv(source, sheet)
        with stream:
            lines = read_lines(stream, MAX_ROW_CHARACTERS)
            first = next((line for line in lines if line.strip(f"\r\n {BYTE_ORDER_MARK}")), "")
            table = csv.reader(lines, delimiter=(delimiter := detect_delimiter(first, known)), strict=True)
            header = [name.strip().strip(BYTE_ORDER_MARK) for name in next(csv.reader([first], delimiter=delimiter))]
            rows = _Rows(header, [], [])
            for cells in table:
                if any(cell.strip() for cell in cells):
                    _add(rows, cells, table.line_num + 1)
    except OSError as err:
        raise DataError(f'"{source}" cannot be read: {err.strerror or err}.', code="file_unreadable") from err
    except (csv.Error, InvalidRequestError) as err:
        raise DataError(f'"{source}" cannot be read: {err}', code="csv_invalid") from err
    if numbers is not None:
        rows.numbers = list(numbers)
    return rows


def _add(rows: _Rows, cells: Sequence[str], line: int) -> None:
    if len(cells) != len(rows.header):
        message = f"The row has {len(cells)} fields instead of {len(rows.header)}."
        rows.errors.append(RowError(len(rows.cells), "row_invalid", message))
    rows.cells.append(dict(zip(rows.header, (cell.strip() for cell in cells), strict=False)))
    rows.numbers.append(line)


class _RowReader:
    """Makes a price paid of the cells of a row."""

    def __init__(self, header: Sequence[str], bundle: Bundle | None, source: Path) -> None:
        schema = bundle.manifest.schema_ if bundle else None
        self._schema = schema
        self._price = schema.target if schema and schema.target in header else PRICE
        self._sale_date = SALE_DATE if SALE_DATE in header or not (schema and schema.sale_date) else schema.sale_date
        self._values = ((self._price, "number"), (self._sale_date, "date"))
        self._parcel = schema.parcel if schema and "reference" not in header else None
        self._rules = RequestModel(schema) if schema else None
        self._columns = _house_columns(header, bundle) if bundle else {}
        keyed = {"request_id", "reference", self._parcel} & set(header) or self._columns
        missing = [name for name in (self._price, self._sale_date) if name not in header]
        if repeated := {name for name in header if name and header.count(name) > 1}:
            raise _header_invalid(source, f"names the column {', '.join(sorted(repeated))} twice")
        if missing:
            hints = ", ".join(f'"{name}"{nearest(name, header)}' for name in missing)
            raise _header_invalid(source, f"lacks the column {hints}; it has {', '.join(header)[:300]}")
        if not keyed:
            raise _header_invalid(source, 'has neither "request_id" nor "reference", nor the columns of a house')

    def actual(self, position: int, cells: Cells, report: Callable[[RowError], None]) -> Actual | None:
        """Return the price paid of a row; None where it cannot be read."""
        faults: list[tuple[str, str]] = []
        price, day = (self._value(cells.get(name, ""), kind) for name, kind in self._values)
        if price is None:
            faults.append(("price_invalid", f'{self._price} "{cells.get(self._price, "")[:40]}" is no number.'))
        if day is None:
            faults.append(("date_invalid", f'{self._sale_date} "{cells.get(self._sale_date, "")[:40]}" is no day.'))
        row = cells.get("row", "")
        if row and not _WHOLE.fullmatch(row):
            faults.append(("row_invalid", f'row "{row[:40]}" is no whole number from 0 on.'))
        request_id = cells.get("request_id") or None
        reference = cells.get("reference") or cells.get(self._parcel or "") or None
        house = None
        try:
            house = self._house(cells)
        except InvalidRequestError as err:  # it was never asked about so
            if not (request_id or reference):
                faults.append(("house_invalid", err.errors[0].message))
        for code, message in faults:
            report(RowError(position, code, message))
        if faults:
            return None
        currency = cells.get("currency") or None
        return Actual(price, day, request_id, reference, house, currency, int(row) if row else None)

    def _value(self, text: str, kind: Any) -> Any:
        """Return a price or a day, in the form that the schema declares, or in the plain one."""
        name = None if self._schema is None else self._schema.target if kind == "number" else self._schema.sale_date
        declared = self._schema.columns[name].form if self._schema and name else None
        values = (convert_value(text, kind, form) for form in (declared, _PLAIN) if form)
        return next((value for value in values if value is not None), None)

    def _house(self, cells: Cells) -> dict[str, Any] | None:
        """Return the house of a row as a request would hold it; None where the file has no columns of houses."""
        if self._rules is None or not self._columns:
            return None
        house = {name: value for name, parse in self._columns.items() if (value := parse(cells)) is not None}
        (found,) = self._rules.validate([house])
        return {name: value for name, value in found.items() if value is not None}


def _house_columns(header: Sequence[str], bundle: Bundle) -> dict[str, Callable[[Cells], Any]]:
    """Return column of a request → what parses it from the cells of a row; none where a required one is missing.

    The valuation date is left out: it is no property of the house.
    """
    schema, columns = bundle.manifest.schema_, CsvColumns(bundle)
    found: dict[str, Callable[[Cells], Any]] = {}
    for name in schema.request:
        sources = (name,) if name in header else columns.composites.get(name, (name,))
        if name != schema.sale_date and set(sources) <= set(header):
            found[name] = _joined(sources, columns.parsers(".")[name])
        elif not is_optional(schema, name):
            return {}
    return found


def _joined(sources: Sequence[str], parse: Callable[[str], Any]) -> Callable[[Cells], Any]:
    """Return what parses the cells of some columns, joined."""
    return lambda cells: parse(" ".join(cells[source] for source in sources if cells.get(source)))


def _header_invalid(source: Path, reason: str) -> DataError:
    return DataError(f'"{source}" {reason}. Correct its header.', code="header_invalid", path=str(source))
