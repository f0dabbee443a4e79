"""Smoke test of a deployed API: it is healthy, serves the expected model, and gives the golden answers of that model.

What is expected is read from the files in the container itself, not from what the labels state.
"""

import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.bundle.golden import OUTPUTS, SERVED_ROUNDING, SERVED_TOLERANCE, largest_difference
from houseprice.bundle.manifest import Manifest
from houseprice.errors import DeploymentError
from houseprice.release.deployment.api_client import ApiClient
from houseprice.release.docker_cli import DockerCli
from houseprice.release.expected_predictions import prediction

POLL_SECONDS = 0.05
_BUNDLE = "/app/models/bundle"


@dataclass(frozen=True)
class ContainerModel:
    """The model in a container: the bytes of its manifest and of its golden rows."""

    manifest_bytes: bytes
    golden_bytes: bytes

    @classmethod
    def read(cls, docker: DockerCli, container: str) -> "ContainerModel":
        """Read the files of a container, running or not.

        Raises:
            DeploymentError: they are not there (`model_missing`).
        """
        contents = []
        with tempfile.TemporaryDirectory(prefix="houseprice-model-") as folder:
            for name in (manifests.NAME, manifests.GOLDEN):
                path = Path(folder) / name
                result = docker.run("cp", f"{container}:{_BUNDLE}/{name}", str(path))
                if result.returncode != 0 or not path.is_file() or path.is_symlink():
                    raise DeploymentError(
                        f'The image has no file "{_BUNDLE}/{name}" ({result.stderr.strip()[-120:]}); it was not built '
                        "by this project.",
                        code="model_missing",
                    )
                contents.append(path.read_bytes())
        return cls(*contents)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest, its checksum verified."""
        return manifests.read(self.manifest_bytes, Path(_BUNDLE) / manifests.NAME)

    @cached_property
    def golden(self) -> tuple[list[dict[str, Any]], list[dict[str, float]]]:
        """Requests and the answers that the model must give to them."""
        golden: dict[str, list[Any]] = {"rows": [], "answers": []}
        if manifests.sha256(self.golden_bytes) == self.manifest.files.get(manifests.GOLDEN):
            golden = json.loads(self.golden_bytes)
        rows, answers = golden["rows"], golden["answers"]
        if not rows or len(rows) != len(answers):
            raise DeploymentError(
                f"The golden rows of the image ({manifests.GOLDEN}) are missing or not those of its manifest; build "
                "the image again.",
                code="golden_rows_invalid",
            )
        return rows, answers


def wait_until(check: Callable[[], None], timeout: float, give_up: Callable[[], None] = lambda: None) -> None:
    """Repeat a check until it no longer raises.

    Args:
        check: raises DeploymentError as long as it fails.
        timeout: seconds.
        give_up: raises DeploymentError when waiting longer is of no use.

    Raises:
        DeploymentError: `timeout`, with the code of the last failure in `details`.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            check()
        except DeploymentError as err:
            give_up()
            if time.monotonic() >= end:
                raise DeploymentError(
                    f"Not ready after {timeout:g} s: {err} See the logs above; a slow host may need more --deadline.",
                    code="timeout",
                    last=err.code,
                ) from err
        else:
            return
        time.sleep(POLL_SECONDS)


def check_health(client: ApiClient, expected: ContainerModel) -> None:
    """Check that the API is healthy and serves the expected model.

    Raises:
        DeploymentError: `no_answer`, `unhealthy` or `wrong_model`.
    """
    status, body = client.request("GET", "/health", timeout=5)
    version = body.get("model_version") if isinstance(body, dict) else None
    if status != 200:
        raise DeploymentError(f"/health of {client.name} answers {status}: {str(body)[:120]}.", code="unhealthy")
    if version != expected.manifest.model_version:
        raise _wrong_model(client, version, expected)


def check_golden_rows(client: ApiClient, expected: ContainerModel) -> None:
    """Check health, and every golden row against its answer.

    Raises:
        DeploymentError: as `check_health`; `api_key_required`, `golden_mismatch`.
    """
    check_health(client, expected)
    for number, (row, answer) in enumerate(zip(*expected.golden, strict=True), 1):
        status, body = client.request("POST", "/predict", row)
        if status in (401, 403):
            raise DeploymentError(
                f"/predict of {client.name} requires an API key; set HOUSEPRICE_API_KEY to one of HOUSEPRICE_API_KEYS.",
                code="api_key_required",
            )
        found = _outputs(body) if status == 200 else {}
        if found and body.get("model_version") != expected.manifest.model_version:
            raise _wrong_model(client, body.get("model_version"), expected)
        numbers = (found.get(name, math.nan) for name in OUTPUTS)
        worst, place = largest_difference(numbers, (answer[name] for name in OUTPUTS), SERVED_ROUNDING)
        if worst > SERVED_TOLERANCE:
            output = OUTPUTS[place]
            text = f"{output} {found[output]:.9g}" if found else f"status {status}: {str(body)[:120]}"
            raise DeploymentError(
                f"{client.name} answers golden row {number} with {text} instead of {output} {answer[output]:.9g}; do "
                "not use this image.",
                code="golden_mismatch",
                row=number,
            )


def check_accepts(client: ApiClient, requests_of: ContainerModel) -> None:
    """Check that the API prices the golden rows of another model, at whatever price.

    Raises:
        DeploymentError: `request_refused`.
    """
    for number, row in enumerate(requests_of.golden[0], 1):
        status, body = client.request("POST", "/predict", row)
        if status != 200:
            raise DeploymentError(
                f"{client.name} answers {status} to golden row {number} of the live model ({str(body)[:200]}): it "
                "would refuse today's requests; roll back to another version.",
                code="request_refused",
                row=number,
                status=status,
            )


def _wrong_model(client: ApiClient, version: Any, expected: ContainerModel) -> DeploymentError:
    wanted = expected.manifest.model_version
    return DeploymentError(f"{client.name} serves model {version} instead of {wanted}.", code="wrong_model")


def _outputs(body: Any) -> dict[str, float]:
    try:
        return prediction(body)
    except (LookupError, TypeError, ValueError):
        return {}
