"""Content of an MLflow run: parameters, metrics, tags, tables and the model of one training."""

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
from houseprice.learning.features import columns_of
from houseprice.learning.leakage import TrainingSource
from houseprice.learning.training import PriceModel
from houseprice.learning.verdict import Verdict


@dataclass(frozen=True)
class RunArtifacts:
    """Files and objects of one training that its run stores; `files` are path → artifact folder."""

    data: Path
    processed: Path | None
    bundle: Path | None
    source: TrainingSource | None
    model: PriceModel
    out_of_fold: bytes
    files: Mapping[Path, str]


def make_record(
    config: Config,
    features: feature_table.FeatureTable,
    metrics: Mapping[str, Any],
    verdict: Verdict,
    artifacts: RunArtifacts,
) -> tracking.Record:
    """Return what MLflow stores of one training."""
    tables = [tracking.Table("featured", artifacts.data, features.sha256)]
    tags = bundling.hashes(config) | {
        "processed_sha256": features.processed_sha256,
        "featured_sha256": features.sha256,
        "verdict": "passed" if verdict.passed else "failed",
    }
    tags |= {f"gate.{gate.name}": gate.outcome for gate in verdict.gates}
    files = dict(artifacts.files)
    if artifacts.processed:
        tables.append(tracking.Table("processed", artifacts.processed, features.processed_sha256))
    if artifacts.bundle and artifacts.source:
        graph = (artifacts.bundle / "model.onnx").read_bytes()
        rows = columns_of(artifacts.source.sales.head(5), config.schema_)
        inputs = {name: "string" if values.dtype == object else "double" for name, values in rows.items()}
        tags["bundle_manifest_sha256"] = sha256_of(artifacts.bundle / "manifest.json")
        files |= dict.fromkeys(sorted(artifacts.bundle.iterdir()), tracking.BUNDLE)
    else:
        graph = export_model(artifacts.model)
        rows = {name: features.features[name].head(5).to_numpy() for name in artifacts.model.inputs_}
        inputs = {name: "string" if is_text else "float" for name, is_text in artifacts.model.inputs_.items()}
    tags["model_sha256"] = hashlib.sha256(graph).hexdigest()
    return tracking.Record(
        parameters=json.loads(artifacts.model.found_.model_dump_json()) | {"holdout_share": config.split.holdout_share},
        metrics=_numbers({name: value for name, value in metrics.items() if name not in ("slices", "hyperparameters")}),
        tags=tags,
        tables=tuple(tables),
        graph=graph,
        inputs=inputs,
        example=rows,
        out_of_fold=artifacts.out_of_fold,
        files=files,
    )


def _numbers(tree: Mapping[str, Any], above: str = "") -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _numbers(value, f"{above}{key}.")
        elif isinstance(value, int | float | np.floating):
            flat[f"{above}{key}"] = float(value)
    return flat
