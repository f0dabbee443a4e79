"""Quality gates of the export: the graphs predict like the trained pair, and the sealed bundle states it and starts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from houseprice.bundle.export import measure_parity
from houseprice.bundle.load import Model
from houseprice.config import Config
from houseprice.errors import HousePriceError
from houseprice.learning.exported_pair import ExportedPair
from houseprice.learning.features import Preprocessor
from houseprice.learning.gates import check_exported
from houseprice.learning.training import PriceModel
from houseprice.learning.verdict import Gate, Verdict, at_most

MAX_COORDINATE_DIFFERENCE = 1e-6
"""Of a similarity coordinate, between the exported graph and the trained pair."""


def check_pair(preprocessor: Preprocessor, model: PriceModel) -> Gate:
    """Check that preprocessor and model belong to the same feature table."""
    differ = preprocessor.feature_table_sha256_ != model.feature_table_sha256_
    detail = (
        f"the preprocessor belongs to feature table {preprocessor.feature_table_sha256_[:12] or '(none)'}…, but the "
        f"model was fitted on {model.feature_table_sha256_[:12]}…"
    )
    return at_most("pair", float(differ), 0, detail if differ else "")


def check_export(exported: ExportedPair, config: Config) -> tuple[Gate, ...]:
    """Check the exported graphs against the trained pair on every row of the sales, their size and their speed."""
    predictor, limit = Model(exported.graph), config.bundle.max_relative_difference
    worst, row = measure_parity(predictor, exported.columns, exported.predictions)
    one_house = {name: values[:1] for name, values in exported.columns.items()}
    parity, *others = check_exported(predictor, one_house, len(exported.graph), worst, limit, config.gates)
    similarity = at_most("similarity_parity", exported.similarity_difference, MAX_COORDINATE_DIFFERENCE)
    return (
        check_pair(exported.preprocessor, exported.model),
        replace(parity, detail=f"the largest difference is in row {row + 1}"),
        replace(similarity, reproducible=False),
        *others,
    )


def check_serving(refusal: HousePriceError | None) -> Gate:
    """Check that `serve` starts with the bundle; `refusal` is why it does not."""
    gate = at_most("serving", float(refusal is not None), 0, f"{refusal} [{refusal.code}]" if refusal else "")
    return replace(gate, reproducible=False)


def check_sealed(verdict: Verdict, sealed: Mapping[str, Any]) -> Gate:
    """Check that a manifest states every gate of the verdict, and as it was judged."""
    other = [gate.name for gate in verdict.gates if sealed.get(gate.name, {}).get("passed") is not gate.passed]
    return at_most("sealed_verdict", float(len(other)), 0, ", ".join(other))
