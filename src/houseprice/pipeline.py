"""The training pipeline: the steps from raw CSV to bundle and verdict, and the files they read and write.

It ends by starting a bundle as `serve` does, and so stands above learning and serving.
"""

import json
import pickle
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import polars as pl

from houseprice import atomic_io, sales_file
from houseprice.bundle.manifest import canonical, sha256_of
from houseprice.candidate import Candidate, build_candidate
from houseprice.config import Config
from houseprice.digest_writer import DigestWriter
from houseprice.errors import ArtifactError, DataError
from houseprice.learning import (
    accepted_sales,
    bundling,
    export_gates,
    feature_table,
    gate_self_test,
    gates,
    leakage,
    model_comparison,
    out_of_sample,
    processing,
    report,
    sales_sample,
    tracking,
)
from houseprice.learning.additional_sales import read_additional
from houseprice.learning.evaluation import Evaluation, evaluate, refit
from houseprice.learning.features import SPLIT, engineer
from houseprice.learning.fitting import ProgressCallback
from houseprice.learning.model_comparison import Champion, Comparison, NotComparable
from houseprice.learning.model_store import MODEL, PREPROCESSOR, ModelStore
from houseprice.learning.splitting import TRAIN
from houseprice.learning.tracking import run_record
from houseprice.learning.tracking.run_record import RunArtifacts
from houseprice.learning.verdict import Verdict, failed_error, verdict_of
from houseprice.serving import startup


@dataclass(frozen=True)
class TrainingResult:
    """Result of one training.

    `model` and `bundle` are below the folder of rejected models when a gate failed, or the model in production was not
    beaten. `bundle` is None when there was no preprocessor or no processed table, or the model cannot be exported;
    `reason` then says so. `comparisons` are those with the champion, and `promoted` says whether the model took its
    place; `is_apart` whether it was stored below the folder of rejected models.
    """

    metrics: dict[str, Any]
    verdict: Verdict
    model: Path
    metrics_file: Path
    bundle: Path | None
    reason: str
    tracked: tracking.Tracked
    comparisons: tuple[Comparison | NotComparable, ...]
    promoted: bool
    is_apart: bool


class FeatureCounts(NamedTuple):
    """Size of a feature table, and the share of the sales that is held out."""

    rows: int
    columns: int
    held_out: float


def process(config: Config, source: Path, output: Path, additional: Path | None = None) -> processing.CleanTable:
    """Clean raw sales; the rejected rows and a report of the counts are written beside the output.

    `source` is a file, or a folder or glob of files; `additional` is a file of sales that came in later.

    Raises:
        DataError: The raw table cannot be used; nothing is written.
    """
    rejected, told = output.with_name(f"{output.stem}_rejected.csv"), output.with_name(f"{output.stem}_report.json")
    more = output.with_name(f"{output.stem}_additional_rejected.csv")
    inputs = [*sales_file.files_of(source), *([additional] if additional else [])]
    atomic_io.keep_inputs(inputs, (output, rejected, told, more))
    cleaned = accepted_sales.clean_file(config, source)
    documents: dict[Path, bytes | atomic_io.Writer] = {rejected: cleaned.rejected.write_csv().encode()}
    if additional:
        added = read_additional(additional, config, cleaned.sales)
        cleaned = added.added_to(cleaned, sha256_of(additional))
        documents[more] = added.rejected.write_csv().encode()
    written = DigestWriter(cleaned.sales.write_csv)

    def write_report(stream: BinaryIO) -> None:
        facts = {"raw_sha256": sales_file.digest(source), "cleaned_sha256": written.sha256}
        stream.write(canonical({**cleaned.report, **facts}))

    atomic_io.write_atomically({**documents, output: written, told: write_report})
    return cleaned


def make_features(config: Config, source: Path, output: Path, preprocessor: Path) -> FeatureCounts:
    """Write the feature table and the fitted preprocessor.

    Raises:
        DataError: The processed table cannot be used; nothing is written.
    """
    atomic_io.keep_inputs([source], (output, preprocessor))
    sales = bundling.read_sales(source, config.schema_)
    made, fitted = engineer(sales, config.schema_, config.derived, config.split, config.training.seed)
    written = DigestWriter(partial(feature_table.write_to, table=made, processed_sha256=sha256_of(source)))

    def write_preprocessor(stream: BinaryIO) -> None:
        fitted.feature_table_sha256_ = written.sha256
        stream.write(pickle.dumps(fitted, protocol=5))

    atomic_io.write_atomically({output: written, preprocessor: write_preprocessor})
    return FeatureCounts(made.height, made.width, made.filter(pl.col(SPLIT) != TRAIN).height / made.height)


