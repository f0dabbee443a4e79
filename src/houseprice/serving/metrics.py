"""What happened in, Prometheus' text format out; correct also when several processes answer.

With several processes, each keeps its numbers in files of a folder that `PROMETHEUS_MULTIPROC_DIR` names, which the
library reads when it is imported; so it is imported no sooner than the first `Metrics` is made.
"""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from houseprice.bundle.manifest import Manifest
from houseprice.serving.prediction import Prediction

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PRICES = (50e3, 100e3, 200e3, 300e3, 400e3, 500e3, 750e3, 1e6, 1.5e6, 2e6, 5e6)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Counters of one application, in a registry of their own."""

    def __init__(self, manifest: Manifest) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "houseprice_requests", "Requests, by route and status", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "houseprice_request_seconds", "From the first byte to the last, by route", ["route"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._houses = Counter("houseprice_houses", "Houses that were priced", registry=registry)
        self._prices = Histogram(
            "houseprice_predicted_price", f"Prices that were answered, {manifest.project['currency']}",
            buckets=PRICES, registry=registry,
        )  # fmt: skip
        self._warnings = Counter(
            "houseprice_warnings", "Warnings that went with prices, by column and kind", ["column", "kind"],
            registry=registry,
        )  # fmt: skip
        self.at_work = Gauge(
            "houseprice_requests_at_work", "Requests that are being answered", multiprocess_mode="livesum",
            registry=registry,
        )  # fmt: skip
        model = Gauge(
            "houseprice_model_info", "The sealed model that answers", ["model_version", "reference_date", "functional"],
            multiprocess_mode="max", registry=registry,
        )  # fmt: skip
        model.labels(manifest.model_version, manifest.reference_date, manifest.functional).set(1)
        self._age = Gauge(
            "houseprice_bundle_age_seconds", "Since the newest sale that the model has learned from",
            multiprocess_mode="mostrecent", registry=registry,
        )  # fmt: skip
        self._newest = datetime.fromisoformat(manifest.reference_date).replace(tzinfo=UTC).timestamp()
        self._known: dict[tuple[str, int], Any] = {}
        self._timed: dict[str, Any] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a template, so that there are few of them."""
        key = route, status
        if key not in self._known:
            self._known[key] = self._requests.labels(route, str(status))
            self._timed.setdefault(route, self._seconds.labels(route))
        self._known[key].inc()
        self._timed[route].observe(seconds)

    def priced(self, predictions: Sequence[Prediction]) -> None:
        """Count houses, their prices and their warnings."""
        self._houses.inc(len(predictions))
        for prediction in predictions:
            self._prices.observe(prediction.predicted_price)
            for caution in prediction.warnings:
                self._warnings.labels(caution.column, caution.kind).inc()

    def text(self) -> tuple[bytes, str]:
        """Give back everything that was counted, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

        self._age.set(time.time() - self._newest)
        registry = self._registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
