"""What an image may take: time to answer, time to start, room, and libraries in which no hole is known."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """Limits of an image under test.

    Attributes:
        latency_seconds: of 99 in 100 requests to /predict, one after another.
        requests: how many of them are sent.
        start_seconds: from `docker run` to the first 200.
        own_bytes: compressed, of the layers that are not the base's.
        audit: report of the known vulnerabilities, as `scripts/audit` writes it.
        lock: sha256 of the `requirements/serving.txt` that the image was built from, which the report must be of.
        strict: whether an image fails about which nobody can tell.
    """

    latency_seconds: float = 0.05
    requests: int = 300
    start_seconds: float = 10.0
    own_bytes: int = 90_000_000
    audit: Path | None = None
    lock: str = ""
    strict: bool = False