def train(
    config: Config,
    data: Path,
    models: Path,
    reports: Path,
    uri: str | None,
    progress: ProgressCallback,
    *,
    accept_uncomparable_champion: bool = False,
    must_beat_champion: bool = False,
    live: Path | None = None,
) -> TrainingResult:
    """Train, evaluate, export and track; a model that fails a gate is stored apart, and tracked as well.

    `accept_uncomparable_champion` is a person's decision that a model may pass, and be promoted, although it cannot be
    compared with the champion. With `must_beat_champion` a model that is not better is stored apart as well. `live` is
    the bundle of the model in production, which is the champion then.

    Raises:
        DataError: The feature table cannot be used.
        ArtifactError: The preprocessor did not make this feature table (code `preprocessor_mismatch`).
        TrackingError: MLflow does not answer.
    """
    where, store = tracking.resolve(uri, config.tracking, models.parent), ModelStore(models)
    features, config = sales_sample.sample(feature_table.read(data, config.schema_), config)
    made_by = store.preprocessor_of(features.sha256)
    processed = bundling.find_processed(features.processed_sha256, [data.parent, *_search_paths(models, config)])
    models.parent.mkdir(parents=True, exist_ok=True)
    tracking.connect(where, config.tracking)
    champion = tracking.champion(where, config.tracking)
    if live:
        champion = model_comparison.champion_of_bundle(live, champion)

    evaluation = evaluate(features, config, progress)
    source = None
    if made_by is not None and processed is not None:
        sampled = bundling.read_sales(processed, config.schema_)[features.sampled.positions]
        source = leakage.TrainingSource(sampled, made_by[0], features.sampled)
    comparisons = _compare(evaluation, champion, source, config, must_beat=must_beat_champion)
    gate = gates.check_champion(next(iter(comparisons), None), accept_uncomparable=accept_uncomparable_champion)
    verdict = gates.evaluate_gates(features, evaluation, config, source, gate)
    progress("the model to publish", steps := config.split.folds + config.split.origins + 3, steps + 1)
    model = refit(features, evaluation, config)
    verdict = verdict.with_gates(
        *gates.check_degeneracy(model, features.features, evaluation.metrics, config.gates).gates
    )
    progress("done", steps + 1, steps + 1)
    model.metrics_, model.verdict_ = evaluation.metrics, verdict.as_dict(for_manifest=True)
    model.feature_table_sha256_, model.processed_sha256_ = features.sha256, features.processed_sha256

    preprocessor = made_by[1] if made_by else b""
    if source is None:
        candidate = Candidate(verdict, pickle.dumps(model, protocol=5), {})
        reason = f"no preprocessor at {store.trained / PREPROCESSOR}"
        if made_by is not None:
            reason = f"no processed table with sha256 {features.processed_sha256[:12]}… beside {data} or {models}"
    else:
        candidate = build_candidate(verdict, source, model, preprocessor, config)
        reason = "" if candidate.content else "the exported model cannot be sealed; see the failed gates"
    verdict = candidate.verdict
    cleaning = _cleaning_report(processed, features.processed_sha256)
    documents = {
        "metrics.json": canonical({**evaluation.metrics, "verdict": verdict.as_dict(for_manifest=True)}),
        "verdict.json": canonical({"passed": verdict.passed, "gates": verdict.as_dict()}),
        report.NAME: report.render(evaluation, features, verdict, config, cleaning),
        out_of_sample.NAME: out_of_sample.write(evaluation.out_of_sample, features.processed_sha256),
    }
    promoted = verdict.passed and model_comparison.promotes(comparisons, must_beat=must_beat_champion)
    accepted = promoted if must_beat_champion else verdict.passed
    with atomic_io.uninterrupted():
        if accepted:
            store.accept(candidate.model, preprocessor, candidate.content)
        else:
            store.reject(candidate.model, preprocessor, candidate.content, documents)
        atomic_io.write_atomically({reports / name: content for name, content in documents.items()})
    written = store if accepted else store.rejected
    bundle = written.bundle if candidate.content else None
    artifacts = RunArtifacts(
        data, processed, bundle, source, model, evaluation.out_of_fold.write_csv().encode(),
        dict.fromkeys((reports / name for name in documents), ""),
    )  # fmt: skip
    record = run_record.make_record(config, features, evaluation.metrics, verdict, artifacts)
    tracked = tracking.log(where, config.tracking, record, champion=promoted)
    return TrainingResult(
        evaluation.metrics, verdict, written.trained / MODEL, reports / "metrics.json", bundle, reason, tracked,
        comparisons, promoted, not accepted,
    )  # fmt: skip


