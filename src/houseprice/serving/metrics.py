"""Prometheus metrics, correct also with several worker processes.

Several workers keep their numbers in files of the directory `PROMETHEUS_MULTIPROC_DIR`. The library reads that variable
when it is imported, so it is imported when the first `Metrics` is made.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from houseprice.bundle.manifest import Manifest
from houseprice.serving.prediction import Prediction
from houseprice.serving.recorder_metrics import RecorderMetrics

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PRICES = (50e3, 100e3, 200e3, 300e3, 400e3, 500e3, 750e3, 1e6, 1.5e6, 2e6, 5e6)
MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
FRESH_BURST, FRESH_PER_SECOND = 10, 10
"""How often the text of all metrics is made anew, which takes longer than a prediction; others get the last one."""


class Metrics:
    """Metrics of one application.

    Attributes:
        registry: theirs alone.
    """

    def __init__(self, manifest: Manifest, spool_folder: Path | None = None) -> None:
        """Count from 0; `spool_folder` has the status of the recorder, where predictions are stored."""
        from prometheus_client import CollectorRegistry, Counter, Gauge

        from houseprice.serving.bulk_histogram import BulkHistogram

        self.registry = registry = CollectorRegistry()
        self._recorder = RecorderMetrics(spool_folder) if spool_folder else None
        if self._recorder:
            registry.register(self._recorder)
        self._requests = Counter(
            "houseprice_requests", "Requests, by route and status", ["route", "status"], registry=registry
        )
        self._seconds = BulkHistogram(
            "houseprice_request_seconds", "Seconds from request to end of answer, by route", ["route"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._houses = Counter("houseprice_houses", "Predicted houses", registry=registry)
        self._prices = BulkHistogram(
            "houseprice_predicted_price", f"Predicted prices, {manifest.project['currency']}",
            buckets=PRICES, registry=registry,
        )  # fmt: skip
        self._warnings = Counter(
            "houseprice_warnings", "Prediction warnings, by column and kind", ["column", "kind"],
            registry=registry,
        )  # fmt: skip
        self._in_progress = Gauge(
            "houseprice_requests_in_progress", "Requests in progress", multiprocess_mode="livesum",
            registry=registry,
        )  # fmt: skip
        self.log_lines_dropped = Counter(
            "houseprice_log_lines_dropped", "Log lines that could not be written", registry=registry
        )
        self.predictions_dropped = Counter(
            "houseprice_store_predictions_dropped", "Predictions that could not be recorded", registry=registry
        )
        model = Gauge(
            "houseprice_model_info", "The model", ["model_version", "reference_date", "functional"],
            multiprocess_mode="max", registry=registry,
        )  # fmt: skip
        model.labels(manifest.model_version, manifest.reference_date or "", manifest.functional).set(1)
        self._age = Gauge(
            "houseprice_bundle_age_seconds", "Seconds since the newest sale in the training data",
            multiprocess_mode="mostrecent", registry=registry,
        )  # fmt: skip
        newest = datetime.fromisoformat(manifest.reference_date) if manifest.reference_date else None
        self._newest = newest.replace(tzinfo=UTC).timestamp() if newest else None
        self._fresh_left, self._fresh_at = float(FRESH_BURST), time.monotonic()
        self._text = b""
        self._known: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._begun, self._is_scheduled = 0, False
        self._ended: defaultdict[tuple[str, int], list[float]] = defaultdict(list)

    def begin_request(self) -> None:
        """Count a request as in progress."""
        self._begun += 1
        self._count_soon()

    def end_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request as answered; `route` is the template of its path."""
        self._begun -= 1
        self._ended[route, status].append(seconds)
        self._count_soon()

    def _count_soon(self) -> None:
        """Count all requests of one iteration of the event loop together, which takes half of the time."""
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self._is_scheduled = False
        self._in_progress.set(self._begun)
        ended, self._ended = self._ended, defaultdict(list)
        for key, times in ended.items():
            if key not in self._known:
                route, status = key
                self._known[key] = self._requests.labels(route, str(status)), self._seconds.labels(route)
            requests, durations = self._known[key]
            requests.inc(len(times))
            durations.observe_many(times)

    def count_predictions(self, predictions: Sequence[Prediction]) -> None:
        """Count predictions and their warnings."""
        self._houses.inc(len(predictions))
        self._prices.observe_many([prediction.predicted_price for prediction in predictions])
        for prediction in predictions:
            for warning in prediction.warnings:
                self._warnings.labels(warning.column, warning.kind).inc()

    def exposition(self) -> tuple[bytes, str]:
        """Return all metrics in the text format of Prometheus, and its content type.

        They are of this moment, unless they are asked for more often than `FRESH_PER_SECOND`.
        """
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

        now = time.monotonic()
        self._fresh_left = min(FRESH_BURST, self._fresh_left + (now - self._fresh_at) * FRESH_PER_SECOND)
        self._fresh_at = now
        if self._text and self._fresh_left < 1:
            return self._text, CONTENT_TYPE_LATEST
        self._fresh_left -= 1
        self._count()
        if self._newest is not None:
            self._age.set(time.time() - self._newest)
        registry = self.registry
        if os.environ.get(MULTIPROC_DIR):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            if self._recorder:
                registry.register(self._recorder)
        self._text = generate_latest(registry)
        return self._text, CONTENT_TYPE_LATEST
