"""Content of the bundle: the trained pair, its sales and its provenance, handed to the exporter."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from houseprice.bundle import export
from houseprice.bundle.manifest import sha256, sha256_of
from houseprice.config import Config
from houseprice.errors import DataError
from houseprice.git_revision import revision
from houseprice.learning.derived_features import DERIVED_FEATURES
from houseprice.learning.exported_pair import ExportedPair
from houseprice.learning.features import EPOCH, Preprocessor, source_column
from houseprice.learning.mixed_model import source_texts
from houseprice.learning.processing import TYPES
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

LIBRARIES = ("catboost", "ndonnx", "numpy", "onnx", "onnxruntime", "polars", "scikit-learn")


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
    if table[schema.target].null_count():
        raise invalid(f"has blanks in {schema.target}")
    return table.select(*schema.columns)


def find_processed(sha256: str, paths: Sequence[Path]) -> Path | None:
    """Return the CSV with this digest among some files and folders, or None."""
    for given in paths:
        for path in sorted(given.glob("*.csv")) if given.is_dir() else [given]:
            if path.is_file() and sha256_of(path) == sha256:
                return path
    return None


def build_bundle(exported: ExportedPair, sources: Mapping[str, bytes], config: Config) -> export.Content:
    """Return the content of the bundle of a pair, with the verdict that its model holds.

    `sources` are the pickles that it is exported from, by name.
    """
    model, schema = exported.model, exported.preprocessor.schema
    return export.bundle_files(
        exported.graph,
        exported.columns,
        exported.rows,
        schema=schema,
        tolerance=config.bundle.max_relative_difference,
        identity={
            "project": {"name": config.project.name, "currency": config.project.currency},
            "sources": {name: sha256(content) for name, content in sources.items()},
            "feature_table_sha256": model.feature_table_sha256_,
            "schema": schema.model_dump(mode="json"),
            "reference_date": _reference_date(exported),
            "fitted_on": "all sales" if config.training.refit else "training sales",
            "functional": "median",
            "smearing_factor": model.smearing_,
            "coverage": config.interval.coverage,
            "max_fsd": config.valuation.max_fsd,
            "metrics": model.metrics_,
            "verdict": model.verdict_,
            "hashes": hashes(config) | {"processed": model.processed_sha256_},
            "libraries": {name: version(name) for name in LIBRARIES},
        },
        importance=importance(exported.preprocessor, model),
        explanation=exported.explanation,
        show_sales=config.page.show_sales,
    )


def _reference_date(exported: ExportedPair) -> str | None:
    """Return the newest day of the sales that the model was fitted on; None where sales have no date."""
    if (name := exported.preprocessor.schema.sale_date) is None:
        return None
    days = exported.columns[name][exported.rows.training]
    return None if np.isnan(days).all() else (EPOCH + timedelta(days=int(np.nanmax(days)))).isoformat()


def importance(preprocessor: Preprocessor, model: PriceModel) -> dict[str, float]:
    """Return each request column's share of the trees' importance; a derived feature's is divided among its sources."""
    roles = preprocessor.schema.roles()
    shares = dict.fromkeys(preprocessor.schema.request, 0.0)
    for feature, gain in model.feature_importance().items():
        if feature in DERIVED_FEATURES:
            parts = [roles[role] for role in DERIVED_FEATURES[feature].roles]
        else:
            parts = source_texts(feature, preprocessor.schema) or [source_column(feature, preprocessor.schema)]
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
