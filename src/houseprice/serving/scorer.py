"""Checked houses in, predictions out: the one core behind every way of asking.

Columns are made once for all houses of a request, and the model is asked for many at a time.
"""

from collections.abc import Callable, Sequence

import numpy as np

from houseprice.bundle.load import Bundle, Predictions
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.column_layout import Columns, Layout
from houseprice.serving.prediction import Prediction, Proof
from houseprice.serving.prediction_warnings import Cautions
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import RefusedError

_ANSWERS = ("predicted_price", "interval_low", "interval_high")


Counted = Callable[[Sequence[Prediction]], None]


class Scorer:
    """A sealed model, ready to be asked.

    Attributes:
        manifest: what the model says about itself.
        request: the rules that houses are checked by.

    `counted` is told of all predictions, the golden rows' apart.
    """

    def __init__(self, bundle: Bundle, counted: Counted | None = None) -> None:
        self._counted = counted
        schema, rows = bundle.manifest.schema_, bundle.golden["rows"]
        self.manifest = bundle.manifest
        if foreign := sorted(set(bundle.model.inputs) - set(schema.request)):
            raise ArtifactError(
                f'The model in "{bundle.directory}" asks for {", ".join(foreign)}; expected columns of a request only; '
                "seal the folder again with `houseprice bundle`."
            )
        self.request = RequestModel(schema, example=rows[0] if rows else None)
        try:
            self._golden = self.request.rows(rows)
        except RefusedError as err:
            raise ArtifactError(
                f'A golden row in "{bundle.directory}" breaks its own schema ({err}); expected houses that '
                "can be priced; seal the folder again with `houseprice bundle`."
            ) from err
        self._expected = np.array([[answer[name] for name in _ANSWERS] for answer in bundle.golden["answers"]])
        self._tolerance = float(bundle.golden["tolerance"])
        self._model = bundle.model
        self._layout = Layout(bundle)
        self._cautions = Cautions(bundle, self._layout)

    def score(self, houses: Sequence[House]) -> list[Prediction]:
        """Give back the prediction of each checked house, in their order.

        Raises:
            ServingError: the model failed, or gave a price that is no number.
        """
        if not houses:
            return []
        columns = self._layout.fill(houses)
        answers = self._answer(columns)
        prices, lows, highs = (np.round(part, 2).tolist() for part in (answers.price, answers.low, answers.high))
        always = self.manifest.coverage, self.manifest.project["currency"]
        version = self.manifest.model_version
        day = self._layout.valuation_date
        predictions = [
            Prediction(price, (low, high), *always, day(house).isoformat(), cautions, version)
            for house, price, low, high, cautions in zip(
                houses, prices, lows, highs, self._cautions.about(columns), strict=True
            )
        ]
        if self._counted:
            self._counted(predictions)
        return predictions

    def prove(self, count: int | None = None) -> list[Proof]:
        """Ask for the first golden rows again, all by default, and compare with the answers that were sealed.

        Raises:
            ServingError: the model failed, or there is nothing to compare with.
        """
        houses = self._golden[:count]
        if not houses:
            raise ServingError(
                "The sealed model holds no golden row; expected at least one to test it with; seal it again."
            )
        expected = self._expected[: len(houses)]
        answers = self._answer(self._layout.fill(houses))
        found = np.stack([answers.price, answers.low, answers.high], axis=1)
        differences = (np.abs(found - expected) / np.maximum(np.abs(expected), 1.0)).max(axis=1)
        rows = zip(expected[:, 0].tolist(), found[:, 0].tolist(), differences.tolist(), strict=True)
        return [Proof(round(was, 2), round(now, 2), difference, self._tolerance) for was, now, difference in rows]

    def _answer(self, columns: Columns) -> Predictions:
        try:
            answers = self._model.predict(self._layout.named(columns))
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ServingError(f"The model failed ({err}); expected a price; start again, or seal it again.") from err
        if not np.isfinite(answers.price + answers.low + answers.high).all():
            raise ServingError("The model answered with something that is no number; expected a price; seal it again.")
        return answers
