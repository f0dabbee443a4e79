"""Experiment tracking with MLflow; the only module that imports it.

The default is embedded: one SQLite file and a folder of artifacts beside the models. A server is checked for health
before training, with a bounded number of retries, so that nobody trains for minutes only to find it gone.
"""

import contextlib
import io
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from houseprice.bundle.golden import OUTPUTS
from houseprice.config import Tracking
from houseprice.errors import TrackingError
from houseprice.learning.model_comparison import Champion
from houseprice.learning.tracking.connection import connect, resolve
from houseprice.learning.tracking.server_uri import ServerUri, parse_uri, scrub

__all__ = [
    "CHALLENGER", "CHAMPION", "Record", "Table", "Tracked", "champion", "connect", "log", "log_trial",
    "parameter_names", "parse_uri", "resolve",
]  # fmt: skip

CHALLENGER, CHAMPION = "challenger", "champion"
OUT_OF_FOLD, BUNDLE = "out_of_fold.csv", "bundle"
"""Artifacts of a run that a later model is compared with."""
LONGEST_NAME = 240
"""Characters of a parameter's name; MLflow takes ten more."""
_NOT_IN_A_NAME = re.compile(r"[^\w.\- :]")
KINDS: dict[str, type] = {"string": str, "double": np.float64, "float": np.float32}


@dataclass(frozen=True)
class Table:
    """A table that the model was trained on: its name, path and sha256."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Record:
    """Everything that MLflow stores of one training run.

    `graph` is the exported model, `inputs` its columns → MLflow's name of their type, `example` some rows for it,
    `out_of_fold` the CSV of its errors that a later model is compared with, `files` path → artifact folder.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    tables: tuple[Table, ...]
    graph: bytes
    inputs: Mapping[str, str]
    example: Mapping[str, Any]
    out_of_fold: bytes
    files: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tracked:
    """Identity of a stored run; the URI holds no credentials."""

    uri: str
    run_id: str
    version: str
    aliases: tuple[str, ...]


def log(uri: str, tracking: Tracking, record: Record, *, champion: bool) -> Tracked:
    """Store one training as an MLflow run, and register its model as challenger, with `champion` as champion too.

    Raises:
        TrackingError: MLflow refuses or goes away; model and metrics are in their files all the same.
    """
    server = parse_uri(uri)
    with _mlflow(server) as mlflow:
        import onnx

        _experiment(mlflow, server, tracking.experiment)
        with mlflow.start_run() as run:
            mlflow.log_params(parameter_names(_flat(record.parameters)))
            mlflow.set_tags(dict(record.tags))
            _log_tables(mlflow, record.tables)
            info = mlflow.onnx.log_model(
                onnx.load_from_string(record.graph),
                name="model",
                signature=_signature(mlflow, record.inputs),
                input_example=_arrays(record),
                registered_model_name=tracking.registered_model,
                pip_requirements=["numpy", "onnxruntime"],
                save_as_external_data=False,
                metadata=dict(record.tags),
            )
            if info.signature is None:
                raise TrackingError("MLflow stored the model without its signature; check the inputs.")
            mlflow.log_metrics(dict(record.metrics), model_id=info.model_id)
            with tempfile.TemporaryDirectory() as folder_name:
                errors = Path(folder_name) / OUT_OF_FOLD
                errors.write_bytes(record.out_of_fold)
                mlflow.log_artifact(str(errors))
            for path, folder in record.files.items():
                mlflow.log_artifact(str(path), folder or None)
        version = str(info.registered_model_version)
        aliases = (CHALLENGER, CHAMPION) if champion else (CHALLENGER,)
        client = mlflow.MlflowClient()
        for key, value in record.tags.items():
            client.set_model_version_tag(tracking.registered_model, version, key, value)
        for alias in aliases:
            client.set_registered_model_alias(tracking.registered_model, alias, version)
        return Tracked(server.uri, run.info.run_id, version, aliases)


def log_trial(
    uri: str,
    tracking: Tracking,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    parent: str | None = None,
) -> str:
    """Store one trial of a search as a run, below the run `parent` if given; return the id of the run.

    Raises:
        TrackingError: MLflow refuses or goes away.
    """
    server = parse_uri(uri)
    with _mlflow(server) as mlflow:
        _experiment(mlflow, server, tracking.experiment)
        with mlflow.start_run(run_name=name, parent_run_id=parent) as run:
            mlflow.log_params(parameter_names(parameters))
            mlflow.log_metrics(dict(metrics))
        return str(run.info.run_id)


