"""One fold in, AutoGluon's answers out; run by peer.py with the interpreter of AutoGluon's own environment.

`python peer_autogluon.py FOLDER SECONDS`: the folder holds learn.csv (with the column `log_price`) and judge.csv;
answers.csv is written beside them.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def main() -> None:
    """Fit and answer."""
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    texts = dict.fromkeys((folder / "texts.txt").read_text().split(), str)
    learn = pd.read_csv(folder / "learn.csv", dtype=texts, keep_default_na=False, na_values=[""])
    judge = pd.read_csv(folder / "judge.csv", dtype=texts, keep_default_na=False, na_values=[""])
    models = folder / "models"
    shutil.rmtree(models, ignore_errors=True)
    predictor = TabularPredictor(
        label="log_price", path=str(models), eval_metric="root_mean_squared_error", verbosity=1
    )
    predictor.fit(learn, presets="best_quality", time_limit=seconds, num_cpus=2, num_gpus=0)
    predictor.predict(judge).to_frame("log_price").to_csv(folder / "answers.csv", index=False)
    shutil.rmtree(models, ignore_errors=True)


if __name__ == "__main__":
    main()
