"""A shadow model: it predicts the houses that the live model was asked for, is stored beside it and never served.

It reads the spool by itself, with a position of its own, so that neither its slowness nor its failure holds up what the
live model answered. When it falls too far behind, what waits for it is skipped and counted.
"""

import logging
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from houseprice.bundle.load import BLOCK, open_bundle
from houseprice.errors import HousePriceError, ServingError, StoreError
from houseprice.recording.connection import StoreConnection, retried
from houseprice.recording.options import Options
from houseprice.recording.records import read_records, stored_inputs
from houseprice.recording.status import Status
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import RequestModel
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError
from houseprice.spool.reader import SpoolReader
from houseprice.store import StoredPrediction

PREFIX = "shadow:"
"""Of its positions in the database."""
IDLE_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Shadow:
    """A model that predicts beside the live one."""

    def __init__(self, options: Options, connection: StoreConnection, status: Status, rules: RequestModel) -> None:
        self._options, self._connection, self._status = options, connection, status
        self._rules = rules
        self._scorer: Scorer | None = None
        self._skipped: dict[str, int] = {}
        self._reader = SpoolReader(options.spool, lambda spool: connection.store().position(PREFIX + spool))

    @property
    def is_up(self) -> bool:
        """Whether it predicts; what it has not read need not be kept otherwise."""
        return self._scorer is not None

    def offset(self, spool: str) -> int:
        """Return how far it has read a spool; as far as anybody, if it does not read at all."""
        return max(self._reader.offsets.get(spool, 0), self._skipped.get(spool, 0)) if self.is_up else 2**62

    def skip(self, spool: str, offset: int) -> None:
        """Go on from an offset, since there is no room for what it has not read."""
        self._status.shadow_skipped_bytes += max(offset - self.offset(spool), 0)
        self._skipped[spool] = offset

    def forget(self, spool: str) -> None:
        """Delete its position in a spool that is gone."""
        self._connection.store().forget(PREFIX + spool)

    def open(self, directory: Path) -> None:
        """Load the model; if it cannot be used, there is none, which is logged."""
        try:
            scorer = _opened(directory)
        except Exception as err:  # noqa: BLE001 - whatever is wrong with it, the live model goes on
            code = err.code if isinstance(err, HousePriceError) else "shadow_failed"
            self._status.shadow_up, self._status.shadow_error = False, code
            _log.error("shadow model cannot be used", extra={"fields": {"code": code, "reason": str(err)}})
            return
        self._scorer, self._status.shadow_up = scorer, True
        _log.info("shadow model predicts", extra={"fields": {"model_version": scorer.manifest.model_version}})

    def run(self, directory: Path, stopping: threading.Event) -> None:
        """Predict what comes, until `stopping` is set."""
        self.open(directory)
        while self.is_up and not stopping.is_set():
            if not retried(self.step, lambda _: None, stopping):
                stopping.wait(IDLE_SECONDS)

    def step(self) -> bool:
        """Predict and store the next part of the spool; return whether there was one.

        Raises:
            StoreError: The database cannot be used; nothing was stored.
        """
        for spool, offset in list(self._skipped.items()):
            self._reader.offsets[spool] = max(self._reader.offset(spool), offset)
            del self._skipped[spool]
        chunk = self._reader.next_chunk()
        if chunk is None:
            return False
        predictions = self._predictions(read_records(chunk.lines, self._rules).predictions)
        found = stored_inputs(predictions, self._options.inputs)
        try:
            self._status.shadow_written += self._connection.store().add(found, (PREFIX + chunk.spool, chunk.end))
        except StoreError as err:
            if err.code != "record_invalid":
                raise
            self._status.shadow_failed += len(found)
            self._connection.store().add([], (PREFIX + chunk.spool, chunk.end))
        self._reader.advance(chunk)
        return True

    def _predictions(self, live: list[StoredPrediction]) -> list[StoredPrediction]:
        return [one for start in range(0, len(live), BLOCK) for one in self._block(live[start : start + BLOCK])]

    def _block(self, live: list[StoredPrediction]) -> list[StoredPrediction]:
        """Return the predictions for some records; a house that fails is left out and counted."""
        if self._scorer is None:
            return []
        columns = self._scorer.request.schema.request
        houses: list[dict[str, Any]] = [
            {name: value for name, value in (one.inputs or {}).items() if name in columns} for one in live
        ]
        try:
            found = self._scorer.score(self._scorer.request.validate(houses))
        except (InvalidRequestError, ServingError):
            if len(live) == 1:
                self._status.shadow_failed += 1
                return []
            return [one for single in live for one in self._block([single])]
        return [_stored(one, prediction) for one, prediction in zip(live, found, strict=True)]


def _opened(directory: Path) -> Scorer:
    scorer = Scorer(open_bundle(directory))
    if failed := [check for check in scorer.check_golden_rows() if not check.passed]:
        raise ServingError(f"{len(failed)} of its golden rows differ.", code="golden_rows_failed")
    return scorer


def _stored(live: StoredPrediction, found: Prediction) -> StoredPrediction:
    low, high = found.prediction_interval
    return replace(
        live,
        role="shadow",
        model_version=found.model_version,
        price=found.predicted_price,
        low=low,
        high=high,
        fsd=found.fsd,
        currency=found.currency,
        valuation_date=date.fromisoformat(found.valuation_date) if found.valuation_date else None,
        warnings=[{"column": one.column, "kind": one.kind, "message": one.message} for one in found.warnings],
    )
