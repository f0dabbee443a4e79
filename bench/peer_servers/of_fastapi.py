"""A house in, a price out: pickles and a DataFrame behind FastAPI, as it is most often taught.

HOUSEPRICE_TRAINED=models/trained python -m uvicorn of_fastapi:app --app-dir bench/peer_servers
"""

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pair import Pair

app = FastAPI()
_pair = Pair(Path(os.environ["HOUSEPRICE_TRAINED"]))


@app.post("/predict")
def predict(house: dict[str, Any]) -> dict[str, float]:
    """Return price and interval."""
    return _pair.one(house)
