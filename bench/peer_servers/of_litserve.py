"""A house in, a price out: pickles and a DataFrame behind LitServe.

HOUSEPRICE_TRAINED=models/trained python bench/peer_servers/of_litserve.py 8000
"""

import os
import sys
from pathlib import Path
from typing import Any

import litserve
from pair import Pair


class Prices(litserve.LitAPI):
    """Prices one house a request."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's form
        """Load the pair once a worker."""
        self.pair = Pair(Path(os.environ["HOUSEPRICE_TRAINED"]))

    def decode_request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the house as it came."""
        return request

    def predict(self, x: dict[str, Any]) -> dict[str, float]:
        """Return price and interval."""
        return self.pair.one(x)

    def encode_response(self, output: dict[str, float]) -> dict[str, float]:
        """Return the answer as it is."""
        return output


if __name__ == "__main__":
    server = litserve.LitServer(Prices(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
