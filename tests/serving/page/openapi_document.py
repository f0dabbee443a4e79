"""The OpenAPI document that the page's types are generated from: the routes that it asks, whatever the data set."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

PATH = Path(__file__).parents[3] / "page" / "openapi.json"
ROUTES = (
    "/predict", "/explain", "/comparables", "/history", "/what-if", "/batch-predict", "/model",
    "/page-config", "/sales",
)  # fmt: skip
ANY_COLUMNS = {"type": "object", "description": "Column → value", "additionalProperties": True}


def page_document(app: FastAPI) -> str:
    """Return the document of the page's routes as text; what comes from the data set is in no part of it.

    That are the columns of a house, and descriptions and examples, which have no type.
    """
    whole = app.openapi()
    schemas = {**whole["components"]["schemas"], "House": ANY_COLUMNS}
    grid = {
        "type": "object",
        "additionalProperties": {"anyOf": [{"type": "array"}, {"type": "integer"}, {"type": "null"}]},
    }
    body = {
        "type": "object",
        "required": ["house", "vary"],
        "properties": {"house": {"$ref": "#/components/schemas/House"}, "vary": grid},
    }
    paths = {path: _without_prose(whole["paths"][path]) for path in ROUTES}
    paths["/what-if"]["post"]["requestBody"]["content"]["application/json"]["schema"] = body
    paths["/batch-predict"]["post"]["requestBody"]["content"]["text/csv"]["schema"] = {"type": "string"}
    found = _referenced(paths, schemas)
    document = {
        "openapi": whole["openapi"],
        "info": {"title": "House prices", "version": "0"},
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(found)}},
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _without_prose(path: dict[str, Any]) -> dict[str, Any]:
    """Return a path without the texts of its operations, some of which name dates and currencies of the data set."""
    return {
        method: {
            key: part
            for key, part in json.loads(json.dumps(operation)).items()
            if key not in ("summary", "description")
        }
        for method, operation in path.items()
    }


def _referenced(part: Any, schemas: dict[str, Any]) -> set[str]:
    """Return the names of all schemas that a part of the document needs."""
    found: set[str] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = str(one.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found
