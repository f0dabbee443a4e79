"""A running container in, what it says over HTTP and from inside out: the image under test, seen by a stranger."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from typing import Any

from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.layout.weight import Part
from houseprice.release.limits import Limits
from houseprice.release.reference_predictions import Answer, answers

PORT = 8000
"""The port on which every image of this project answers."""


Look = tuple[bool, str]
"""Whether a thing is as expected, and what was found."""


@dataclass(frozen=True)
class Subject:
    """A container that was started from the image under test, and the sealed model that it should answer like.

    Attributes:
        engine: where it runs.
        container: its name.
        image: what the engine knows of its image.
        bundle: the sealed model.
        deadline: seconds until /health must have answered.
        limits: what it may take.
        part: what is known of an image that came out of a layout.
        moments: `started` and `healthy`, of a clock that only goes forwards.
    """

    engine: Engine
    container: str
    image: dict[str, Any]
    bundle: Bundle
    deadline: float
    limits: Limits = field(default_factory=Limits)
    part: Part | None = None
    moments: dict[str, float] = field(default_factory=dict)

    @cached_property
    def port(self) -> int:
        """Port of this machine behind which the container answers."""
        return self.engine.port(self.container, PORT)

    @property
    def config(self) -> dict[str, Any]:
        """What the image declares: user, health check, labels and more."""
        found: dict[str, Any] = self.image.get("Config") or {}
        return found

    @cached_property
    def golden(self) -> list[Answer]:
        """What the sealed model answers, here and now, for its golden rows."""
        return answers(self.bundle, self.bundle.golden["rows"])

    @cached_property
    def sample(self) -> list[Answer]:
        """What the sealed model answers, here and now, for its stored newest sales."""
        return answers(self.bundle, self.bundle.sample["rows"])

    @cached_property
    def served(self) -> list[Answer]:
        """What the container answers for the stored newest sales."""
        return [answer(item) for item in self.post("/batch-predict", self.bundle.sample["rows"])["predictions"]]

    def request(self, method: str, path: str, body: Any = None, seconds: float = 30) -> tuple[int, Any]:
        """Send one request to the container, past any proxy; give back the status and the JSON that was answered."""
        connection = self.connection(seconds)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text[:200]

    def connection(self, seconds: float = 30) -> HTTPConnection:
        """Give a connection to the container, past any proxy."""
        return HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def post(self, path: str, body: Any) -> Any:
        """Post a request that must be answered with 200."""
        status, content = self.request("POST", path, body)
        if status != 200:
            raise ImageError(f"{path} answers {status}: {str(content)[:200]}")
        return content

    def python(self, script: str, *options: str) -> str:
        """Run a few lines of Python inside the container, and give back what they printed."""
        said = self.engine.execute(self.container, "python", "-c", script, options=options)
        if said.code != 0:
            raise ImageError(f"python inside the container ended with {said.code}: {said.stderr.strip()[-200:]}")
        return said.stdout.strip()


def answer(body: Any) -> Answer:
    """Give back the numbers of one answer of the API."""
    low, high = body["prediction_interval"]
    return {
        "predicted_price": float(body["predicted_price"]),
        "interval_low": float(low),
        "interval_high": float(high),
    }