def champion(uri: str, tracking: Tracking) -> Champion | None:
    """Return the registered champion with what its run holds to compare with; None when there is no champion.

    Raises:
        TrackingError: MLflow goes away.
    """
    with _mlflow(parse_uri(uri), "read the champion", "nothing was trained yet") as mlflow:
        client = mlflow.MlflowClient()
        try:
            version = client.get_model_version_by_alias(tracking.registered_model, CHAMPION)
        except mlflow.exceptions.MlflowException as err:
            if err.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        try:
            stored = {item.path for item in client.list_artifacts(version.run_id)} & {OUT_OF_FOLD, BUNDLE}
        except mlflow.exceptions.MlflowException as err:
            if err.error_code != "RESOURCE_DOES_NOT_EXIST":  # its run was deleted
                raise
            stored = set()
        with tempfile.TemporaryDirectory() as folder:
            for path in stored:
                client.download_artifacts(version.run_id, path, folder)
            files = {path.relative_to(folder): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
        bundle = {path.name: content for path, content in files.items() if path.parent == Path(BUNDLE)}
        return Champion(str(version.version), files.get(Path(OUT_OF_FOLD), b""), bundle)


@contextmanager
def _mlflow(
    server: ServerUri, task: str = "store the run", state: str = "the model and its metrics are in their files"
) -> Iterator[Any]:
    """Import MLflow without its output, set its URI, and turn whatever it raises into a TrackingError."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    import mlflow  # noqa: TID251 - here alone
    import requests
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException  # noqa: TID251 - here alone

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(server.uri)  # writes it into the environment too, where the next training would find it
    try:
        # MLflow's own warnings would drown the output of the run.
        with (
            server.exclusive(),
            server.environment(),
            warnings.catch_warnings(),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield mlflow
    except (MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError, OSError) as err:
        code = getattr(err, "error_code", type(err).__name__)
        reason = scrub(str(err))[:300]
        raise TrackingError(
            f'MLflow at "{server.uri}" did not {task} ({code}: {reason}); {state}. Check the server or the file, and '
            "train again."
        ) from err
    finally:
        mlflow.set_tracking_uri(None)
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _experiment(mlflow: Any, server: ServerUri, name: str) -> None:
    if mlflow.get_experiment_by_name(name) is None:
        artifacts = None
        if server.is_sqlite:
            artifacts = (Path(server.uri.removeprefix("sqlite:///")).resolve().parent / "mlartifacts").as_uri()
        mlflow.create_experiment(name, artifact_location=artifacts)
    mlflow.set_experiment(name)


def _log_tables(mlflow: Any, tables: tuple[Table, ...]) -> None:
    import polars as pl

    for table in tables:
        rows = pl.read_csv(table.path, infer_schema_length=None)  # a parcel number may hold a letter in the last row
        data = mlflow.data.from_polars(rows, source=str(table.path), name=table.name, digest=table.sha256[:16])
        mlflow.log_input(data, context="training", tags={"sha256": table.sha256})


def _signature(mlflow: Any, inputs: Mapping[str, str]) -> Any:
    # Tensors, not columns: of a column of texts pandas 3 makes what onnxruntime cannot take.
    def spec(kind: str, name: str) -> Any:
        return mlflow.types.TensorSpec(np.dtype(KINDS[kind]), (-1,), name)

    schema = mlflow.types.Schema
    return mlflow.models.ModelSignature(
        inputs=schema([spec(kind, name) for name, kind in inputs.items()]),
        outputs=schema([spec("double", name) for name in OUTPUTS]),
    )


def _arrays(record: Record) -> Any:
    return {name: np.asarray(record.example[name], KINDS[kind]) for name, kind in record.inputs.items()}


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{above}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def parameter_names(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters under names that MLflow accepts; those of columns may hold any character, such as (m²)."""
    named: dict[str, Any] = {}
    for name, value in parameters.items():
        plain = _NOT_IN_A_NAME.sub("_", name).lstrip(".")[:LONGEST_NAME] or "_"
        others = (f"{plain}_{number}" for number in count(2))
        named[next(one for one in chain([plain], others) if one not in named)] = value
    return named
