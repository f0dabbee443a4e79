"""What an image must answer: the golden rows and the held-out sample of the sealed bundle, checked by their sha256.

The bundle is read with the standard library alone, because nothing from PyPI is installed where images are tested.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from houseprice.bundle.golden import OUTPUTS
from houseprice.bundle.verdict import check_verdict
from houseprice.errors import ArtifactError

Prediction = dict[str, float]
"""`predicted_price`, `interval_low`, `interval_high` and `fsd` of one house."""


@dataclass(frozen=True)
class ExpectedPredictions:
    """Requests with the sealed model's own predictions.

    Attributes:
        manifest_sha256: of the bundle's manifest.json.
        model_version: of the sealed model.
        golden_rows, golden: some houses of the training data and their predictions.
        sample_rows, sample: a random sample of the held-out sales and their predictions.
        sample_prices: what these were sold for; empty where the bundle was sealed without prices paid.
        sample_log_rmse: error of the sealed predictions on them.
        failed_gates: gates that the model failed; only where that was allowed.
    """

    manifest_sha256: str
    model_version: str
    golden_rows: Sequence[Mapping[str, Any]]
    golden: Sequence[Prediction]
    sample_rows: Sequence[Mapping[str, Any]]
    sample: Sequence[Prediction]
    sample_prices: Sequence[float]
    sample_log_rmse: float
    failed_gates: tuple[str, ...] = ()

    @classmethod
    def read(cls, bundle: Path, *, allow_failed: bool = False) -> Self:
        """Return what a sealed bundle expects of an image.

        Raises:
            ArtifactError: there is no bundle, or a file is not the one that its manifest names.
            GateError: the model failed its gates, and `allow_failed` is not given.
        """
        try:
            content = (bundle / "manifest.json").read_bytes()
        except OSError as err:
            raise ArtifactError(
                f'No sealed bundle in "{bundle}". Make one with `houseprice run` or `houseprice bundle`, or name '
                "another folder with --bundle.",
                code="bundle_not_found",
            ) from err
        try:
            manifest = json.loads(content)
            failed = check_verdict(manifest["verdict"], bundle, allow_failed=allow_failed)
            golden, sample = (_read(bundle, name, manifest["files"]) for name in ("golden.json", "sample.json"))
            return cls(
                hashlib.sha256(content).hexdigest(),
                str(manifest["model_version"]),
                golden["rows"],
                golden["answers"],
                sample["rows"],
                sample["answers"],
                sample["prices"],
                float(sample["log_rmse"]),
                failed,
            )
        except (LookupError, TypeError, ValueError, RecursionError) as err:
            raise ArtifactError(
                f'The bundle in "{bundle}" cannot be read ({type(err).__name__}: {err}). Make it again with '
                "`houseprice bundle`.",
                code="bundle_invalid",
            ) from err


def _read(bundle: Path, name: str, files: Mapping[str, str]) -> dict[str, Any]:
    path = bundle / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != files[name]:
        raise ArtifactError(
            f'"{path}" is not the file that manifest.json names. Make the bundle again with `houseprice bundle`.',
            code="bundle_changed",
            file=name,
        )
    found: dict[str, Any] = json.loads(content)
    return found


def prediction(body: Any) -> Prediction:
    """Return the numbers of one prediction of the API."""
    low, high = body["prediction_interval"]
    numbers = (body["predicted_price"], low, high, body["fsd"])
    return dict(zip(OUTPUTS, map(float, numbers), strict=True))


def log_rmse(predictions: Sequence[Prediction], prices: Sequence[float]) -> float:
    """Return the root mean squared difference of the logarithms of predictions and prices."""
    errors = [math.log(one["predicted_price"] / price) for one, price in zip(predictions, prices, strict=True)]
    return math.sqrt(math.fsum(error**2 for error in errors) / len(errors))
