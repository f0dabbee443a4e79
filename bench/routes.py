"""One house by every route and protocol, as requests, to compare what each costs the server."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from load import post, request

House = dict[str, Any]


def single_house_requests(model: str, houses: Sequence[House]) -> dict[str, list[bytes]]:
    """Return title → one request per house, `/predict` first; all ask for the same predictions."""
    infer = f"/v2/models/{model}/infer"
    return {
        "/predict": [post("/predict", house) for house in houses],
        "/predict, charset=utf-8": [
            request("/predict", _json(house), "application/json; charset=utf-8") for house in houses
        ],
        "/predict with a query string": [post("/predict?client=bench", house) for house in houses],
        "/batch-predict, JSON": [post("/batch-predict", [house]) for house in houses],
        "/batch-predict, NDJSON": [
            request("/batch-predict", _json(house) + b"\n", "application/x-ndjson") for house in houses
        ],
        "/batch-predict, CSV": [request("/batch-predict", _csv(house), "text/csv") for house in houses],
        "/invocations, dataframe_records": [post("/invocations", {"dataframe_records": [house]}) for house in houses],
        "/invocations, dataframe_split": [
            post("/invocations", {"dataframe_split": {"columns": list(house), "data": [list(house.values())]}})
            for house in houses
        ],
        "/invocations, CSV": [request("/invocations", _csv(house), "text/csv") for house in houses],
        "v1 :predict": [post(f"/v1/models/{model}:predict", {"instances": [house]}) for house in houses],
        "v2 infer": [post(infer, {"inputs": _tensors(house)}) for house in houses],
    }


def explain_requests(houses: Sequence[House], varied: Sequence[str]) -> dict[str, list[bytes]]:
    """Return title → one request per house, to what explains a price; `varied` are two columns of numbers."""
    one, other = varied
    few, many = {one: None}, {one: 20, other: list(range(5000, 7000, 100))}
    return {
        "/explain": [post("/explain", house) for house in houses],
        "/comparables": [post("/comparables", house) for house in houses],
        "/comparables?k=20": [post("/comparables?k=20", house) for house in houses],
        "/history": [post("/history", house) for house in houses],
        "/what-if, 11 points": [post("/what-if", {"house": house, "vary": few}) for house in houses],
        "/what-if, 400 points": [post("/what-if", {"house": house, "vary": many}) for house in houses],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _csv(house: House) -> bytes:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([house.keys(), house.values()])
    return lines.getvalue().encode()


def _tensors(house: Mapping[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "BYTES", bool: "BOOL", int: "INT64", float: "FP64"}
    return [
        {"name": name, "datatype": kinds[type(value)], "shape": [1], "data": [value]} for name, value in house.items()
    ]
