"""Similarity coordinates of houses, by a small graph beside the model's."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault(
    "ORT_DISABLE_TELEMETRY", "1"
)  # read when onnxruntime is imported, which sends telemetry otherwise
import onnxruntime as ort

from houseprice.errors import ArtifactError

Floats = npt.NDArray[np.float64]


class Similarity:
    """The exported similarity graph.

    A distance d between the coordinates of two houses is a price difference of about 100 × d %.
    """

    OUTPUTS = ("coordinates", "trend")

    def __init__(self, content: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as err:  # onnxruntime raises unrelated classes of its own
            raise ArtifactError(
                f"The similarity graph of the bundle cannot be loaded ({err}). Install the locked requirements, or "
                "export the model again with `houseprice bundle`.",
                code="graph_not_runnable",
            ) from err
        self.inputs = {i.name: i.type == "tensor(string)" for i in self._session.get_inputs()}

    def coordinates(self, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Floats, Floats]:
        """Return the coordinates [coordinates, houses], and the market trend of each house in log price."""
        feeds = {
            name: np.asarray(columns[name], dtype=object if is_text else np.float64)
            for name, is_text in self.inputs.items()
        }
        coordinates, trend = self._session.run(self.OUTPUTS, feeds)
        return coordinates, trend
