"""Answers of the learners, kept under .cache/bench, so that a run that broke goes on where it stopped."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from learners import AUTO
from sets import CACHE, ROOT, Logs, SalesSet

CODE = ROOT / "src" / "houseprice"


def answered(
    learner: str, predict: Callable[[SalesSet, int], Logs], sales: SalesSet, most: int, *, fit: bool
) -> dict[int, Logs]:
    """Return fold → answers, of those folds that are kept and, if asked, of those fitted now."""
    found: dict[int, Logs] = {}
    key = _key(learner, sales)
    for fold in range(min(most, len(sales.pairs))):
        path = CACHE / "answers" / f"{learner}_{key}_{fold}.json"
        if path.is_file():
            found[fold] = np.array(json.loads(path.read_text())["log_price"])
        elif fit:
            start = time.perf_counter()
            try:
                answers = predict(sales, fold)
            except subprocess.CalledProcessError as err:  # the peer ran out of its time
                print(f"{learner}, {sales.title}, fold {fold}: no answer (code {err.returncode})", file=sys.stderr)
                continue
            seconds = time.perf_counter() - start
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"log_price": answers.tolist(), "seconds": seconds}))
            found[fold] = answers
            error = sales.error({fold: answers})
            print(f"{learner}, {sales.title}, fold {fold}: {error:.4f} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return found


def _key(learner: str, sales: SalesSet) -> str:
    """Return what tells one run from another: rows and folds, and for our learner its settings and code."""
    digest = hashlib.sha256(sales.features.write_csv().encode() + sales.prices.tobytes())
    for learned, judged in sales.pairs:
        digest.update(learned.tobytes() + judged.tobytes())
    if learner in ("ours", "by_hand"):
        digest.update(AUTO.model_dump_json().encode())
        for path in sorted([*CODE.glob("learning/*.py"), *CODE.glob("learning/hyperparameters/*.py")]):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def seconds_of(learner: str, sales: SalesSet) -> float:
    """Return the seconds that the first fold took, with finding the hyperparameters; 0 when there is none."""
    path: Path = CACHE / "answers" / f"{learner}_{_key(learner, sales)}_0.json"
    return float(json.loads(path.read_text())["seconds"]) if path.is_file() else 0.0
