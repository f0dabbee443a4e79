"""One finished training in, what MLflow is to keep of it out: parameters, numbers, tags, tables and the model."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from houseprice.bundle.graph import export_model
from houseprice.bundle.manifest import sha256_of
from houseprice.config import Config
from houseprice.learning import bundling, feature_table, tracking
from houseprice.learning.features import Preprocessor, columns_of
from houseprice.learning.gates import Verdict
from houseprice.learning.training import PriceModel


@dataclass(frozen=True)
class Kept:
    """What a run is recorded from, beside its numbers; `files` are path → folder among the run's artifacts."""

    data: Path
    processed: Path | None
    bundle: Path | None
    preprocessor: Preprocessor | None
    model: PriceModel
    out_of_fold: bytes
    files: Mapping[Path, str]


def record(
    config: Config, features: feature_table.FeatureTable, metrics: Mapping[str, Any], verdict: Verdict, kept: Kept
) -> tracking.Record:
    """Give back what MLflow is to keep of one training."""
    tables = [tracking.Table("featured", kept.data, features.sha256)]
    tags = bundling.hashes(config) | {
        "processed_sha256": features.processed_sha256,
        "featured_sha256": features.sha256,
        "verdict": "passed" if verdict.passed else "red",
    }
    tags |= {f"gate.{gate.name}": "passed" if gate.passed else "red" for gate in verdict.gates}
    kept_files = dict(kept.files)
    if kept.processed:
        tables.append(tracking.Table("processed", kept.processed, features.processed_sha256))
    if kept.bundle and kept.preprocessor and kept.processed:
        graph = (kept.bundle / "model.onnx").read_bytes()
        rows = columns_of(bundling.read_sales(kept.processed, config.schema_).head(5), config.schema_)
        inputs = {name: "string" if values.dtype == object else "double" for name, values in rows.items()}
        tags["bundle_manifest_sha256"] = sha256_of(kept.bundle / "manifest.json")
        kept_files |= dict.fromkeys(sorted(kept.bundle.iterdir()), "bundle")
    else:
        graph = export_model(kept.model)
        rows = {name: features.features[name].head(5).to_numpy() for name in kept.model.inputs_}
        inputs = {name: "string" if is_text else "float" for name, is_text in kept.model.inputs_.items()}
    tags["model_sha256"] = hashlib.sha256(graph).hexdigest()
    return tracking.Record(
        parameters=json.loads(config.training.model_dump_json()) | {"holdout_share": config.split.holdout_share},
        metrics=_numbers({side: found for side, found in metrics.items() if side != "slices"}),
        tags=tags,
        tables=tuple(tables),
        graph=graph,
        inputs=inputs,
        example=rows,
        out_of_fold=kept.out_of_fold,
        files=kept_files,
    )


def _numbers(tree: Mapping[str, Any], above: str = "") -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _numbers(value, f"{above}{key}.")
        elif isinstance(value, int | float | np.floating):
            flat[f"{above}{key}"] = float(value)
    return flat
