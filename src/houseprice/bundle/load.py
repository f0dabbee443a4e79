"""Verified loading of a bundle.

Everything is checked before anything is parsed, and what is parsed are the very bytes that were checked. Only ONNX,
JSON and plain numpy arrays are read; which files a bundle may hold is defined here, never in the bundle. It imports
nothing that only training needs.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault(
    "ORT_DISABLE_TELEMETRY", "1"
)  # read when onnxruntime is imported, which sends telemetry otherwise
import onnxruntime as ort

from houseprice.bundle import manifest as manifests
from houseprice.bundle.golden import LEARNERS, OUTPUTS
from houseprice.bundle.manifest import Manifest
from houseprice.errors import ArtifactError

Columns = Mapping[str, npt.NDArray[Any]]
"""Column name → one value a house: float64 for numbers (NaN is missing, dates are days since 1970-01-01, flags 0 or 1),
object arrays of `str` for texts ("" is missing)."""


BLOCK = 256  # houses per call: all trees and centres of a block must fit the cache


@dataclass(frozen=True)
class Predictions:
    """The price of each house and the ends of its interval, in the model's currency, and its FSD in log price."""

    price: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    fsd: npt.NDArray[np.float64]


class Model:
    """The exported graph, ready to predict; `blends` says whether it has the outputs `LEARNERS`."""

    OUTPUTS = OUTPUTS

    def __init__(self, content: bytes, threads: int = 1) -> None:
        self._session = _session(content, threads, is_single=False)
        self._single = _session(content, 1, is_single=True)
        self._only_asked = ort.RunOptions()  # without the prices of `LEARNERS`; a block takes longer with it
        self._only_asked.only_execute_path_to_fetches = True
        self.inputs: dict[str, bool] = {i.name: i.type == "tensor(string)" for i in self._session.get_inputs()}
        self.blends = {output.name for output in self._session.get_outputs()} >= set(LEARNERS)

    def predict(self, columns: Columns) -> Predictions:
        """Return the price of each house; all columns must have one length.

        Raises:
            KeyError: A column is missing; the scorer fills optional ones before.
        """
        return Predictions(*self._run(self.OUTPUTS, columns))

    def learner_prices(self, columns: Columns) -> list[npt.NDArray[np.float64]]:
        """Return the price of each house as each of `LEARNERS` predicts it alone; nothing where only one is used.

        Raises:
            KeyError: As `predict`.
        """
        return self._run(LEARNERS, columns) if self.blends else []

    def _run(self, outputs: tuple[str, ...], columns: Columns) -> list[npt.NDArray[np.float64]]:
        feeds = {
            name: np.asarray(columns[name], dtype=object if is_text else np.float64)
            for name, is_text in self.inputs.items()
        }
        houses = len(next(iter(feeds.values())))
        if houses <= BLOCK:
            session, options = (self._single, self._only_asked) if houses == 1 else (self._session, None)
            found: list[npt.NDArray[np.float64]] = session.run(outputs, feeds, options)
            return found
        blocks = [
            self._session.run(outputs, {name: values[start : start + BLOCK] for name, values in feeds.items()})
            for start in range(0, houses, BLOCK)
        ]
        return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _session(content: bytes, threads: int, *, is_single: bool) -> Any:
    """Return a session for batches, or one for single houses, whose memory is planned once and not shared by nodes.

    That saves a fifth of the time of a single house. For batches a plan would be kept for each of their sizes.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = is_single
    options.enable_mem_reuse = not is_single
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte was verified.

    Attributes:
        directory: its folder.
        manifest: its manifest.
        model: the exported graph, loaded.
        golden: `rows` (houses as in a request), `answers` (the exported model's predictions), `tolerance` (relative).
        reference: column → its values in training: `minimum` and `maximum`, or `levels` with their counts; the shares
            of numbers by bin (`monitoring.bins`).
        sample: `rows`, `prices`, `answers` and `log_rmse` of a random sample of the holdout; `evaluated`: answers of
            the evaluated model; `draw`: how it was drawn (`bundle.random_sample`).
        card: the model card, Markdown.
        similarity: bytes of the similarity graph, for `bundle.similarity`.
        sales: bytes of the training sales, for `bundle.sales_store`; of none where the configuration says
            `page.show_sales: false`, and then `sample` has no prices either.
        explanation: `background` (representative houses, as in a request), `coordinates` (name of each similarity
            coordinate → columns it is computed from), `weights` (column → its share in explanations) and `market_index`
            (month → market trend in log price).
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
    """Return the manifest of a bundle, verified by its own digest; the other files are not verified.

    Raises:
        ArtifactError: There is none (code `bundle_not_found`), or it is invalid (see `manifest.read`).
    """
    path = directory / manifests.NAME
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ArtifactError(
            f'No bundle was found in "{directory}" ({manifests.NAME} cannot be read). Run `make run`, or give the '
            "folder that `houseprice bundle` wrote with --bundle.",
            code="bundle_not_found",
            path=str(directory),
        ) from err
    return manifests.read(content, path)


def open_bundle(directory: Path, threads: int = 1) -> Bundle:
    """Return the content of a bundle, verified.

    Raises:
        ArtifactError: The folder is no bundle (code `bundle_not_found`), its manifest is invalid (see
            `manifest.read`) or names other files (`bundle_files_unknown`), a file is missing, changed or extra
            (`bundle_changed`, details `missing`, `changed`, `extra`), or the graph cannot run (`graph_not_runnable`).
    """
    manifest = read_manifest(directory)
    files = _checked(directory, manifest)
    try:
        model = Model(files[manifests.MODEL], threads)
    except Exception as err:
        raise ArtifactError(
            f'"{directory / manifests.MODEL}" is intact but cannot be loaded ({err}). It was exported for onnxruntime '
            f"{manifest.libraries.get('onnxruntime', 'of the lock')}; install the locked requirements.",
            code="graph_not_runnable",
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


def _checked(directory: Path, manifest: Manifest) -> dict[str, bytes]:
    """Return the content of every file, each verified by the digest in the manifest."""
    again = "Export it again with `houseprice bundle`, or download it again."
    if set(manifest.files) != set(manifests.CONTENT):
        raise ArtifactError(
            f'The manifest in "{directory}" names the files {sorted(manifest.files)} instead of '
            f"{sorted(manifests.CONTENT)}. {again}",
            code="bundle_files_unknown",
        )
    present = {path.name for path in directory.iterdir() if path.is_file() or path.name not in manifest.files}
    present -= {manifests.NAME}
    missing = sorted(set(manifest.files) - present)
    extra = sorted(present - set(manifest.files))
    contents = {name: (directory / name).read_bytes() for name in sorted(set(manifest.files) & present)}
    changed = [name for name, content in contents.items() if manifests.sha256(content) != manifest.files[name]]
    faults = [
        f"{what}: {', '.join(names)}"
        for what, names in (("missing", missing), ("changed", changed), ("extra", extra))
        if names
    ]
    if faults:
        raise ArtifactError(
            f'The bundle in "{directory}" does not match its manifest ({"; ".join(faults)}). {again}',
            code="bundle_changed",
            missing=missing,
            changed=changed,
            extra=extra,
        )
    return contents
