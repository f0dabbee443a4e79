"""The client of the deployed API: what it says of an API that does not answer."""

import re
import time

import pytest

from houseprice.errors import DeploymentError
from houseprice.release.deployment.api_client import ApiClient


def test_a_refused_connection_tells_the_time_that_passed() -> None:
    """A port on which nothing listens refuses at once: the limit was never reached, and is not named."""
    begin = time.monotonic()
    with pytest.raises(DeploymentError) as refused:
        ApiClient("nobody", host="127.0.0.1", port=1).request("GET", "/health", timeout=900)
    assert refused.value.code == "no_answer"
    (seconds,) = re.findall(r"([\d.]+) s\b", str(refused.value))
    assert float(seconds) <= time.monotonic() - begin + 0.1
