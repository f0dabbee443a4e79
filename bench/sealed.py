"""Sealed folder in, houses to ask about and times of the bare graph out: what a server cannot be faster than."""

import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from houseprice.bundle.load import Bundle
from houseprice.errors import DataError
from houseprice.learning.bundling import read_sales
from processes import SERVER_CORE, pinned

House = dict[str, Any]
Feeds = dict[str, Any]


def houses(bundle: Bundle, cleaned: Path, count: int) -> list[House]:
    """Return so many houses as a request holds them: of the processed table, else the sealed sample in turn."""
    schema = bundle.manifest.schema_
    try:
        sales = read_sales(cleaned, schema).head(count).select(*schema.request)
    except DataError:
        return list(islice(cycle(bundle.sample["rows"]), count))
    days = [name for name, column in schema.request.items() if column.kind == "date"]
    rows = [{name: value for name, value in row.items() if value is not None} for row in sales.to_dicts()]
    for row in rows:
        row.update({name: row[name].isoformat() for name in days if name in row})
    return list(islice(cycle(rows), count))


def feeds_of(bundle: Bundle, rows: list[House]) -> Feeds:
    """Return the arrays that the model takes."""
    columns = bundle.manifest.schema_.columns
    feeds: Feeds = {}
    for name, is_text in bundle.model.inputs.items():
        values = [row.get(name) for row in rows]
        if is_text:
            feeds[name] = np.array(["" if value is None else str(value) for value in values], dtype=object)
        elif columns[name].kind == "date":
            days = np.array([value or "NaT" for value in values], dtype="datetime64[D]")
            feeds[name] = np.where(np.isnat(days), np.nan, days.astype(np.float64))
        else:
            feeds[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return feeds


def seconds_of_one_row(bundle: Bundle, rows: list[House], seconds: float) -> float:
    """Time bare `session.run` of one row on the server's core, feeds made before: return the mean."""
    with pinned(SERVER_CORE):
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        content = (bundle.directory / "model.onnx").read_bytes()
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        feeds = [feeds_of(bundle, [row]) for row in rows]
        names = list(bundle.model.OUTPUTS)
        for feed in feeds:
            session.run(names, feed)
        done, begun = 0, time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds:
            for feed in feeds:
                session.run(names, feed)
            done += len(feeds)
    return passed / done


def rate_of_batch(bundle: Bundle, rows: list[House]) -> float:
    """Time the bare model with many rows on the server's core: return rows a second."""
    feeds = feeds_of(bundle, rows)
    with pinned(SERVER_CORE):
        bundle.model.predict(feeds)
        begun = time.perf_counter()
        bundle.model.predict(feeds)
        return len(rows) / (time.perf_counter() - begun)
