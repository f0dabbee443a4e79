"""A sealed folder whose prices can be worked out by hand, with a column of every kind; and who asks for them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import onnx.parser
from fastapi import FastAPI

from houseprice.bundle import manifest as manifests
from houseprice.bundle import sales_store
from houseprice.schema import Schema
from houseprice.serving.request import House

MOST_HOUSES = 100
MOST_BYTES = 100_000
COLUMNS: dict[str, dict[str, Any]] = {
    "parcel": {"kind": "category", "role": "parcel", "description": "Number of the parcel"},
    "sold": {
        "kind": "date",
        "role": "sale_date",
        "known": "at_sale",
        "minimum": date(1900, 1, 1),
        "maximum": date(2100, 1, 1),
        "description": "Day of the sale",
    },
    "price": {"kind": "number", "role": "target", "known": "at_sale", "unit": "EUR", "description": "Price"},
    "living area": {"kind": "number", "unit": "sq m", "minimum": 10, "maximum": 5000, "description": "Living area"},
    "rooms": {"kind": "integer", "minimum": 0, "maximum": 50, "description": "Number of rooms"},
    "lot": {"kind": "number", "required": False, "minimum": 0, "description": "Area of the lot"},
    "zip": {"kind": "category", "description": "Postal code"},
    "heating": {"kind": "category", "required": False, "levels": ["gas", "oil"], "description": "Heating"},
    "grade": {"kind": "ordinal", "levels": [1, 2, 3, 5], "description": "Grade"},
    "state": {"kind": "ordinal", "required": False, "levels": ["poor", "good"], "description": "State"},
    "pool": {"kind": "flag", "required": False, "description": "Whether it has a pool"},
}
REFERENCE: dict[str, dict[str, Any]] = {
    "sold": {"minimum": "2014-05-02", "maximum": "2015-05-27", "blank_share": 0.0, "importance": 0.1},
    "living area": {"minimum": 30.0, "maximum": 900.0, "blank_share": 0.0, "importance": 0.5},
    "rooms": {"minimum": 1, "maximum": 12, "blank_share": 0.0, "importance": 0.1},
    "lot": {"minimum": 100.0, "maximum": 9000.5, "blank_share": 0.1, "importance": 0.04},
    "zip": {"levels": {"98039": 7, "98178": 9}, "blank_share": 0.0, "importance": 0.1},
    "heating": {"levels": {"gas": 8, "oil": 8}, "blank_share": 0.2, "importance": 0.02},
    "grade": {"minimum": 1, "maximum": 5, "blank_share": 0.0, "importance": 0.1},
    "state": {"levels": {"good": 8, "poor": 8}, "blank_share": 0.2, "importance": 0.001},
    "pool": {"minimum": 0, "maximum": 1, "blank_share": 0.5, "importance": 0.001},
}
GRAPH = """
<ir_version: 10, opset_import: ["" : 21]>
price (double[n] sold, double[n] living_area, double[n] rooms, double[n] lot, string[n] zip, string[n] heating,
       double[n] grade, string[n] state, double[n] pool)
  => (double[n] predicted_price, double[n] interval_low, double[n] interval_high, double[n] fsd,
      double[n] tree_price, double[n] kernel_ridge_price)
<double zero = {0}, double area = {1000}, double room = {2000}, double step = {5000}, double wet = {3000},
 double day = {10}, double from = {16000}, string best = {"98039"}, double location = {50000}, string gas = {"gas"},
 double warm = {300}, string good = {"good"}, double fine = {400}, double less = {0.8}, double more = {1.25},
 double deviation = {0.125}, double dearer = {1.1}, double cheaper = {0.88}>
{
  a = Mul(living_area, area)
  b = Mul(rooms, room)
  c = Mul(grade, step)
  d0 = IsNaN(lot)
  d = Where(d0, zero, lot)
  e0 = IsNaN(pool)
  e1 = Where(e0, zero, pool)
  e = Mul(e1, wet)
  f0 = Sub(sold, from)
  f = Mul(f0, day)
  g0 = Equal(zip, best)
  g1 = Cast<to = 11>(g0)
  g = Mul(g1, location)
  h0 = Equal(heating, gas)
  h1 = Cast<to = 11>(h0)
  h = Mul(h1, warm)
  i0 = Equal(state, good)
  i1 = Cast<to = 11>(i0)
  i = Mul(i1, fine)
  predicted_price = Sum(a, b, c, d, e, f, g, h, i)
  interval_low = Mul(predicted_price, less)
  interval_high = Mul(predicted_price, more)
  nothing = Mul(predicted_price, zero)
  fsd = Add(nothing, deviation)
  tree_price = Mul(predicted_price, dearer)
  kernel_ridge_price = Mul(predicted_price, cheaper)
}
"""
LIKENESS = """
<ir_version: 10, opset_import: ["" : 21]>
similarity (double[n] sold, double[n] living_area, double[n] rooms, string[n] zip)
  => (double[3, n] coordinates, double[n] trend)
