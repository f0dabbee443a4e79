"""A plain FastAPI server of the exported ONNX model: good code, written in ten minutes, one model call per request.

HOUSEPRICE_BUNDLE=models/bundle python -m uvicorn of_sketch:app --app-dir bench/peer_servers
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel, create_model

FOLDER = Path(os.environ["HOUSEPRICE_BUNDLE"])
KINDS: dict[str, Any] = {"number": float, "integer": int, "flag": bool, "date": date, "category": str, "ordinal": int}
EPOCH = date(1970, 1, 1)

manifest = json.loads((FOLDER / "manifest.json").read_text())
columns = manifest["schema"]["columns"]
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession((FOLDER / "model.onnx").read_bytes(), options, providers=["CPUExecutionProvider"])
inputs = {i.name: i.type == "tensor(string)" for i in session.get_inputs()}
House: type[BaseModel] = create_model("House", **{name: (KINDS[columns[name]["kind"]] | None, None) for name in inputs})


class Prediction(BaseModel):
    """Price and interval."""

    predicted_price: float
    prediction_interval: tuple[float, float]


def _number(value: Any) -> float:
    if isinstance(value, date):
        return float((value - EPOCH).days)
    return np.nan if value is None else float(value)


def predict_houses(houses: list[Any]) -> list[Prediction]:
    """Return the predictions of some houses by one model call."""
    rows = [house.model_dump() for house in houses]
    feeds = {
        name: np.array([row[name] or "" for row in rows], dtype=object)
        if is_text
        else np.array([_number(row[name]) for row in rows])
        for name, is_text in inputs.items()
    }
    answers = session.run(["predicted_price", "interval_low", "interval_high"], feeds)
    return [
        Prediction(predicted_price=price, prediction_interval=(low, high))
        for price, low, high in zip(*(answer.tolist() for answer in answers), strict=True)
    ]


app = FastAPI()


@app.post("/predict")
async def predict(house: House) -> Prediction:  # type: ignore[valid-type]
    """Return the prediction of one house."""
    return predict_houses([house])[0]
