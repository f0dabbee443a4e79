"""Content of the bundle: the trained pair, its sales and its provenance, handed to the exporter."""

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
from houseprice.git_revision import revision
from houseprice.learning import similarity
from houseprice.learning.derived_features import DERIVED_FEATURES
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
    """Return a processed table as `houseprice process` wrote it.

    Raises:
        DataError: It is missing (code `processed_table_not_found`), or is not a whole processed table of this schema
            (`processed_table_invalid`).
    """
    again = "Run `houseprice process`."

    def invalid(reason: str) -> DataError:
        return DataError(f'"{path}" is not a processed table: it {reason}. {again}', code="processed_table_invalid")

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
            f'The processed table "{path}" (artifact processed-data) was not found; check the path. {again}',
            code="processed_table_not_found",
        ) from err
    except (pl.exceptions.PolarsError, OSError) as err:
        reason = str(err).strip().split("\n", 1)[0]
        raise invalid(f"cannot be read ({reason})") from err
    if not content.endswith(b"\n"):
        raise invalid("is truncated, as its last line has no end")
    if missing := [name for name in schema.columns if name not in table.columns]:
        raise invalid(f"lacks the columns {', '.join(missing)}")
    keys = [name for name, column in schema.columns.items() if column.required]
    if blank := [name for name in keys if table[name].null_count()]:
        raise invalid(f"has blanks in {', '.join(blank)}")
    return table.select(*schema.columns)


def check_pair(preprocessor: Preprocessor, model: PriceModel) -> None:
    """Check that both belong to the same feature table.

    Raises:
        ArtifactError: They do not (code `pair_mismatch`).
    """
    if preprocessor.feature_table_sha256_ != model.feature_table_sha256_:
        raise ArtifactError(
            f"The preprocessor belongs to feature table {preprocessor.feature_table_sha256_[:12] or '(none)'}…, but "
            f"the model was fitted on {model.feature_table_sha256_[:12]}…. Run `houseprice features` and "
            "`houseprice train` again, or use the artifacts of one run.",
            code="pair_mismatch",
        )


def build_bundle(
    trained: Path, preprocessor: Preprocessor, model: PriceModel, sales: pl.DataFrame, config: Config
) -> export.Content:
    """Return the content of the bundle, with parity checked on every row of the sales.

    Raises:
        ArtifactError: The pair does not belong together (code `pair_mismatch`).
        ParityError: The exported graph predicts otherwise than the trained pair.
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
    return export.bundle_files(
        export.TrainedPair(preprocessor, model, model.predict_interval(preprocessor.transform(sales))),
        columns,
        export.RowSelection(training, np.sort(newest), prices),
        tolerance=config.bundle.max_relative_difference,
        identity={
            "project": {"name": config.project.name, "currency": config.project.currency},
            "sources": {name: sha256_of(trained / name) for name in (PREPROCESSOR, MODEL)},
            "feature_table_sha256": model.feature_table_sha256_,
            "schema": schema.model_dump(mode="json"),
            "reference_date": (EPOCH + timedelta(days=int(days[training].max()))).isoformat(),
            "fitted_on": "all sales" if refitted else "training sales",
            "functional": "median",
            "smearing_factor": model.smearing_,
            "coverage": config.interval.coverage,
            "metrics": model.metrics_,
            "verdict": model.verdict_,
            "hashes": hashes(config) | {"processed": model.processed_sha256_},
            "libraries": {name: version(name) for name in LIBRARIES},
        },
        importance=importance(preprocessor, model),
        explanation=similarity.explanation_files(
            preprocessor, model, {name: values[training] for name, values in columns.items()}, prices[training]
        ),
    )


def importance(preprocessor: Preprocessor, model: PriceModel) -> dict[str, float]:
    """Return each request column's share of the trees' importance; a derived feature's is divided among its sources."""
    roles = preprocessor.schema.roles()
    shares = dict.fromkeys(preprocessor.schema.request, 0.0)
    for feature, gain in model.feature_importance().items():
        if feature in DERIVED_FEATURES:
            parts = [roles[role] for role in DERIVED_FEATURES[feature].roles]
        else:
            parts = [feature.removesuffix("_ordinal").removesuffix("_target_encoding")]
        for name in parts:
            shares[name] += gain / len(parts)
    return shares


def hashes(config: Config, root: Path | None = None) -> dict[str, str]:
    """Return the provenance of this run: commit, and digests of configuration and lock."""
    root = root or Path(__file__).resolve().parents[3]
    lock = root / "requirements.txt"
    return {
        "commit": revision(root),
        "config": config.sha256,
        "lock": sha256_of(lock) if lock.is_file() else "unknown",
    }
