"""The whole road with its paths: raw CSV in, sealed model and verdict out. Here alone files meet the steps."""

import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

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
    judging,
    processing,
    recording,
    report,
    tracking,
)
from houseprice.learning.evaluation import Tell, evaluate, refit
from houseprice.learning.features import Preprocessor, engineer
from houseprice.learning.gates import Verdict
from houseprice.learning.recording import Kept
from houseprice.learning.training import PriceModel

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Trained:
    """What one training left behind.

    `bundle` is None when the preprocessor or the processed table was not at hand; `reason` then says so.
    """

    metrics: dict[str, Any]
    verdict: Verdict
    model: Path
    metrics_file: Path
    bundle: Path | None
    reason: str
    tracked: tracking.Tracked


def process(config: Config, source: Path, output: Path) -> processing.CleanTable:
    """Clean a raw CSV; the rejected rows and a report of the counts are written beside the output.

    Raises:
        DataError: the raw table cannot be used; nothing is written.
    """
    raw = csv_reader.read(source, config.schema_, config.data.separator)
    cleaned = processing.clean(raw, config.schema_, config.data)
    judging.probe_raw(cleaned, config)
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


def make_features(config: Config, source: Path, output: Path, preprocessor: Path) -> tuple[int, int]:
    """Write the feature table and the fitted preprocessor; give back the numbers of rows and of columns.

    Raises:
        DataError: the processed table cannot be used; nothing is written.
    """
    sales = bundling.read_sales(source, config.schema_)
    made, fitted = engineer(sales, config.schema_, config.features.derived, config.split.holdout_share)
    content = feature_table.write(made, sha256_of(source))
    fitted.made_ = hashlib.sha256(content).hexdigest()
    atomic_io.write_atomically({output: content, preprocessor: pickle.dumps(fitted, protocol=5)})
    return made.height, made.width


def train(config: Config, data: Path, models: Path, reports: Path, uri: str | None, tell: Tell) -> Trained:
    """Learn, judge, seal and track; what is red is written and tracked all the same, and told in the verdict.

    Raises:
        DataError: the feature table cannot be used.
        ArtifactError: the preprocessor at hand did not make this feature table.
        TrackingError: MLflow does not answer.
    """
    where = tracking.resolve(uri, config.tracking, models.parent)
    trained = models / "trained"
    features = feature_table.read(data, config.schema_)
    preprocessor = _preprocessor_for(features, trained / bundling.PREPROCESSOR, data)
    processed = find_processed(features.processed_sha256, [data.parent, *_near(models, config)])
    models.parent.mkdir(parents=True, exist_ok=True)
    tracking.connect(where, config.tracking)

    before = tracking.champion_errors(where, config.tracking)

    evaluation = evaluate(features, config, tell)
    source = None
    if preprocessor is not None and processed is not None:
        source = judging.Source(bundling.read_sales(processed, config.schema_), preprocessor)
    rival = judging.against_champion(evaluation, before)
    verdict = judging.judge(features, evaluation, config, source, rival)
    tell("the model to publish", steps := config.split.folds + config.split.origins + 2, steps + 1)
    model = refit(features, evaluation, config)
    tell("done", steps + 1, steps + 1)

    model.metrics_, model.verdict_ = evaluation.metrics, verdict.as_dict(to_seal=True)
    model.made_from_, model.processed_ = features.sha256, features.processed_sha256
    metrics_file, verdict_file, report_file = (reports / name for name in ("metrics.json", "verdict.json", report.NAME))
    told = {**evaluation.metrics, "verdict": model.verdict_}
    atomic_io.write_atomically(
        {trained / bundling.MODEL: pickle.dumps(model, protocol=5), metrics_file: canonical(told)}
    )

    bundle, reason = None, ""
    if source is None:
        reason = f"no preprocessor at {trained / bundling.PREPROCESSOR}"
        if preprocessor is not None:
            reason = f"no processed table with sha256 {features.processed_sha256[:12]}… beside {data} or {models}"
    else:
        content = bundling.seal(trained, source.preprocessor, model, source.sales, config)
        exported = judging.judge_bundle(content, source, model, config)
        verdict = verdict.with_gates(*exported)
        if all(gate.passed for gate in exported):
            bundle = models / "bundle"
            export.land(content, bundle)
        else:
            reason = "the exported model did not pass its gates"
    page = report.render(evaluation, features, verdict, config, _cleaning_of(processed, features.processed_sha256))
    judged = canonical({"passed": verdict.passed, "gates": verdict.as_dict()})
    atomic_io.write_atomically({verdict_file: judged, report_file: page})
    told_files = dict.fromkeys((metrics_file, verdict_file, report_file), "")
    out_of_fold = evaluation.out_of_fold.write_csv().encode()
    kept = Kept(data, processed, bundle, preprocessor, model, out_of_fold, told_files)
    record = recording.record(config, features, evaluation.metrics, verdict, kept)
    crowned = verdict.passed and (rival is None or rival.promotes)
    tracked = tracking.log(where, config.tracking, record, champion=crowned)
    return Trained(evaluation.metrics, verdict, trained / bundling.MODEL, metrics_file, bundle, reason, tracked)


