"""Paths and names that a configuration need not give, since they follow from the project's name."""

from collections.abc import Mapping
from typing import Any


def complete(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a configuration file with its paths and names filled in; what is given stays.

    Sections that are no mappings, and a project without a name, are left for the validation to refuse.
    """
    project = content.get("project")
    name = project.get("name") if isinstance(project, Mapping) else None
    if not isinstance(name, str):
        name = "house-prices"
    defaults: dict[str, dict[str, Any]] = {
        "paths": {
            "raw": f"data/raw/{name}.csv",
            "cleaned": f"data/processed/{name}/cleaned_house_data.csv",
            "featured": f"data/processed/{name}/featured_house_data.csv",
            "models": f"models/{name}",
            "reports": f"reports/{name}",
        },
        "tracking": {"experiment": name, "registered_model": name},
        "image": {"repository": name},
    }
    completed = dict(content)
    for section, values in defaults.items():
        given = content.get(section, {})
        if isinstance(given, Mapping):
            completed[section] = {**values, **given}
    return completed
