"""Claims: each measure of a requirement with its value, its interval and the place in the files that proves it."""

from collections.abc import Mapping
from typing import Any

from houseprice.bundle.manifest import Manifest, sha256
from houseprice.bundle.verdict import failed_gates
from houseprice.evidence.requirements import Measure, Requirement

Found = dict[str, Any]


def describe_model(manifest: Manifest, content: bytes) -> dict[str, Any]:
    """Return what a pack states of a model; `content` are the bytes of the manifest."""
    failed = failed_gates(manifest.verdict)
    return {
        **manifest.project,
        "version": manifest.model_version,
        "manifest_sha256": sha256(content),
        "passed": not failed,
        "failed_gates": list(failed),
        "fitted_on": manifest.fitted_on,
        "reference_date": manifest.reference_date,
    }


def claims(requirement: Requirement, documents: Mapping[str, Any]) -> dict[str, Any]:
    """Return a requirement with what was measured of it; `documents` are the JSON files of the pack by path."""
    return {
        "id": requirement.id,
        "title": requirement.title,
        "measures": [claim(measure, documents) for measure in requirement.measures],
        "open": list(requirement.open),
        "attached": requirement.attached,
    }


def claim(measure: Measure, documents: Mapping[str, Any]) -> Found:
    """Return one measure as a pack states it: `measured` is false where the files do not hold it."""
    place = {"label": measure.label, "form": measure.form, "file": measure.file, "pointer": measure.at}
    return {**place, **look_up(documents.get(measure.file), measure.at, measure.form)}


def look_up(document: Any, pointer: str, form: str) -> Found:
    """Return `measured`, `value`, `interval` and `required` of what a JSON pointer leads to.

    An estimate has its interval beside its value, a metric in the `ci95` beside it, and a gate its limit. A value of
    another kind than its form counts as not measured.
    """
    above, value = None, document
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parts:
        above, value = value, value.get(part) if isinstance(value, Mapping) else None
    interval, required = None, None
    if form == "gate" and isinstance(value, Mapping):
        interval, required, value = value.get("interval"), value.get("required"), value.get("passed")
    elif form == "names":
        value = list(value) if isinstance(value, Mapping) else None
    elif form == "count" and isinstance(value, list):
        value = len(value)
    elif isinstance(value, Mapping):
        interval, value = value.get("ci95"), value.get("value")
    elif isinstance(above, Mapping) and isinstance(bounds := above.get("ci95"), Mapping):
        interval = bounds.get(parts[-1])
    if not _is_of(value, form):
        return {"measured": False, "value": None, "interval": None, "required": None}
    return {"measured": True, "value": value, "interval": interval, "required": required}


def _is_of(value: Any, form: str) -> bool:
    match form:
        case "gate":
            return isinstance(value, bool)
        case "text":
            return isinstance(value, str) and value != ""
        case "names":
            return isinstance(value, list)
    return isinstance(value, int | float) and not isinstance(value, bool)
