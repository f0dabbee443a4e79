"""What the mutation tests of the quality gates start from: a small model that passes all gates."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from houseprice.bundle.export import write_bundle
from houseprice.bundle.load import Columns
from houseprice.config import Config, Gates
from houseprice.learning import bundling, export_gates, gates
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.exported_pair import ExportedPair
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import Preprocessor
from houseprice.learning.holdout import measure_holdout
from houseprice.learning.leakage import TrainingSource
from houseprice.learning.slices import Predictions
from houseprice.learning.training import PriceModel
from houseprice.learning.verdict import Verdict


@dataclass(frozen=True)
class Baseline:
    """What is mutated: sales, features, a small model and gates that it passes."""

    config: Config
    sales: pl.DataFrame
    table: FeatureTable
    preprocessor: Preprocessor
    evaluation: Evaluation
    model: PriceModel
    exported: ExportedPair

    @property
    def rules(self) -> Gates:
        """The gates."""
        return self.config.gates

    def verdict(self, prices_from: FeatureTable | None = None, predictions: Predictions | None = None) -> Verdict:
        """Return the verdict on the holdout with other prices or other predictions."""
        table, predicted = prices_from or self.table, predictions or self.evaluation.predictions
        own = self.evaluation
        metrics = measure_holdout(table, self.config, predicted, own.fsd, own.constant_width, own.model.trend_)
        return gates.check_metrics(self.evaluation.metrics | metrics, self.config)


def no_progress(what: str, done: int, of: int) -> None:
    """Tell nobody how far a small model is."""


def failed_gates(verdict: Verdict) -> tuple[str, ...]:
    """Return the names of the gates that failed."""
    return tuple(gate.name for gate in verdict.failed)


@contextmanager
def bundle_of(baseline: Baseline, verdict: Verdict) -> Iterator[Path]:
    """Yield the folder of the baseline's bundle, with a verdict."""
    baseline.model.metrics_ = baseline.evaluation.metrics
    baseline.model.verdict_ = verdict.as_dict(for_manifest=True)
    content = bundling.build_bundle(baseline.exported, {}, baseline.config)
    with tempfile.TemporaryDirectory(prefix="houseprice-gates-") as folder:
        write_bundle(content, Path(folder) / "bundle")
        yield Path(folder) / "bundle"


def one_house(baseline: Baseline) -> Columns:
    """Return the columns of one house."""
    return {name: values[:1] for name, values in baseline.exported.columns.items()}


def all_gates(baseline: Baseline) -> Verdict:
    """Return the verdict on the baseline, before it is sealed."""
    source = TrainingSource(baseline.sales, baseline.preprocessor)
    champion = gates.check_champion(None)
    verdict = gates.evaluate_gates(baseline.table, baseline.evaluation, baseline.config, source, champion)
    return verdict.with_gates(
        *degeneracy(baseline, baseline.model).gates, *export_gates.check_export(baseline.exported, baseline.config)
    )


def degeneracy(baseline: Baseline, model: PriceModel) -> Verdict:
    """Return the verdict on the predictions of a model for the baseline's sales."""
    return gates.check_degeneracy(model, baseline.table.features, baseline.evaluation.metrics, baseline.rules)
