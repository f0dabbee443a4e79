"""The draw of the random sample, derived anew from the data."""

from pathlib import Path
from typing import Any

import numpy as np

from houseprice.bundle.export import complete_required, row
from houseprice.bundle.manifest import Manifest, sha256_of
from houseprice.bundle.random_sample import draw_sample
from houseprice.config import Split
from houseprice.errors import DataError, EvidenceError
from houseprice.learning.bundling import read_sales
from houseprice.learning.features import columns_of
from houseprice.learning.splitting import HOLDOUT, split_sales


def check_draw(sample: dict[str, Any], manifest: Manifest, data: Path) -> str:
    """Draw the sample from a cleaned table, and return in words what was found.

    Raises:
        EvidenceError: The file is not the data that the model was trained with (code `data_differ`); the draw is not
            sealed (`draw_missing`); the sample is another one (`draw_differs`), or its inputs or prices are not those
            of the data (`sample_differs`, details `row`).
        DataError: The table cannot be read.
    """
    try:
        digest = sha256_of(data)
    except OSError as err:
        raise DataError(f'"{data}" cannot be read: {err.strerror}.', code="data_not_found") from err
    if digest != manifest.hashes["processed"]:
        raise EvidenceError(
            f'"{data}" has the SHA-256 {digest[:12]}…, those of the model {manifest.hashes["processed"][:12]}…. '
            "Name the cleaned table that `houseprice process` wrote for this model.",
            code="data_differ",
        )
    draw, schema = sample.get("draw"), manifest.schema_
    if not draw:
        raise EvidenceError("The bundle does not say how its sample was drawn; export it again.", code="draw_missing")
    sales = read_sales(data, schema)
    rules = draw["split"]
    split = Split(protocol=rules["protocol"], holdout_share=rules["holdout_share"])
    held_out = np.flatnonzero(split_sales(sales, schema, split, rules["seed"]) == HOLDOUT)
    drawn = draw_sample(digest, held_out.tolist())
    same = len(set(drawn) & set(draw["rows"]))
    if draw["data_sha256"] != digest or draw["rows"] != drawn or draw["held_out"] != len(held_out):
        raise EvidenceError(
            f"The sample is not the one that the data give: {same} of {len(drawn)} sales are the same. "
            "Somebody chose them, or the split is another one.",
            code="draw_differs",
        )
    houses = complete_required(columns_of(sales, schema), schema)
    prices = sales[schema.target].to_list()
    paid = sample.get("prices") or [prices[position] for position in drawn]
    for sealed, price, position in zip(sample["rows"], paid, drawn, strict=True):
        if row(houses, position, schema) != sealed or prices[position] != price:
            raise EvidenceError(
                f"Row {position} of the data holds another house or price than the sample.",
                code="sample_differs",
                row=position,
            )
    return f"{len(drawn)} of {len(held_out)} held-out sales, as drawn from the data"
