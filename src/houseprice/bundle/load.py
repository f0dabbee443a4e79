"""Sealed folder in, verified model out; as light as serving, and the only way in.

Everything is checked before anything is parsed, and what is parsed are the very bytes that were checked. Only ONNX,
JSON and plain numpy arrays are read: which files a folder may hold is written here, never in the folder.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported, which otherwise reports home
import onnxruntime as ort

from houseprice.bundle import manifest as manifests
from houseprice.bundle.manifest import Manifest
from houseprice.errors import ArtifactError

Columns = Mapping[str, npt.NDArray[Any]]
"""Column name → one value a house: float64 for numbers (NaN is missing, dates are days since 1970-01-01, flags 0 or 1),
object arrays of `str` for texts ("" is missing)."""


BLOCK = 128  # houses a call: every house is held against all trees and centres at once, and that must fit the cache


@dataclass(frozen=True)
class Answers:
    """One price a house, in the model's currency, with the interval that should hold it."""

    price: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


class Model:
    """The exported graph, ready to answer."""

    OUTPUTS = ("predicted_price", "interval_low", "interval_high")

    def __init__(self, content: bytes, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_mem_pattern = False  # it keeps a plan for every number of houses, and they are of all numbers
        self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.inputs: dict[str, bool] = {i.name: i.type == "tensor(string)" for i in self._session.get_inputs()}

    def predict(self, columns: Columns) -> Answers:
        """Return the price of each house; all columns must have one length.

        Raises:
            KeyError: a column is missing; the scorer fills optional ones before it asks.
        """
        feeds = {
            name: np.asarray(columns[name], dtype=object if is_text else np.float64)
            for name, is_text in self.inputs.items()
        }
        houses = len(next(iter(feeds.values())))
        if houses <= BLOCK:
            return Answers(*self._session.run(self.OUTPUTS, feeds))
        blocks = [
            self._session.run(self.OUTPUTS, {name: values[start : start + BLOCK] for name, values in feeds.items()})
            for start in range(0, houses, BLOCK)
        ]
        return Answers(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


@dataclass(frozen=True)
class Bundle:
    """A sealed folder whose every byte was checked.

    Attributes:
        directory: where it was found.
        manifest: what it says about itself.
        model: the graph, loaded.
        golden: `rows` (houses as a request holds them) and `answers` (the sealed model's own), `tolerance` (relative).
        reference: column → what it looked like in training: `minimum` and `maximum`, or `levels` with their counts.
        sample: `rows`, `prices`, `answers` and `log_rmse` of some of the newest sales, held out.
        card: the model card, Markdown.
        similarity: bytes of the graph that measures how alike houses are, for `bundle.similarity`.
        sales: the houses that were learned from, for `bundle.sales_store`; their bytes.
        explanation: `background` (representative houses, as a request holds them) and `coordinates` (name of each
            similarity coordinate → columns it is made of).
    """

    directory: Path
    manifest: Manifest
    model: Model
    golden: dict[str, Any]
    reference: dict[str, Any]
    sample: dict[str, Any]
    card: str
    similarity: bytes
    sales: bytes
    explanation: dict[str, Any]


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a sealed folder, its own seal checked, the other files not.

    Raises:
        ArtifactError: there is none, or it cannot be trusted.
    """
    path = directory / manifests.NAME
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ArtifactError(
            f'No sealed model was found in "{directory}" ({manifests.NAME} cannot be read); expected the folder that '
            "`houseprice bundle` writes; run `make run`, or give the folder with --bundle."
        ) from err
    return manifests.read(content, path)


def open_bundle(directory: Path, threads: int = 1) -> Bundle:
    """Return the model that a sealed folder holds.

    Raises:
        ArtifactError: the folder is missing, newer than this program, or a file is missing, changed or not named.
    """
    manifest = read_manifest(directory)
    files = _checked(directory, manifest)
    try:
        model = Model(files[manifests.MODEL], threads)
    except Exception as err:
        raise ArtifactError(
            f'"{directory / manifests.MODEL}" is whole but cannot be run here ({err}); expected a graph for '
            f"onnxruntime {manifest.libraries.get('onnxruntime', 'of the lock')}; install the locked requirements."
        ) from err
    return Bundle(
        directory,
        manifest,
        model,
        golden=json.loads(files[manifests.GOLDEN]),
        reference=json.loads(files[manifests.REFERENCE]),
        sample=json.loads(files[manifests.SAMPLE]),
        card=files[manifests.MODEL_CARD].decode(),
        similarity=files[manifests.SIMILARITY],
        sales=files[manifests.SALES],
        explanation=json.loads(files[manifests.EXPLANATION]),
    )


def check_sources(directory: Path, trained: Path) -> Manifest:
    """Check the two pickles of a training run against the sealed manifest, without opening them.

    Raises:
        ArtifactError: a pickle is missing, or is not the one that the folder was sealed from.
    """
    manifest = read_manifest(directory)
    for name, expected in manifest.sources.items():
        path = trained / name
        if not path.is_file():
            raise ArtifactError(
                f'"{path}" is missing; expected the file that the sealed model in "{directory}" was made from; '
                "download the artifacts trained-model and preprocessor of one run, or run `make run`."
            )
        found = manifests.sha256_of(path)
        if found != expected:
            raise ArtifactError(
                f'"{path}" does not belong to the sealed model in "{directory}": found sha256 {found[:12]}…, expected '
                f"{expected[:12]}…; use the artifacts of one run, or seal again with `houseprice bundle`."
            )
    return manifest


def _checked(directory: Path, manifest: Manifest) -> dict[str, bytes]:
    """Return the content of every file, once each is known to be the one that was sealed."""
    again = "seal the folder again with `houseprice bundle`, or fetch it again."
    if set(manifest.files) != set(manifests.CONTENT):
        raise ArtifactError(
            f'The manifest in "{directory}" names the files {sorted(manifest.files)}; '
            f"expected {sorted(manifests.CONTENT)}; {again}"
        )
    present = {path.name for path in directory.iterdir() if path.is_file() or path.name not in manifest.files}
    present -= {manifests.NAME}
    missing = sorted(set(manifest.files) - present)
    extra = sorted(present - set(manifest.files))
    contents = {name: (directory / name).read_bytes() for name in sorted(set(manifest.files) & present)}
    changed = [name for name, content in contents.items() if manifests.sha256(content) != manifest.files[name]]
    faults = [
        f"{what}: {', '.join(names)}"
        for what, names in (("missing", missing), ("changed", changed), ("not sealed", extra))
        if names
    ]
    if faults:
        raise ArtifactError(
            f'The sealed model in "{directory}" is not what was sealed ({"; ".join(faults)}); '
            f"expected every file as its manifest names it; {again}"
        )
    return contents
