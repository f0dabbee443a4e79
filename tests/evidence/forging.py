"""What a forger does to a pack."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from houseprice.bundle.manifest import canonical, sha256
from houseprice.evidence.pack import DIGEST, NAME


def restate(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change evidence.json and its own digest, as a forger would."""
    values = json.loads((folder / NAME).read_bytes())
    del values[DIGEST]
    change(values)
    (folder / NAME).write_bytes(canonical({**values, DIGEST: sha256(canonical(values))}))
