"""A door in, nothing out unless it opens to the right model: healthy, the expected one, and with its sealed answers."""

import math
import time
from collections.abc import Callable
from typing import Any

from houseprice.errors import DeploymentError
from houseprice.release.deployment.api_client import Door
from houseprice.release.deployment.sealed import Sealed
from houseprice.release.reference_predictions import TOLERANCE, difference

PAUSE_SECONDS = 0.05
_PARTS = ("predicted_price", "interval_low", "interval_high")


def wait(ready: Callable[[], str], seconds: float, ended: Callable[[], str]) -> None:
    """Wait until nothing is missing any more.

    Args:
        ready: gives back what is still missing; empty when nothing is.
        seconds: how long to wait at most.
        ended: gives back why there is no use in waiting; empty while there is.

    Raises:
        DeploymentError: with what was missing last.
    """
    end = time.monotonic() + seconds
    while missing := ready():
        if reason := ended():
            raise DeploymentError(f"{reason}; expected it to run; see its logs above.")
        if time.monotonic() >= end:
            raise DeploymentError(
                f"{missing}, for {seconds:g} s; expected a healthy answer within that time; see the container's logs "
                "above, or give it longer with --deadline."
            )
        time.sleep(PAUSE_SECONDS)


class AnotherModelError(DeploymentError):
    """Another model answered than the expected one: through the proxy, the one that served before."""


def unhealthy(door: Door, expected: Sealed) -> str:
    """Give back why a door is not healthy with the expected model, or nothing."""
    try:
        status, body = door.ask("GET", "/health", seconds=5)
    except DeploymentError as err:
        return str(err).partition(";")[0]
    version = body.get("model_version") if isinstance(body, dict) else None
    if status != 200:
        return f"/health of {door.name} answers {status} ({str(body)[:120]})"
    if version != expected.manifest.model_version:
        return f"/health of {door.name} names model {version} instead of {expected.manifest.model_version}"
    return ""


def prove(door: Door, expected: Sealed) -> None:
    """Demand health, identity and every golden answer of a door.

    Raises:
        DeploymentError: with the first thing that is not as it should be.
    """
    if fault := unhealthy(door, expected):
        kind = AnotherModelError if "names model" in fault else DeploymentError
        raise kind(f"{fault}; expected 200 and the model of the image; look at its logs.")
    rows, answers = expected.golden["rows"], expected.golden["answers"]
    if not rows or len(rows) != len(answers):
        raise DeploymentError(
            f"The image has {len(rows)} golden rows with {len(answers)} answers; expected as many of both; build it "
            "from a folder that `houseprice bundle` sealed."
        )
    for number, (row, should) in enumerate(zip(rows, answers, strict=True), 1):
        _hold(door, number, row, should, expected.manifest.model_version)


def takes(door: Door, requests: Sealed) -> None:
    """Demand that a door prices the golden rows of another model, whatever the price.

    Raises:
        DeploymentError: one of them is refused.
    """
    for number, row in enumerate(requests.golden["rows"], 1):
        status, body = door.ask("POST", "/predict", row)
        if status != 200:
            raise DeploymentError(
                f"{door.name} answers {status} to today's golden row {number} ({str(body)[:200]}); expected it to take "
                "whatever is asked today; go back to another version."
            )


def _hold(door: Door, number: int, row: Any, should: dict[str, float], version: str) -> None:
    status, body = door.ask("POST", "/predict", row)
    if status in (401, 403):
        raise DeploymentError(
            f"/predict of {door.name} asks for an API key; expected one in HOUSEPRICE_API_KEY; set it to a key that "
            "HOUSEPRICE_API_KEYS names."
        )
    found = _numbers(body) if status == 200 else {}
    worst = max((difference(found.get(part, math.nan), should[part]), part) for part in _PARTS)
    if worst[0] <= TOLERANCE and body.get("model_version") == version:
        return
    said = f"{found.get(worst[1], math.nan):.2f}" if found else f"{status}: {str(body)[:120]}"
    kind = AnotherModelError if found and body.get("model_version") != version else DeploymentError
    raise kind(
        f"{door.name} answers golden row {number} with {said}; expected {worst[1]} {should[worst[1]]:.2f} of model "
        f"{version}; do not use this image."
    )


def _numbers(body: Any) -> dict[str, float]:
    try:
        low, high = body["prediction_interval"]
        return dict(zip(_PARTS, (float(body["predicted_price"]), float(low), float(high)), strict=True))
    except (LookupError, TypeError, ValueError):
        return {}
