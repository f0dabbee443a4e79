"""Predictions of validated houses by a bundle's model.

The columns of all houses are built once, and the model is called with many at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.golden import FSD_DECIMALS, OUTPUTS, PRICE_DECIMALS, largest_difference
from houseprice.bundle.load import BLOCK, Bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_layout import ColumnLayout, Columns
from houseprice.serving.prediction import GoldenRowCheck, Prediction, PredictionWarning, confidences
from houseprice.serving.prediction_warnings import WarningDetector
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import InvalidRequestError

HEALTH_SECONDS = 0.1
"""How long the check of a golden row is good for."""
Count = Callable[[Sequence[Prediction]], None]


@dataclass(frozen=True)
class Scores:
    """The numbers of many predictions in the decimals of answers, one a house in each; house → its warnings, if any."""

    prices: list[float]
    lows: list[float]
    highs: list[float]
    deviations: list[float]
    confidences: list[float]
    warnings: Mapping[int, Sequence[PredictionWarning]]


class Scorer:
    """A model that predicts validated houses.

    Attributes:
        manifest: the bundle's manifest.
        request: validates houses.

    `count` is called with all predictions but those of golden rows.
    """

    def __init__(self, bundle: Bundle, count: Count | None = None) -> None:
        self._count = count
        schema, rows = bundle.manifest.schema_, bundle.golden["rows"]
        self.manifest = bundle.manifest
        if foreign := sorted(set(bundle.model.inputs) - set(schema.request)):
            raise ArtifactError(
                f'The model in "{bundle.directory}" asks for {", ".join(foreign)}; expected columns of a request only; '
                "seal the folder again with `houseprice bundle`."
            )
        self.request = RequestModel(schema, example=rows[0] if rows else None)
        try:
            self._golden = self.request.validate(rows)
        except InvalidRequestError as err:
            raise ArtifactError(
                f'A golden row in "{bundle.directory}" breaks its own schema ({err}); expected houses that '
                "can be priced; seal the folder again with `houseprice bundle`."
            ) from err
        self._expected = [[float(answer[name]) for name in OUTPUTS] for answer in bundle.golden["answers"]]
        self._tolerance = float(bundle.golden["tolerance"])
        self._health: GoldenRowCheck | None = None
        self._health_until = 0.0
        self._model = bundle.model
        self._layout = ColumnLayout(bundle)
        self._warnings = WarningDetector(bundle, self._layout)

    def score(self, houses: Sequence[House]) -> list[Prediction]:
        """Return the prediction of each house, in their order.

        Raises:
            ServingError: The model failed, or returned a price that is not finite.
        """
        if not houses:
            return []
        columns = self._layout.fill(houses)
        prices, lows, highs, deviations = _rounded(self._answer(columns))
        coverage, currency = repeat(self.manifest.coverage), repeat(self.manifest.project["currency"])
        days, warnings = self._layout.valuation_days(houses), self._warnings.detect(columns)
        intervals, scores, version = (
            zip(lows, highs, strict=True),
            confidences(deviations),
            repeat(self.manifest.model_version),
        )
        rows = prices, intervals, coverage, deviations, scores, currency, days, warnings, version
        predictions = list(map(Prediction, *rows))
        if self._count:
            self._count(predictions)
        return predictions

    def score_columns(self, values: Mapping[str, Sequence[Any]], houses: int) -> Scores:
        """Return the predictions of many houses, from column name → their validated values; they are not counted.

        Raises:
            ServingError: The model failed, or returned a price that is not finite.
        """
        columns = self._layout.fill_columns(values, houses)
        prices, lows, highs, deviations = _rounded(self._answer(columns))
        return Scores(prices, lows, highs, deviations, confidences(deviations), self._warnings.find(columns))

    def score_blocks(self, houses: Sequence[House]) -> Iterator[list[Prediction]]:
        """Yield the predictions of many houses, in blocks of their order.

        Raises:
            ServingError: The model failed, or returned a price that is not finite.
        """
        for start in range(0, len(houses), BLOCK):
            checkpoint()
            yield self.score(houses[start : start + BLOCK])

    def prices(self, houses: Sequence[House]) -> npt.NDArray[np.float64]:
        """Return the prices of some houses, which are not counted as predictions.

        Raises:
            ServingError: The model failed, or returned a price that is not finite.
        """
        prices: npt.NDArray[np.float64] = self._answer(self._layout.fill(houses))[0]
        return prices

    def check_health(self) -> GoldenRowCheck:
        """Predict the first golden row again, or return what it gave a moment ago: probes may come by the thousand.

        Raises:
            ServingError: As `check_golden_rows`.
        """
        now = time.monotonic()
        if self._health is None or now > self._health_until:
            self._health = None
            self._health = self.check_golden_rows(1)[0]
            self._health_until = now + HEALTH_SECONDS
        return self._health

    def check_golden_rows(self, count: int | None = None) -> list[GoldenRowCheck]:
        """Predict the first golden rows again, all by default, and compare with the stored predictions.

        Raises:
            ServingError: The model failed, or there are no golden rows.
        """
        houses = self._golden[:count]
        if not houses:
            raise ServingError(
                "The bundle has no golden row to check the model with; build it again with `houseprice bundle`."
            )
        expected = self._expected[: len(houses)]
        found = self._answer(self._layout.fill(houses)).T.tolist()
        return [
            GoldenRowCheck(round(was[0], 2), round(now[0], 2), largest_difference(now, was)[0], self._tolerance)
            for was, now in zip(expected, found, strict=True)
        ]

    def _answer(self, columns: Columns) -> npt.NDArray[np.float64]:
        """Return price, low, high and FSD, a row each."""
        try:
            answers = self._model.predict(self._layout.named(columns))
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ServingError(f"The model failed: {err}. Restart the server, or build the bundle again.") from err
        found = np.array((answers.price, answers.low, answers.high, answers.fsd))
        if not np.isfinite(found).all():
            raise ServingError("The model returned a price that is not finite; build the bundle again.")
        return found


def _rounded(found: npt.NDArray[np.float64]) -> list[list[float]]:
    """Return price, low, high and FSD in the decimals of answers."""
    return [*np.round(found[:3], PRICE_DECIMALS).tolist(), np.round(found[3], FSD_DECIMALS).tolist()]
