"""A house in, a price out: pickles and a DataFrame behind BentoML.

cd bench/peer_servers && HOUSEPRICE_TRAINED=models/trained python -m bentoml serve of_bentoml:Prices
"""

import os
from pathlib import Path
from typing import Any

import bentoml
from pair import Pair


@bentoml.service(workers=1)
class Prices:
    """Prices one house a request."""

    def __init__(self) -> None:
        self.pair = Pair(Path(os.environ["HOUSEPRICE_TRAINED"]))

    @bentoml.api
    def predict(self, house: dict[str, Any]) -> dict[str, float]:
        """Return price and interval."""
        return self.pair.one(house)
