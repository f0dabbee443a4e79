"""One table of accuracy: every set of sales, our learner with everything `auto`, and peers on the same rows and split.

    python bench/accuracy --folder FOLDER                        # the foreign files lie there
    python bench/accuracy --sets ames taiwan --learners ours catboost
    python bench/accuracy --autogluon                            # five minutes a fold, on two quiet cores

Needs LightGBM (requirements/bench.txt). A set whose file is absent is named below the table.
"""

import argparse
import importlib.metadata
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from answers import answered, seconds_of
from foreign import FOREIGN
from learners import LEARNERS
from own import FOLDS, OWN
from peer import autogluon
from sets import ROOT, AbsentError, SalesSet

PEERS = ("lightgbm", "catboost", "autogluon")


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "foreign", help="folder of the foreign files")
    parser.add_argument("--sets", nargs="+", choices=[*OWN, *FOREIGN], default=[*OWN, *FOREIGN])
    parser.add_argument("--learners", nargs="+", choices=LEARNERS, default=["ours", "ridge", "lightgbm", "catboost"])
    parser.add_argument("--autogluon", action="store_true", help="run AutoGluon too; else only what it has answered")
    parser.add_argument("--folds", type=int, default=FOLDS, help="at most so many folds of each set")
    asked = parser.parse_args()

    sets: dict[str, Callable[[], SalesSet]] = {
        **OWN,
        **{name: partial(make, asked.folder) for name, make in FOREIGN.items()},
    }
    lines, absent = [], []
    for name in asked.sets:
        try:
            sales = sets[name]()
        except AbsentError as err:
            absent.append(f"{name}: {err}")
            continue
        lines.append(_line(sales, asked))
    print(f"| set | must | {' | '.join([*asked.learners, 'autogluon'])} | met | seconds |")
    print("| --- " * (len(asked.learners) + 5) + "|")
    print(*lines, "", *absent, sep="\n")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("catboost", "numpy"))
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {where}")


def _line(sales: SalesSet, asked: argparse.Namespace) -> str:
    """Return the set's line of the table; folds that not every learner has answered count for none of them."""
    given = {}
    for learner in asked.learners:
        if learner != "by_hand" or sales.configured is not None:
            given[learner] = answered(learner, LEARNERS[learner], sales, asked.folds, fit=True)
    given["autogluon"] = answered("autogluon", autogluon, sales, asked.folds, fit=asked.autogluon)
    folds = set.intersection(*(set(answers) for answers in given.values() if answers))
    errors = {
        learner: sales.error({fold: answers[fold] for fold in folds}) for learner, answers in given.items() if answers
    }
    cells = [f"{errors[learner]:.4f}" if learner in errors else "–" for learner in [*asked.learners, "autogluon"]]
    limits = [errors[peer] for peer in PEERS if peer in errors] + ([] if sales.must is None else [sales.must])
    met = "–"  # of our learner alone, or of peers alone, there is nothing to compare
    if "ours" in errors and limits:
        met = "yes" if round(errors["ours"], 4) <= round(min(limits), 4) else "no"
    must = f"≤ {sales.must:.3f}" if sales.must else "≤ peers"
    title = sales.title if len(folds) == len(sales.pairs) else f"{sales.title}, {len(folds)} folds only"
    return f"| {title} | {must} | {' | '.join(cells)} | {met} | {seconds_of('ours', sales):.0f} |"


if __name__ == "__main__":
    main()
