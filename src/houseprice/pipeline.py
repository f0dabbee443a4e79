"""The training pipeline: the steps from raw CSV to bundle and verdict, and the files they read and write.

It ends by starting a bundle as `serve` does, and so stands above learning and serving.
"""

import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import polars as pl

from houseprice import atomic_io
from houseprice.bundle import export
from houseprice.bundle.manifest import canonical, sha256_of
from houseprice.config import Config
from houseprice.errors import ArtifactError, DataError
from houseprice.learning import (
    bundling,
    csv_reader,
    feature_table,
    gate_self_test,
    gates,
    leakage,
    model_comparison,
    processing,
    report,
    tracking,
)
from houseprice.learning.evaluation import ProgressCallback, evaluate, refit
from houseprice.learning.features import SPLIT, Preprocessor, engineer
from houseprice.learning.gates import Verdict
from houseprice.learning.splitting import TRAIN
from houseprice.learning.tracking import run_record
from houseprice.learning.tracking.run_record import RunArtifacts
from houseprice.learning.training import PriceModel

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class TrainingResult:
    """Result of one training.

    `bundle` is None when there was no preprocessor or no processed table, or the exported model failed a gate; `reason`
    then says so.
    """

    metrics: dict[str, Any]
    verdict: Verdict
    model: Path
    metrics_file: Path
    bundle: Path | None
    reason: str
    tracked: tracking.Tracked


class FeatureCounts(NamedTuple):
    """Size of a feature table, and the share of the sales that is held out."""

    rows: int
    columns: int
    held_out: float


def process(config: Config, source: Path, output: Path) -> processing.CleanTable:
    """Clean a raw CSV; the rejected rows and a report of the counts are written beside the output.

    Raises:
        DataError: The raw table cannot be used; nothing is written.
    """
    raw = csv_reader.read(source, config.schema_, config.data.separator)
    cleaned = processing.clean(raw, config.schema_, config.data)
    leaks = leakage.check_raw_columns(cleaned, config)
    cleaned.report["leaking_columns"] = {leak.column: leak.reason for leak in leaks}
    content = cleaned.sales.write_csv().encode()
    facts = {"raw_sha256": sha256_of(source), "cleaned_sha256": hashlib.sha256(content).hexdigest()}
    atomic_io.write_atomically(
        {
            output.with_name(f"{output.stem}_rejected.csv"): cleaned.rejected.write_csv().encode(),
            output.with_name(f"{output.stem}_report.json"): canonical({**cleaned.report, **facts}),
            output: content,
        }
    )
    return cleaned


def make_features(config: Config, source: Path, output: Path, preprocessor: Path) -> FeatureCounts:
    """Write the feature table and the fitted preprocessor.

    Raises:
        DataError: The processed table cannot be used; nothing is written.
    """
    sales = bundling.read_sales(source, config.schema_)
    made, fitted = engineer(sales, config.schema_, config.features.derived, config.split.holdout_share)
    content = feature_table.write(made, sha256_of(source))
    fitted.feature_table_sha256_ = hashlib.sha256(content).hexdigest()
    atomic_io.write_atomically({output: content, preprocessor: pickle.dumps(fitted, protocol=5)})
    return FeatureCounts(made.height, made.width, made.filter(pl.col(SPLIT) != TRAIN).height / made.height)


