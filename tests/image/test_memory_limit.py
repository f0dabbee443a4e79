"""Many large batches at once do not end a container, however little memory it has."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import pytest

from houseprice.bundle.load import open_bundle
from houseprice.release.container import PORT, started
from houseprice.release.docker_cli import DockerCli

pytestmark = pytest.mark.image
MAX_ROWS = 10_000
SECONDS = 120


def ask(port: int, path: str, body: bytes) -> tuple[int, str | None, int]:
    """Return status and `Retry-After` of the answer to a POST, and how many houses it prices."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    with suppress(ConnectionError):  # who is refused before all is sent has an answer to read
        connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Retry-After"), answer.read().count(b'"predicted_price"')
    connection.close()
    return found


@pytest.mark.parametrize(("megabytes", "batches"), [(512, 16), (256, 8)])
def test_batches_beyond_the_memory_are_refused_and_the_container_lives(
    docker: DockerCli, good: str, bundle_dir: Path, megabytes: int, batches: int
) -> None:
    """Each batch of as many houses as may be sent is priced, or refused with `Retry-After`; some are priced."""
    rows = list(open_bundle(bundle_dir).sample["rows"])
    house, batch = (json.dumps(value).encode() for value in (rows[0], list(islice(cycle(rows), MAX_ROWS))))
    limit = (f"--memory={megabytes}m", f"--memory-swap={megabytes}m")
    with started(docker, good, print, *limit) as name:
        read_limit = "from houseprice.serving.memory_budget import find_memory_limit as limit; print(limit())"
        if int(docker.output("exec", name, "python", "-c", read_limit)) != megabytes * 2**20:
            pytest.skip("this engine does not limit the memory of a container")
        deadline = time.monotonic() + SECONDS
        while docker.state(name)["Health"]["Status"] != "healthy" and time.monotonic() < deadline:
            time.sleep(0.2)  # the engine's proxy accepts connections before the server does, and resets them
        port = int(docker.output("port", name, f"{PORT}/tcp").splitlines()[0].rpartition(":")[2])
        with ThreadPoolExecutor(batches) as clients:
            answers = list(clients.map(lambda _: ask(port, "/batch-predict", batch), range(batches)))
        assert {status for status, _, _ in answers} <= {200, 503}
        assert all(retry_after for status, retry_after, _ in answers if status == 503)
        assert {priced for status, _, priced in answers if status == 200} == {MAX_ROWS}
        assert ask(port, "/predict", house)[0] == 200
        state = docker.state(name)
        assert (state["Running"], state["OOMKilled"]) == (True, False)
