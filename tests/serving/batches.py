"""Houses written in every format, answers read from every format, and how they are sent."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import anyio
import httpx
from fastapi import FastAPI

from houseprice.serving.request import House

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
GERMAN = 'text/csv; delimiter=";"; decimal=","'
ALL = (JSON, NDJSON, CSV, GERMAN)


def send(
    app: FastAPI, body: bytes | Iterable[bytes], kind: str, accept: str | None = None, path: str = "/batch-predict"
) -> httpx.Response:
    """Send a body, whole or in parts, and give the answer back."""

    async def parts() -> AsyncIterator[bytes]:
        for part in body:
            assert isinstance(part, bytes)
            yield part

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
            headers = {"Content-Type": kind, **({"Accept": accept} if accept is not None else {})}
            content = body if isinstance(body, bytes) else parts()
            return await client.post(path, content=content, headers=headers)

    return anyio.run(ask)


def lines(houses: Iterable[Any]) -> bytes:
    """Write a line of JSON for each house."""
    return b"".join(json.dumps(house).encode() + b"\n" for house in houses)


def separated(houses: list[House], delimiter: str = ",", decimal: str = ".") -> bytes:
    """Write a CSV."""
    sink = io.StringIO(newline="")
    names = list(dict.fromkeys(name for house in houses for name in house))
    writer = csv.writer(sink, delimiter=delimiter)
    writer.writerow(names)
    for house in houses:
        cells = [house.get(name) for name in names]
        writer.writerow([str(cell).replace(".", decimal) if isinstance(cell, float) else cell for cell in cells])
    return sink.getvalue().encode()


def write(houses: list[House], kind: str) -> bytes:
    """Write houses in a format."""
    match kind:
        case "application/json":
            return json.dumps(houses).encode()
        case "application/x-ndjson":
            return lines(houses)
        case "text/csv":
            return separated(houses)
    return separated(houses, ";", ",")


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    """Read a table of answers; numbers of a CSV are texts."""
    kind = answer.headers["content-type"]
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), delimiter=";" if '";"' in kind else ","))


def prices(answer: httpx.Response) -> list[tuple[Any, ...]]:
    """Read price, interval, FSD, confidence and warnings of each house from an answer of any format."""
    kind = answer.headers["content-type"]
    if kind in (JSON, NDJSON):
        found = answer.json()["predictions"] if kind == JSON else [json.loads(line) for line in answer.iter_lines()]
        return [
            (
                house["predicted_price"],
                *house["prediction_interval"],
                house["fsd"],
                house["confidence"],
                "; ".join(warning["message"] for warning in house["warnings"]),
            )
            for house in found
        ]
    names = ("predicted_price", "interval_low", "interval_high", "fsd", "confidence")
    number = [tuple(float(str(row[name]).replace(",", ".")) for name in names) for row in rows(answer)]
    return [(*numbers, row["warnings"]) for numbers, row in zip(number, rows(answer), strict=True)]