def make_bundle(config: Config, models: Path, data: Path | None = None, *, allow_failed: bool = False) -> Path:
    """Export the trained pair of a models folder; return the folder of the bundle.

    The verdict of its training is kept, and the gates of the export are judged again.

    Raises:
        ArtifactError: A pickle is missing (code `trained_file_missing`) or unreadable (`trained_file_invalid`), or the
            pair does not belong together (`pair_mismatch`).
        DataError: The processed table that they were made from is not found (`processed_table_not_found`).
        GateError: The model fails a gate, and that is not allowed; nothing is written.
    """
    store = ModelStore(models)
    (preprocessor, preprocessor_pickle), (model, model_pickle) = store.preprocessor(), store.model()
    if not (pair := export_gates.check_pair(preprocessor, model)).passed:
        raise ArtifactError(
            f'The pickles in "{store.trained}" do not belong together: {pair.detail}. Run `houseprice features` and '
            "`houseprice train` again, or use the artifacts of one run.",
            code="pair_mismatch",
        )
    paths = [data] if data else _search_paths(models, config)
    processed = bundling.find_processed(model.processed_sha256_, paths)
    if processed is None:
        searched = ", ".join(f'"{path}"' for path in paths)
        raise DataError(
            f"The processed table of this model (sha256 {model.processed_sha256_[:12]}…) was not found in {searched}, "
            "but is needed to check the exported model on every row; give its path with --data.",
            code="processed_table_not_found",
        )
    sales = bundling.read_sales(processed, preprocessor.schema)
    sampled, rows = sales_sample.sample_sales(sales, preprocessor.schema, config, model.processed_sha256_)
    source = leakage.TrainingSource(sampled, preprocessor, rows)
    candidate = build_candidate(verdict_of(model), source, model, preprocessor_pickle, config, model_pickle)
    if not candidate.content or not (candidate.verdict.passed or allow_failed):
        raise failed_error(candidate.verdict)
    with atomic_io.uninterrupted():
        store.accept(candidate.model, preprocessor_pickle, candidate.content)
    return store.bundle


def _compare(
    evaluation: Evaluation,
    champion: Champion | None,
    source: leakage.TrainingSource | None,
    config: Config,
    *,
    must_beat: bool,
) -> tuple[Comparison | NotComparable, ...]:
    """Return the comparison with a champion, and with one that must be beaten also that on the sales new to both."""
    holdout = None
    if source is not None:
        rows = evaluation.holdout
        predictions = np.asarray(evaluation.predictions[0])[rows]
        holdout = model_comparison.Holdout(source.sales[rows], config.schema_, config.project.currency, predictions)
    found = model_comparison.compare_with_champion(evaluation.out_of_fold, champion, holdout)
    if found is None or champion is None:
        return ()
    return (found, model_comparison.compare_on_holdout(champion, holdout)) if must_beat else (found,)


def reevaluate_gates(config: Config, models: Path) -> Verdict:
    """Return the verdict on the trained model of a models folder by the gates that are configured now.

    Gates that need the data keep their result of the training.

    Raises:
        ArtifactError: There is no trained model (code `trained_file_missing`).
    """
    model, _ = ModelStore(models).model()
    return verdict_of(model).with_gates(*gates.check_metrics(model.metrics_, config).gates)


def self_test(config: Config, raw: Path) -> list[gate_self_test.MutationResult]:
    """Run the mutation tests of the gates on a part of the sales of a raw CSV; the first result is without mutation.

    Raises:
        DataError: The raw table cannot be used.
    """
    cleaned = accepted_sales.clean_file(config, raw)
    return gate_self_test.run_mutations(gate_self_test.prepare(cleaned.sales, config), startup.refusal)


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
