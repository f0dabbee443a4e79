"""Names of peers in, requests a second out: other ways to serve the same trained pair, under the same load."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import CACHE, ROOT, peer_python
from load import HOST, Load, UnansweredError, drive, post
from processes import running

HERE = ROOT / "bench" / "peer_servers"
WORK = CACHE / "peers" / "work"
START_SECONDS = 120.0
House = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """One other way to serve.

    Attributes:
        title: as it stands in the table.
        path: where it takes a house.
        body: a house as it wants it.
        command: interpreter and port → what is run.
        prepare: interpreter and folder of the pair → what has to be made before.
    """

    title: str
    path: str
    body: Callable[[House], Any]
    command: Callable[[str, int], Sequence[str]]
    prepare: Callable[[str, Path], None] = lambda _python, _trained: None


def _save_mlflow(python: str, trained: Path) -> None:
    shutil.rmtree(WORK / "mlflow_model", ignore_errors=True)
    command = [python, str(HERE / "of_mlflow.py"), str(trained), str(WORK / "mlflow_model")]
    subprocess.run(command, check=True, cwd=WORK, stdout=sys.stderr, env={**os.environ, **_quiet()})


PEERS = {
    "mlflow": Peer(
        "MLflow serve",
        "/invocations",
        lambda house: {"dataframe_records": [house]},
        lambda python, port: [
            *(python, "-m", "mlflow", "models", "serve", "--model-uri", str(WORK / "mlflow_model")),
            *("--env-manager", "local", "--host", HOST, "--port", str(port)),
        ],
        _save_mlflow,
    ),
    "bentoml": Peer(
        "BentoML",
        "/predict",
        lambda house: {"house": house},
        lambda python, port: [
            *(python, "-m", "bentoml", "serve", "of_bentoml:Prices", "--working-dir", str(HERE)),
            *("--host", HOST, "--port", str(port)),
        ],
    ),
    "litserve": Peer(
        "LitServe",
        "/predict",
        lambda house: house,
        lambda python, port: [python, str(HERE / "of_litserve.py"), str(port)],
    ),
    "fastapi": Peer(
        "FastAPI, joblib and a DataFrame",
        "/predict",
        lambda house: house,
        lambda python, port: [
            *(python, "-m", "uvicorn", "of_fastapi:app", "--app-dir", str(HERE)),
            *("--host", HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"),
        ],
    ),
}


def measure(name: str, trained: Path, houses: Sequence[House], expected: float, seconds: float) -> Load:
    """Start a peer, see that it gives the model's own price, and put it under load with 32 clients.

    Args:
        name: of the peer.
        trained: folder of the two pickles.
        houses: what is asked, in turn.
        expected: price of the first house.
        seconds: how long.

    Raises:
        UnansweredError: it does not start, does not answer, or answers with another price.
    """
    peer = PEERS[name]
    python = str(peer_python(name))
    WORK.mkdir(parents=True, exist_ok=True)
    peer.prepare(python, trained.resolve())
    requests = [post(peer.path, peer.body(house)) for house in houses]
    # The interpreter's folder first: some peers start others by name.
    environment = {**_quiet(), "HOUSEPRICE_TRAINED": str(trained.resolve()), "PYTHONPATH": str(HERE)}
    environment["PATH"] = f"{Path(python).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with running(
        lambda port: peer.command(python, port), requests[0], timeout=START_SECONDS, cwd=WORK, environment=environment
    ) as server:
        found = price_in(_asked(server.port, peer, houses[0]))
        if found is None or abs(found / expected - 1) > 1e-6:
            raise UnansweredError(f"{peer.title} answers {found}, where the model says {expected}")
        return drive(server.port, requests, seconds=seconds, warm_up=min(2.0, seconds / 2))


def price_in(answer: Any) -> float | None:
    """Return the first predicted price that stands anywhere in an answer."""
    if isinstance(answer, dict) and "predicted_price" in answer:
        return float(answer["predicted_price"])
    parts = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return next((price for part in parts if (price := price_in(part)) is not None), None)


def _asked(port: int, peer: Peer, house: House) -> Any:
    line = http.client.HTTPConnection(HOST, port, timeout=30)
    line.request("POST", peer.path, json.dumps(peer.body(house)), {"Content-Type": "application/json"})
    answer = json.loads(line.getresponse().read())
    line.close()
    return answer


def _quiet() -> dict[str, str]:
    """Keep the peers from reporting home and from writing outside of their folder."""
    return {
        "DO_NOT_TRACK": "1",
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(WORK / "bentoml"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_TRACKING_URI": f"sqlite:///{WORK / 'mlflow.db'}",
    }