def seal(config: Config, models: Path, data: Path | None = None) -> Path:
    """Seal the trained pair of a models folder; give back the bundle's folder.

    Raises:
        ArtifactError: a pickle is missing, or the pair does not belong together.
        DataError: the processed table that they were made from is not found.
        ParityError: the exported graph answers otherwise than the pair; nothing is written.
    """
    trained = models / "trained"
    preprocessor = _unpickle(trained / bundling.PREPROCESSOR, Preprocessor)
    model = _unpickle(trained / bundling.MODEL, PriceModel)
    bundling.check_pair(preprocessor, model)
    places = [data] if data else _near(models, config)
    processed = find_processed(model.processed_, places)
    if processed is None:
        looked = ", ".join(f'"{place}"' for place in places)
        raise DataError(
            f"The processed table that this model was made from (sha256 {model.processed_[:12]}…) was not found in "
            f"{looked}; expected it there, to prove the bundle on every row; give its path with --data."
        )
    sales = bundling.read_sales(processed, preprocessor.schema)
    bundle = models / "bundle"
    export.land(bundling.seal(trained, preprocessor, model, sales, config), bundle)
    return bundle


def verdict_of(config: Config, models: Path) -> Verdict:
    """Judge the trained model of a models folder anew, by the gates that are configured now.

    What was found by probing the data stands as it was found in training.

    Raises:
        ArtifactError: there is no trained model.
    """
    model = _unpickle(models / "trained" / bundling.MODEL, PriceModel)
    now = gates.judge(model.metrics_, config.gates)
    names = {gate.name for gate in now.gates}
    kept = [gates.Gate(name, **told) for name, told in model.verdict_.items() if name not in names]
    return now.with_gates(*kept)


def self_test(config: Config, raw: Path) -> list[gate_self_test.Result]:
    """Plant defects into some of the sales of a raw CSV; give back what each turned red, the first being none.

    Raises:
        DataError: the raw table cannot be used.
    """
    cleaned = processing.clean(csv_reader.read(raw, config.schema_, config.data.separator), config.schema_, config.data)
    return gate_self_test.plant(gate_self_test.prepare(cleaned.sales, config))


def find_processed(sha256: str, places: list[Path]) -> Path | None:
    """Give back the CSV with this digest among some files and folders, or None."""
    for place in places:
        for path in sorted(place.glob("*.csv")) if place.is_dir() else [place]:
            if path.is_file() and sha256_of(path) == sha256:
                return path
    return None


def _cleaning_of(processed: Path | None, sha256: str) -> dict[str, Any] | None:
    """Give back the report that `process` wrote beside its output, when it is there and about this very table."""
    if processed is None:
        return None
    try:
        found = json.loads(processed.with_name(f"{processed.stem}_report.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("cleaned_sha256") == sha256 else None


def _near(models: Path, config: Config) -> list[Path]:
    return [models.parent, models.parent / "data" / "processed", config.paths.cleaned.parent]


def _unpickle(path: Path, kind: type[Kind]) -> Kind:
    again = "run `make run`, or download the artifacts trained-model and preprocessor of one run."
    try:
        with path.open("rb") as stream:
            found = pickle.load(stream)  # noqa: S301 - a file that our own training wrote; serving never opens one
    except FileNotFoundError as err:
        raise ArtifactError(f'"{path}" is missing; expected the file that training writes; {again}') from err
    except Exception as err:
        raise ArtifactError(f'"{path}" cannot be read ({type(err).__name__}: {err}); {again}') from err
    if not isinstance(found, kind):
        raise ArtifactError(f'"{path}" holds a {type(found).__name__}; expected a {kind.__name__}; {again}')
    return found


def _preprocessor_for(features: feature_table.FeatureTable, path: Path, data: Path) -> Preprocessor | None:
    if not path.exists():
        return None
    preprocessor = _unpickle(path, Preprocessor)
    if preprocessor.made_ != features.sha256:
        raise ArtifactError(
            f'The preprocessor "{path}" made another feature table ({preprocessor.made_[:12]}…) than "{data}" '
            f"({features.sha256[:12]}…); expected the one that made it; make the features again into this folder, or "
            "take the preprocessor away to train without a bundle."
        )
    return preprocessor