def train(
    config: Config, data: Path, models: Path, reports: Path, uri: str | None, progress: ProgressCallback
) -> TrainingResult:
    """Train, evaluate, export and track; a model that fails a gate is written and tracked as well.

    Raises:
        DataError: The feature table cannot be used.
        ArtifactError: The preprocessor did not make this feature table (code `preprocessor_mismatch`).
        TrackingError: MLflow does not answer.
    """
    where = tracking.resolve(uri, config.tracking, models.parent)
    trained = models / "trained"
    features = feature_table.read(data, config.schema_)
    preprocessor = _preprocessor_for(features, trained / bundling.PREPROCESSOR, data)
    processed = find_processed(features.processed_sha256, [data.parent, *_search_paths(models, config)])
    models.parent.mkdir(parents=True, exist_ok=True)
    tracking.connect(where, config.tracking)

    champion = tracking.champion_errors(where, config.tracking)

    evaluation = evaluate(features, config, progress)
    source = None
    if preprocessor is not None and processed is not None:
        source = leakage.TrainingSource(bundling.read_sales(processed, config.schema_), preprocessor)
    comparison = model_comparison.compare_with_champion(evaluation.out_of_fold, champion)
    verdict = gates.evaluate_gates(features, evaluation, config, source, comparison)
    progress("the model to publish", steps := config.split.folds + config.split.origins + 2, steps + 1)
    model = refit(features, evaluation, config)
    verdict = verdict.with_gates(
        *gates.check_degeneracy(model, features.features, evaluation.metrics, config.gates).gates
    )
    progress("done", steps + 1, steps + 1)

    model.metrics_, model.verdict_ = evaluation.metrics, verdict.as_dict(for_manifest=True)
    model.feature_table_sha256_, model.processed_sha256_ = features.sha256, features.processed_sha256
    metrics_file, verdict_file, report_file = (reports / name for name in ("metrics.json", "verdict.json", report.NAME))
    values = {**evaluation.metrics, "verdict": model.verdict_}
    atomic_io.write_atomically(
        {trained / bundling.MODEL: pickle.dumps(model, protocol=5), metrics_file: canonical(values)}
    )

    bundle, reason = None, ""
    if source is None:
        reason = f"no preprocessor at {trained / bundling.PREPROCESSOR}"
        if preprocessor is not None:
            reason = f"no processed table with sha256 {features.processed_sha256[:12]}… beside {data} or {models}"
    else:
        content = bundling.build_bundle(trained, source.preprocessor, model, source.sales, config)
        exported = gates.check_bundle(content, source, model, config)
        verdict = verdict.with_gates(*exported)
        if all(gate.passed for gate in exported):
            bundle = models / "bundle"
            export.write_bundle(content, bundle)
        else:
            reason = "the exported model failed a gate"
    page = report.render(evaluation, features, verdict, config, _cleaning_report(processed, features.processed_sha256))
    verdict_content = canonical({"passed": verdict.passed, "gates": verdict.as_dict()})
    atomic_io.write_atomically({verdict_file: verdict_content, report_file: page})
    report_files = dict.fromkeys((metrics_file, verdict_file, report_file), "")
    out_of_fold = evaluation.out_of_fold.write_csv().encode()
    artifacts = RunArtifacts(data, processed, bundle, preprocessor, model, out_of_fold, report_files)
    record = run_record.make_record(config, features, evaluation.metrics, verdict, artifacts)
    promoted = verdict.passed and (comparison is None or comparison.promotes)
    tracked = tracking.log(where, config.tracking, record, champion=promoted)
    return TrainingResult(evaluation.metrics, verdict, trained / bundling.MODEL, metrics_file, bundle, reason, tracked)


def make_bundle(config: Config, models: Path, data: Path | None = None) -> Path:
    """Export the trained pair of a models folder; return the folder of the bundle.

    Raises:
        ArtifactError: A pickle is missing (code `trained_file_missing`) or unreadable (`trained_file_invalid`), or the
            pair does not belong together (`pair_mismatch`).
        DataError: The processed table that they were made from is not found (`processed_table_not_found`).
        ParityError: The exported graph predicts otherwise than the pair; nothing is written.
    """
    trained = models / "trained"
    preprocessor = _unpickle(trained / bundling.PREPROCESSOR, Preprocessor)
    model = _unpickle(trained / bundling.MODEL, PriceModel)
    bundling.check_pair(preprocessor, model)
    paths = [data] if data else _search_paths(models, config)
    processed = find_processed(model.processed_sha256_, paths)
    if processed is None:
        searched = ", ".join(f'"{path}"' for path in paths)
        raise DataError(
            f"The processed table of this model (sha256 {model.processed_sha256_[:12]}…) was not found in {searched}, "
            "but is needed to check the exported model on every row; give its path with --data.",
            code="processed_table_not_found",
        )
    sales = bundling.read_sales(processed, preprocessor.schema)
    bundle = models / "bundle"
    export.write_bundle(bundling.build_bundle(trained, preprocessor, model, sales, config), bundle)
    return bundle


