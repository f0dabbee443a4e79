"""Columns of houses in, where each stands in the model's own terms out, by a small graph beside the model's."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when onnxruntime is imported, which otherwise reports home
import onnxruntime as ort

from houseprice.errors import ArtifactError

Floats = npt.NDArray[np.float64]


class Similarity:
    """The exported graph of what makes houses alike, ready to answer.

    Two houses whose coordinates are d apart differ by about 100 × d % of a price, if all their differences added up.
    """

    OUTPUTS = ("coordinates", "trend")

    def __init__(self, content: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ArtifactError(
                f"The sealed graph of similarity cannot be run here ({err}); expected a graph for this onnxruntime; "
                "install the locked requirements, or seal the folder again with `houseprice bundle`."
            ) from err
        self.inputs = {i.name: i.type == "tensor(string)" for i in self._session.get_inputs()}

    def place(self, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Floats, Floats]:
        """Return coordinates [coordinates, houses], and the log of the market's level on each one's day."""
        feeds = {
            name: np.asarray(columns[name], dtype=object if is_text else np.float64)
            for name, is_text in self.inputs.items()
        }
        coordinates, trend = self._session.run(self.OUTPUTS, feeds)
        return coordinates, trend
