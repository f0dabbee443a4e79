"""The verdict that a bundle states: which gates its model failed, and who may use a model that failed one.

Every command that takes a bundle decides here: `serve`, `image build`, `image test`, `verify` and `deploy`. Only the
standard library is used, since images are built and tested where nothing from PyPI is installed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from houseprice.errors import GateError

NEVER_JUDGED = "never judged"
"""Stands for the gates of a model without a verdict."""


def failed_gates(verdict: Any) -> tuple[str, ...]:
    """Return the gates that keep a model from being published; a gate passes only with `passed: true`."""
    if not isinstance(verdict, Mapping) or not verdict:
        return (NEVER_JUDGED,)
    return tuple(
        str(name) for name, gate in verdict.items() if not isinstance(gate, Mapping) or gate.get("passed") is not True
    )


def check_verdict(verdict: Any, bundle: Path, *, allow_failed: bool) -> tuple[str, ...]:
    """Return the gates that a model failed, none for one that passed.

    Args:
        verdict: as the manifest states it.
        bundle: its folder, for the message.
        allow_failed: accept a model that failed.

    Raises:
        GateError: It failed a gate or was never judged, and that is not allowed (details `gates`).
    """
    failed = failed_gates(verdict)
    if failed and not allow_failed:
        raise GateError(
            f'The model in "{bundle}" did not pass its gates ({", ".join(failed)}). Train a better one, or use it for '
            "experiments only with --allow-red (HOUSEPRICE_ALLOW_RED=on).",
            gates=list(failed),
        )
    return failed
