"""What supervisors ask for, and where the files of a model answer it: `requirements.yaml`, read.

Whether a firm meets a rule is not for a program to say. Each requirement has measures, and points that are open.
"""

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

MANIFEST, SAMPLE, GOLDEN = "bundle/manifest.json", "bundle/sample.json", "bundle/golden.json"
PROFILE, CARD = "bundle/reference.json", "bundle/model_card.md"


@dataclass(frozen=True)
class Measure:
    """Something that a file of the pack holds, if it was measured.

    Attributes:
        label: what it is, for people.
        at: JSON pointer (RFC 6901) to a number, a text, an estimate (`value`, `ci95`) or a gate.
        form: how it is written: `percent`, `number`, `count` (of a list, its length), `text`, `names` (of an object) or
            `gate`.
        file: that holds it.
    """

    label: str
    at: str
    form: str = "percent"
    file: str = MANIFEST


@dataclass(frozen=True)
class Requirement:
    """One factor or item.

    Attributes:
        id: stable name.
        title: for people.
        measures: that bear on it.
        open: what this project cannot know, and whoever uses the model has to show.
        attached: whether attached files bear on it.
    """

    id: str
    title: str
    measures: tuple[Measure, ...]
    open: tuple[str, ...] = field(default=())
    attached: bool = False


@cache
def requirements(kind: str) -> tuple[Requirement, ...]:
    """Return the `factors` of 12 CFR 323.17, or the items of the European AVM Alliance's `label`."""
    told: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        files("houseprice.evidence").joinpath("requirements.yaml").read_text(encoding="utf-8")
    )
    return tuple(
        Requirement(
            one["id"],
            one["title"],
            tuple(Measure(**measure) for measure in one["measures"]),
            tuple(one.get("open", ())),
            one.get("attached", False),
        )
        for one in told[kind]
    )