def reevaluate_gates(config: Config, models: Path) -> Verdict:
    """Return the verdict on the trained model of a models folder by the gates that are configured now.

    Gates that need the data keep their result of the training.

    Raises:
        ArtifactError: There is no trained model (code `trained_file_missing`).
    """
    model = _unpickle(models / "trained" / bundling.MODEL, PriceModel)
    now = gates.check_metrics(model.metrics_, config.gates)
    names = {gate.name for gate in now.gates}
    kept = [gates.Gate(name, **values) for name, values in model.verdict_.items() if name not in names]
    return now.with_gates(*kept)


def self_test(config: Config, raw: Path) -> list[gate_self_test.MutationResult]:
    """Run the mutation tests of the gates on a part of the sales of a raw CSV; the first result is without mutation.

    Raises:
        DataError: The raw table cannot be used.
    """
    cleaned = processing.clean(csv_reader.read(raw, config.schema_, config.data.separator), config.schema_, config.data)
    return gate_self_test.run_mutations(gate_self_test.prepare(cleaned.sales, config))


def find_processed(sha256: str, paths: list[Path]) -> Path | None:
    """Return the CSV with this digest among some files and folders, or None."""
    for given in paths:
        for path in sorted(given.glob("*.csv")) if given.is_dir() else [given]:
            if path.is_file() and sha256_of(path) == sha256:
                return path
    return None


def _cleaning_report(processed: Path | None, sha256: str) -> dict[str, Any] | None:
    """Return the report that `process` wrote beside its output, if it is there and about this very table."""
    if processed is None:
        return None
    try:
        found = json.loads(processed.with_name(f"{processed.stem}_report.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("cleaned_sha256") == sha256 else None


def _search_paths(models: Path, config: Config) -> list[Path]:
    return [models.parent, models.parent / "data" / "processed", config.paths.cleaned.parent]


def _unpickle(path: Path, kind: type[Kind]) -> Kind:
    again = "Run `make run`, or download the artifacts trained-model and preprocessor of one run."
    try:
        with path.open("rb") as stream:
            found = pickle.load(stream)  # noqa: S301 - a file that our own training wrote; serving never opens one
    except FileNotFoundError as err:
        raise ArtifactError(f'"{path}" is missing. {again}', code="trained_file_missing", path=str(path)) from err
    except Exception as err:
        raise ArtifactError(
            f'"{path}" cannot be read ({type(err).__name__}: {err}). {again}', code="trained_file_invalid"
        ) from err
    if not isinstance(found, kind):
        raise ArtifactError(
            f'"{path}" holds a {type(found).__name__} instead of a {kind.__name__}. {again}',
            code="trained_file_invalid",
        )
    return found


def _preprocessor_for(features: feature_table.FeatureTable, path: Path, data: Path) -> Preprocessor | None:
    if not path.exists():
        return None
    preprocessor = _unpickle(path, Preprocessor)
    if preprocessor.feature_table_sha256_ != features.sha256:
        raise ArtifactError(
            f'The preprocessor "{path}" belongs to another feature table '
            f'({preprocessor.feature_table_sha256_[:12]}…) than "{data}" ({features.sha256[:12]}…). Run `houseprice '
            "features` again into this folder, or remove the preprocessor to train without a bundle.",
            code="preprocessor_mismatch",
        )
    return preprocessor
