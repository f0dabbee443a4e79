"""Micro-batching: houses of concurrent requests share model calls.

One model call for many houses costs hardly more than one for a single house. Houses whose requests are read in the
same iteration of the event loop are predicted by one call: no request waits for others to arrive, and each gets the
predictions of its own houses. Every route asks the model through here.

When one request came alone for several times, the next ones are predicted without waiting for that iteration, and now
and then one is made to wait, to find out whether it still comes alone.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from houseprice.serving.prediction import Prediction
from houseprice.serving.prediction_spool import PredictionSpool
from houseprice.serving.request import House
from houseprice.serving.request_context import current_scope
from houseprice.serving.scorer import Scorer

MAX_BATCH_SIZE = 32
"""Houses in one shared model call; more are not cheaper per house."""

ALONE, PROBE = 8, 16
"""After so many houses that came alone the next ones do not wait, but for each so manieth."""

Pending = tuple[Sequence[House], asyncio.Future[list[Prediction]]]


class MicroBatcher:
    """Collects the houses of concurrent requests for the next model call.

    Attributes:
        scorer: the model that predicts.
        spool: records predictions, where they are stored.
    """

    def __init__(self, scorer: Scorer, spool: PredictionSpool | None = None) -> None:
        self.scorer, self.spool = scorer, spool
        self._pending: list[Pending] = []
        self._alone = 0

    async def predict(self, house: House) -> Prediction:
        """Return the prediction of one validated house, without recording it.

        Raises:
            ServingError: the model failed for this house.
        """
        if self._alone >= ALONE and self._alone % PROBE and not self._pending:
            self._alone += 1
            (prediction,) = self.scorer.score([house])
        else:
            (prediction,) = await self._enqueue([house])
        return prediction

    async def predict_many(self, houses: Sequence[House]) -> list[Prediction]:
        """Return the predictions of a few validated houses of one request, in their order.

        Raises:
            ServingError: the model failed for one of them.
        """
        if not houses:
            return []
        predictions = await self._enqueue(houses)
        if self.spool:
            self.spool.record_many(houses, predictions, current_scope())
        return predictions

    def predict_blocks(self, houses: Sequence[House], scope: dict[str, Any]) -> Iterator[list[Prediction]]:
        """Yield the predictions of many houses in blocks, without waiting for others; called by any thread.

        Raises:
            ServingError: the model failed.
        """
        blocks = self.scorer.score_blocks(houses)
        return self.spool.record_blocks(houses, blocks, scope) if self.spool else blocks

    def _enqueue(self, houses: Sequence[House]) -> asyncio.Future[list[Prediction]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Prediction]] = loop.create_future()
        self._pending.append((houses, future))
        if len(self._pending) == 1:
            # One more iteration: what the sockets hold by now is read before the call.
            loop.call_soon(loop.call_soon, self._flush)
        return future

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        self._alone = self._alone + 1 if len(pending) == 1 else 0
        batch: list[Pending] = []
        size = 0
        for houses, future in pending:
            if future.done():  # its request was cancelled
                continue
            if size + len(houses) > MAX_BATCH_SIZE:
                self._predict(batch)
                batch, size = [], 0
            batch.append((houses, future))
            size += len(houses)
        if batch:
            self._predict(batch)

    def _predict(self, batch: list[Pending]) -> None:
        try:
            predictions = self.scorer.score([house for houses, _ in batch for house in houses])
        except Exception as err:  # noqa: BLE001 - passed on to the requests that wait
            if len(batch) == 1:
                batch[0][1].set_exception(err)
                return
            for request in batch:  # one by one, so that a failing house fails its own request only
                self._predict([request])
            return
        start = 0
        for houses, future in batch:
            future.set_result(predictions[start : start + len(houses)])
            start += len(houses)