<double one = {0.01}, double two = {0.02}, double half = {0.5}, double from = {16000}, double day = {0.001},
 string best = {"98039"}, int64[2] flat = {1, -1}>
{
  a0 = Mul(living_area, one)
  a = Reshape(a0, flat)
  b0 = Mul(rooms, two)
  b = Reshape(b0, flat)
  c0 = Equal(zip, best)
  c1 = Cast<to = 11>(c0)
  c2 = Mul(c1, half)
  c = Reshape(c2, flat)
  coordinates = Concat<axis = 0>(a, b, c)
  t = Sub(sold, from)
  trend = Mul(t, day)
}
"""
COORDINATES = {"living area": ["living area"], "rooms": ["rooms"], "zip_effect": ["zip"]}
MARKET_INDEX = {"2014-10": 0.0, "2014-11": 0.031, "2014-12": 0.061, "2015-05": 0.212, "2015-06": 0.243}
"""As the trend says, with a gap; the last month is after the newest sale."""
FULL: House = {
    "sold": "2014-10-13",
    "living area": 120.5,
    "rooms": 4,
    "lot": 500.0,
    "zip": "98178",
    "heating": "gas",
    "grade": 3,
    "state": "good",
    "pool": 1,
}
LEAST: House = {"living area": 80.0, "rooms": 3, "zip": "98039", "grade": 1}
BACKGROUND: list[House] = [
    {**FULL, "living area": 100.0, "rooms": 3, "sold": "2014-10-13"},
    {**FULL, "living area": 90.0, "zip": "98039", "sold": "2014-12-01", "pool": 0},
    {**LEAST, "sold": "2015-01-30", "heating": "oil", "state": "poor", "lot": 800.0},
]
SOLD = {
    "sold": np.array([16356.0, 16400.0, 16500.0, 16582.0]),
    "living area": np.array([120.5, 118.0, 80.0, 300.0]),
    "rooms": np.array([4.0, 4.0, 3.0, 9.0]),
    "lot": np.array([500.0, np.nan, 700.0, 9000.5]),
    "zip": np.array(["98178", "98178", "98039", "98039"], dtype=object),
    "heating": np.array(["gas", "", "oil", "gas"], dtype=object),
    "grade": np.array([3.0, 2.0, 1.0, 5.0]),
    "state": np.array(["good", "", "poor", "good"], dtype=object),
    "pool": np.array([1.0, np.nan, 0.0, 1.0]),
}
PAID = np.array([151000.0, 149000.0, 140000.0, 400000.25])
FULL_PRICE = 120.5 * 1000 + 4 * 2000 + 500 + 300 + 3 * 5000 + 400 + 3000 + (16356 - 16000) * 10
FSD = 0.125
LEAST_PRICE = 80 * 1000 + 3 * 2000 + 50000 + 5000 + (16582 - 16000) * 10


def graph() -> bytes:
    """Return the bytes of the model."""
    model = onnx.parser.parse_model(GRAPH)
    model.graph.input[1].name = "living area"  # names are data: they need not be Python's
    model.graph.node[0].input[0] = "living area"
    return bytes(model.SerializeToString())


def similarity() -> bytes:
    """Return the bytes of the graph that tells how alike houses are."""
    model = onnx.parser.parse_model(LIKENESS)
    model.graph.input[1].name = "living area"
    model.graph.node[0].input[0] = "living area"
    return bytes(model.SerializeToString())


def answer(price: float) -> dict[str, float]:
    """Return what the model answers beside a price."""
    return {"predicted_price": price, "interval_low": price * 0.8, "interval_high": price * 1.25, "fsd": FSD}


def seal(directory: Path, changes: dict[str, Any] | None = None, **said: Any) -> Path:
    """Write a folder that is sealed honestly, with some contents or parts of its manifest of another kind."""
    contents = {
        manifests.MODEL: graph(),
        manifests.GOLDEN: {
            "tolerance": 1e-4,
            "rows": [FULL, LEAST],
            "answers": [answer(FULL_PRICE), answer(LEAST_PRICE)],
        },
        manifests.REFERENCE: REFERENCE,
        manifests.SAMPLE: {"rows": [], "prices": [], "answers": [], "log_rmse": 0.0},
        manifests.MODEL_CARD: b"# A model to work out by hand\n",
        manifests.SIMILARITY: similarity(),
        manifests.SALES: sales_store.pack(SOLD, PAID),
        manifests.EXPLANATION: {"background": BACKGROUND, "coordinates": COORDINATES, "market_index": MARKET_INDEX},
        **(changes or {}),
    }
    files = {k: v if isinstance(v, bytes) else manifests.canonical(v) for k, v in contents.items()}
    manifest = manifests.Manifest.model_validate(
        {
            "model_version": "0123456789ab",
            "project": {"name": "toy", "currency": "EUR"},
            "files": {name: manifests.sha256(content) for name, content in files.items()},
            "sources": {},
            "feature_table_sha256": "0" * 64,
            "schema": Schema.model_validate({"columns": COLUMNS}),
            "reference_date": "2015-05-27",
            "fitted_on": "all sales",
            "functional": "median",
            "smearing_factor": 1.01,
            "coverage": 0.9,
            "max_fsd": 0.25,
            "metrics": {"holdout": {"log_rmse": 0.17}},
            "verdict": {"log_rmse": {"passed": True, "found": 0.17, "required": "at most 0.2"}},
            "hashes": {"commit": "0" * 40},
            "libraries": {"onnxruntime": "1.20.0"},
            **said,
        }
    )
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, manifests.NAME: manifests.write(manifest)}.items():
        (directory / name).write_bytes(content)
    return directory


def altered_golden() -> dict[str, Any]:
    """Return golden rows whose stored answers are not the model's."""
    wrong = {"predicted_price": 1.0, "interval_low": 1.0, "interval_high": 1.0, "fsd": 1.0}
    return {manifests.GOLDEN: {"tolerance": 1e-4, "rows": [FULL], "answers": [wrong]}}


class Client:
    """Asks an application without a network; what goes wrong inside comes out as 500, as it would over one."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask for a path."""
        return self.ask("GET", path, headers=headers or {})

    def post(
        self, path: str, body: Any, kind: str | None = "application/json", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send bytes as they are, and anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"Content-Type": kind} if kind else {}
        return self.ask("POST", path, content=content, headers=told | (headers or {}))

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask in any way."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
                return await client.request(method, path, **given)

        return anyio.run(ask)
