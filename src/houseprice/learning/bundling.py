"""Trained pair and its sales in, sealed bundle out: what the wall needs to know is gathered here."""

import os
import subprocess
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from houseprice.bundle import export
from houseprice.bundle.manifest import sha256_of
from houseprice.config import Config
from houseprice.errors import ArtifactError, DataError
from houseprice.learning import similarity
from houseprice.learning.derived_features import DERIVED
from houseprice.learning.features import EPOCH, Preprocessor, columns_of
from houseprice.learning.processing import TYPES
from houseprice.learning.splitting import HOLDOUT, TRAIN, split
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

LIBRARIES = ("catboost", "ndonnx", "numpy", "onnx", "onnxruntime", "polars", "scikit-learn")
SAMPLE_ROWS = 300
PREPROCESSOR = "preprocessor.pkl"
MODEL = "house_price_model.pkl"


def read_sales(path: Path, schema: Schema) -> pl.DataFrame:
    """Give back a processed table as `houseprice process` wrote it.

    Raises:
        DataError: it is missing, or is not a processed table of this schema.
    """
    again = "run `houseprice process`."
    days = cs.by_name([name for name, column in schema.columns.items() if column.kind == "date"], require_all=False)
    types = {
        name: pl.String if column.is_text or column.kind == "date" else TYPES.get(column.kind, pl.Int64)
        for name, column in schema.columns.items()
    }
    try:
        content = path.read_bytes()
        table = pl.read_csv(content, schema_overrides=types, raise_if_empty=True)
        table = table.with_columns(days.str.to_date("%Y-%m-%d"))  # as it was written; left to itself, polars guesses
    except FileNotFoundError as err:
        raise DataError(
            f'The processed table "{path}" was not found; expected the CSV that `houseprice process` writes (artifact '
            f"processed-data); check the path, or {again}"
        ) from err
    except (pl.exceptions.PolarsError, OSError) as err:
        reason = str(err).strip().split("\n", 1)[0]
        raise DataError(f'"{path}" is not a processed table ({reason}); {again}') from err
    if not content.endswith(b"\n"):
        raise DataError(f'"{path}" was cut short: its last line has no end; expected a whole processed table; {again}')
    if missing := [name for name in schema.columns if name not in table.columns]:
        raise DataError(f'"{path}" lacks the columns {", ".join(missing)}; expected a processed table; {again}')
    keys = [name for name, column in schema.columns.items() if column.required]
    if blank := [name for name in keys if table[name].null_count()]:
        raise DataError(f'"{path}" has blanks in {", ".join(blank)}; expected a processed table; {again}')
    return table.select(*schema.columns)


def check_pair(preprocessor: Preprocessor, model: PriceModel) -> None:
    """Check that both were made with one and the same feature table.

    Raises:
        ArtifactError: they were not.
    """
    if preprocessor.made_ != model.made_from_:
        raise ArtifactError(
            f"The preprocessor made feature table {preprocessor.made_[:12] or '(none)'}… and the model was fitted on "
            f"{model.made_from_[:12]}…; expected one and the same; make the features and train again, or use the "
            "artifacts of one run."
        )


def seal(
    trained: Path, preprocessor: Preprocessor, model: PriceModel, sales: pl.DataFrame, config: Config
) -> export.Content:
    """Give back the content of the bundle, proved on every row of the sales.

    Raises:
        ArtifactError: the pair does not belong together.
        ParityError: the exported graph answers otherwise than the trained pair.
    """
    check_pair(preprocessor, model)
    schema = preprocessor.schema
    columns = columns_of(sales, schema)
    days = columns[schema.sale_date].astype(np.int64)
    side = split(days, sales[schema.parcel].cast(pl.String).to_numpy().astype(str), config.split.holdout_share)
    refitted = config.training.refit
    training = np.arange(len(side)) if refitted else np.flatnonzero(side == TRAIN)
    newest = np.flatnonzero(side == HOLDOUT)
    prices = sales[schema.target].cast(pl.Float64).to_numpy()
    newest = newest[np.argsort(days[newest], kind="stable")][-SAMPLE_ROWS:]
    return export.content(
        export.TrainedPair(preprocessor, model, model.predict_interval(preprocessor.transform(sales))),
        columns,
        export.Choice(training, np.sort(newest), prices),
        tolerance=config.bundle.max_relative_difference,
        identity={
            "project": {"name": config.project.name, "currency": config.project.currency},
            "sources": {name: sha256_of(trained / name) for name in (PREPROCESSOR, MODEL)},
            "table": model.made_from_,
            "schema": schema.model_dump(mode="json"),
            "reference_date": (EPOCH + timedelta(days=int(days[training].max()))).isoformat(),
            "fitted_on": "all sales" if refitted else "training sales",
            "functional": "median",
            "smearing_factor": model.smearing_,
            "coverage": config.interval.coverage,
            "metrics": model.metrics_,
            "verdict": model.verdict_,
            "hashes": hashes(config) | {"processed": model.processed_},
            "libraries": {name: version(name) for name in LIBRARIES},
        },
        importance=importance(preprocessor, model),
        explanation=similarity.insight(
            preprocessor, model, {name: values[training] for name, values in columns.items()}, prices[training]
        ),
    )


def importance(preprocessor: Preprocessor, model: PriceModel) -> dict[str, float]:
    """Give back each request column's share of the trees' gain; a derived column's is divided among its parts."""
    roles = preprocessor.schema.roles()
    shares = dict.fromkeys(preprocessor.schema.request, 0.0)
    for feature, gain in model.importance().items():
        if feature in DERIVED:
            parts = [roles[role] for role in DERIVED[feature].roles]
        else:
            parts = [feature.removesuffix("_position").removesuffix("_level")]
        for name in parts:
            shares[name] += gain / len(parts)
    return shares


def hashes(config: Config, root: Path | None = None) -> dict[str, str]:
    """Give back what this run was made from: commit, configuration and lock."""
    root = root or Path(__file__).resolve().parents[3]
    lock = root / "requirements.txt"
    return {
        "commit": commit(root),
        "config": config.sha256,
        "lock": sha256_of(lock) if lock.is_file() else "unknown",
    }


def commit(root: Path) -> str:
    """Give back the commit that is checked out, from the workflow or from git, or "unknown"."""
    if named := os.environ.get("GITHUB_SHA"):
        return named
    try:
        asked = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607 - git is where the PATH says
            capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return asked.stdout.strip()
