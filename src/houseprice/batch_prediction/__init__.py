"""Price the houses of files: what `houseprice predict` does.

A table is read as blocks of rows (`tables`), which worker processes price (`workers`, `pricing`) by the rules of the
API. Their answers come back in order and are kept beside the output (`unfinished`), which appears under its name when
it is whole; a run that was interrupted is continued by the next one. `prediction` puts them together.

It is not part of serving since Parquet is read and written with polars, which serving must start without.
"""

from houseprice.batch_prediction.input_files import input_files
from houseprice.batch_prediction.prediction import FolderSummary, Progress, Summary, predict, predict_files
from houseprice.batch_prediction.ray_workers import ray_pool
from houseprice.serving.csv_reader import PREDICTION_COLUMNS

__all__ = [
    "PREDICTION_COLUMNS",
    "FolderSummary",
    "Progress",
    "Summary",
    "input_files",
    "predict",
    "predict_files",
    "ray_pool",
]
