"""What the server tells the recorder when it starts it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Options:
    """What is recorded, and where.

    Attributes:
        bundle: folder of the model that answers.
        store: URL of the database; it may hold a password.
        spool: folder where predictions wait.
        spool_bytes: what they may take there.
        inputs: whether houses are stored as they are, as a hash, or not at all.
        days: how long predictions stay; 0 is for ever.
        shadow: folder of the shadow model's bundle; None without one.
        max_rows: prices paid that one request may hold.
        urgent: whether it has fallen behind, and may take time from others.
    """

    bundle: Path
    store: str
    spool: Path
    spool_bytes: int
    inputs: Literal["on", "hash", "off"]
    days: int
    shadow: Path | None
    max_rows: int
    urgent: bool = False


def read_options(line: bytes) -> Options:
    """Return the options that a line of JSON holds, as `serving.recorder_process` writes it."""
    found = json.loads(line)
    return Options(
        bundle=Path(found["bundle"]),
        store=found["store"],
        spool=Path(found["spool"]),
        spool_bytes=found["spool_bytes"],
        inputs=found["inputs"],
        days=found["days"],
        shadow=Path(found["shadow"]) if found["shadow"] else None,
        max_rows=found["max_rows"],
        urgent=found["urgent"],
    )
