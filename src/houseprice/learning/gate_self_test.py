"""Mutation tests of the quality gates: defects are introduced one by one, and each must fail its gate.

They run on a quarter of the sales, or less of many, with few trees. The limit of the latency is set around that of the
same small model without a mutation, so that the mutation, and not the small size, fails a gate; all others are as
configured.
"""

from dataclasses import dataclass, replace

import polars as pl

from houseprice.bundle.load import Model, read_manifest
from houseprice.config import Config, Gates
from houseprice.learning import export_gates, feature_table
from houseprice.learning.evaluation import evaluate
from houseprice.learning.exported_pair import export_pair
from houseprice.learning.features import engineer
from houseprice.learning.fitting import found_training
from houseprice.learning.gate_baseline import Baseline, all_gates, bundle_of, failed_gates, no_progress, one_house
from houseprice.learning.gate_mutations import MUTATIONS, SERVED, Refusal, inapplicable, serve_failed
from houseprice.learning.latency import latency_ratio
from houseprice.learning.splitting import TRAIN, houses_of

PARCEL_FRACTION = 4  # one parcel in four is kept, or less
FEW_SALES = 8000  # of which all are kept
MANY_SALES = 25_000  # of which about so many are kept


@dataclass(frozen=True)
class MutationResult:
    """One mutation, the gate that must fail for it, and the gates that did.

    `inapplicable` is why the sales do not allow it; "" when they do.
    """

    mutation: str
    gate: str
    failed: tuple[str, ...]
    inapplicable: str = ""

    @property
    def caught(self) -> bool:
        """Whether the right gate failed."""
        return self.gate in self.failed


def prepare(sales: pl.DataFrame, config: Config) -> Baseline:
    """Return the baseline: a small model of some of the sales, with gates set around its metrics."""
    schema = config.schema_
    kept = sales
    if sales.height > FEW_SALES:
        fraction = max(PARCEL_FRACTION, sales.height // MANY_SALES)
        kept = sales.filter(pl.Series(houses_of(sales, schema)).hash(seed=0) % fraction == 0)
    split = config.split.model_copy(update={"folds": 3, "origins": 2})
    made, preprocessor = engineer(kept, schema, config.derived, config.split, config.training.seed)
    features = feature_table.parse(feature_table.write(made, "0" * 64), "planting", schema)
    found = found_training(features, features.rows(TRAIN), config).reduced(
        iterations=150, learning_rate=0.15, centres=300
    )
    training = found.model_copy(update={"refit": False})
    reduced = config.model_copy(update={"training": training, "split": split})
    evaluation = evaluate(features, reduced, no_progress)
    evaluation.model.feature_table_sha256_ = preprocessor.feature_table_sha256_ = features.sha256
    evaluation.model.processed_sha256_ = features.processed_sha256
    exported = export_pair(preprocessor, evaluation.model, kept, reduced)
    baseline = Baseline(reduced, kept, features, preprocessor, evaluation, evaluation.model, exported)
    return replace(baseline, config=reduced.model_copy(update={"gates": _around(baseline)}))


def run_mutations(baseline: Baseline, refusal: Refusal) -> list[MutationResult]:
    """Return the gates that each mutation failed; the first has no mutation, and must fail none.

    `refusal` tells why `serve` does not start with a bundle.
    """
    verdict = all_gates(baseline)
    with bundle_of(baseline, verdict) as folder:
        sealed = (
            export_gates.check_sealed(verdict, read_manifest(folder).verdict),
            export_gates.check_serving(refusal(folder)),
        )
    unmutated = MutationResult("(none)", "", failed_gates(verdict.with_gates(*sealed)))
    left_out = inapplicable(baseline)
    results = [
        MutationResult(name, gate, (), left_out[name])
        if name in left_out
        else MutationResult(name, gate, mutation(baseline))
        for name, (gate, mutation) in MUTATIONS.items()
    ]
    return [unmutated, *results, MutationResult(*SERVED, serve_failed(baseline, refusal))]


def _around(baseline: Baseline) -> Gates:
    """Return the gates, with the latency around that of the small model; the other limits hold for any size."""
    graph, one = Model(baseline.exported.graph), one_house(baseline)
    ratio = latency_ratio(lambda: graph.predict(one))
    return baseline.rules.model_copy(update={"max_latency_ratio": ratio * 3})
