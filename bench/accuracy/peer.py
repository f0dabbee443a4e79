"""AutoGluon `best_quality` on the same rows and features, in an environment of its own."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import polars.selectors as cs
from sets import CACHE, Logs, SalesSet

PEER = "autogluon.tabular[lightgbm,catboost,xgboost,fastai]==1.6.3"
SECONDS = 300  # time limit of a fold


def autogluon(sales: SalesSet, fold: int) -> Logs:
    """Predict by AutoGluon.

    Raises:
        CalledProcessError: It ran out of its time before it had a model.
    """
    folder = CACHE / "peer_folds" / f"{''.join(filter(str.isalnum, sales.title))}_{fold}"
    folder.mkdir(parents=True, exist_ok=True)
    learned, judged = sales.pairs[fold]
    (folder / "texts.txt").write_text("\n".join(sales.features.select(cs.string()).columns))
    log_price = pl.Series("log_price", sales.log_prices[learned])
    sales.features[learned].with_columns(log_price).write_csv(folder / "learn.csv")
    sales.features[judged].write_csv(folder / "judge.csv")
    program = Path(__file__).with_name("peer_autogluon.py")
    subprocess.run([str(_python()), str(program), str(folder), str(SECONDS)], check=True, stdout=sys.stderr)
    answers: Logs = pl.read_csv(folder / "answers.csv")["log_price"].to_numpy()
    return answers


def _python() -> Path:
    """Return the interpreter of the peer's environment, which is made when there is none."""
    python = CACHE / "peer" / "bin" / "python"
    if not list((CACHE / "peer").glob("lib/*/site-packages/autogluon")):
        print("Making the peer's environment; some gigabytes are downloaded …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "peer")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True)
    return python
