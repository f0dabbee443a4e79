"""Prometheus metrics of the recorder process, from the status that it writes; the same in every worker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from houseprice.serving.recorder_client import read_status

_COUNTERS = {
    "written": ("houseprice_store_predictions_written", "Predictions written to the database by this recorder"),
    "damaged": ("houseprice_store_records_damaged", "Records of the spool that could not be read or stored"),
    "actuals": ("houseprice_store_actuals", "Prices paid that were taken"),
    "shadow_written": ("houseprice_shadow_predictions", "Predictions of the shadow model"),
    "shadow_failed": ("houseprice_shadow_failures", "Houses that the shadow model could not predict"),
    "shadow_skipped_bytes": (
        "houseprice_shadow_skipped_bytes",
        "Bytes of records that it was too slow for",
    ),
}
_GAUGES = {
    "lag_seconds": ("houseprice_store_lag_seconds", "Age of the oldest prediction that waits for the database"),
    "spool_bytes": ("houseprice_store_spool_bytes", "Bytes of predictions that wait on disk"),
    "database_up": ("houseprice_store_database_up", "Whether the database took the last write"),
    "alarms_raised": ("houseprice_monitor_alarms_raised", "Alarms on the model that are raised; /monitor names them"),
    "shadow_up": ("houseprice_shadow_up", "Whether the shadow model predicts"),
}


class RecorderMetrics:
    """A collector of prometheus_client."""

    def __init__(self, spool_folder: Path) -> None:
        self._folder = spool_folder

    def collect(self) -> Iterator[Any]:
        """Yield the metrics of the last status; without a fresh one, only that the recorder is gone."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        status = read_status(self._folder)
        up = float(status is not None)
        yield GaugeMetricFamily("houseprice_store_recorder_up", "Whether the recorder process reports", up)
        for families, known in ((CounterMetricFamily, _COUNTERS), (GaugeMetricFamily, _GAUGES)):
            for key, (name, about) in known.items():
                if status is not None and isinstance(value := status.get(key), int | float):
                    yield families(name, about, float(value))

    def describe(self) -> list[Any]:
        """Return nothing: what there is depends on the status."""
        return []
