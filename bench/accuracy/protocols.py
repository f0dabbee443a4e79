"""Published protocols on King County: how each divides the sales, what it hides, and the errors that were published."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sets import Logs
from sklearn.model_selection import KFold, train_test_split

from houseprice.learning.splitting import Rows

Days = npt.NDArray[np.int64]
Pairs = list[tuple[Rows, Rows]]
MOST_LEARNED, MOST_JUDGED = 10_000, 50_000


@dataclass(frozen=True)
class Protocol:
    """One published protocol.

    Attributes:
        title: what the table calls it.
        divide: days of the sales and a number of splits → pairs of rows to learn from and to judge with. Those of one
            list share what is found on the first of them.
        splits: how many there are by default.
        measure: key of `MEASURES` that was published.
        published: learner → its error; empty where what was published is of another target.
        hidden: columns that the published learners did not have.
        differs: what is not the same as what was published.
    """

    title: str
    divide: Callable[[Days, int], Iterator[Pairs]]
    splits: int
    measure: str
    published: dict[str, float]
    differs: str
    hidden: tuple[str, ...] = ()


def capped(days: Days, count: int) -> Iterator[Pairs]:
    """Yield 70 %, at most 10,000, and of the rest 70 %, at most 50,000; 30 % of the rest would be for tuning."""
    for seed in range(count):
        learned, rest = train_test_split(np.arange(len(days)), train_size=0.7, random_state=seed)
        judged = train_test_split(rest, train_size=0.3, random_state=seed)[1]
        yield [(np.sort(learned[:MOST_LEARNED]), np.sort(judged[:MOST_JUDGED]))]


def in_three(days: Days, count: int) -> Iterator[Pairs]:
    """Yield 64 % and 20 %; 16 % would be for tuning."""
    for seed in range(count):
        rest, judged = train_test_split(np.arange(len(days)), test_size=0.2, random_state=seed)
        learned = train_test_split(rest, test_size=0.2, random_state=seed)[0]
        yield [(np.sort(learned), np.sort(judged))]


def in_two(days: Days, count: int) -> Iterator[Pairs]:
    """Yield 80 % and 20 %."""
    for seed in range(count):
        learned, judged = train_test_split(np.arange(len(days)), test_size=0.2, random_state=seed)
        yield [(np.sort(learned), np.sort(judged))]


def in_folds(days: Days, count: int) -> Iterator[Pairs]:  # noqa: ARG001 - all of them, of which some may be answered
    """Yield ten folds, together."""
    yield list(KFold(10, shuffle=True, random_state=0).split(days))


def by_date(days: Days, count: int) -> Iterator[Pairs]:
    """Yield the oldest 70 % and the newest 20 %; 10 % between them would be for tuning."""
    order = np.argsort(days, kind="stable")
    pair = np.sort(order[: round(0.7 * len(days))]), np.sort(order[round(0.8 * len(days)) :])
    yield from [[pair]] * count


def male(predicted: Logs, actual: Logs) -> float:
    """Return the mean absolute log error."""
    return float(np.abs(predicted - actual).mean())


def log_rmse(predicted: Logs, actual: Logs) -> float:
    """Return the root mean squared log error."""
    return float(np.sqrt(((predicted - actual) ** 2).mean()))


def dollar_rmse(predicted: Logs, actual: Logs) -> float:
    """Return the root mean squared error in dollars."""
    return float(np.sqrt(((np.exp(predicted) - np.exp(actual)) ** 2).mean()))


MEASURES: dict[str, tuple[Callable[[Logs, Logs], float], str]] = {
    "log-RMSE": (log_rmse, "{:.4f}"),
    "MALE": (male, "{:.4f}"),
    "RMSE": (dollar_rmse, "${:,.0f}"),
}
"""Name → function of predicted and actual log prices, and how its value is written."""

PROTOCOLS: dict[str, Protocol] = {
    "grinsztajn": Protocol(
        "Grinsztajn et al. 2022, `house_sales`, at most 10,000 learned",
        capped, 3, "log-RMSE", {"TabR": 0.1636, "TabM": 0.1644, "CatBoost": 0.1669},
        "published is the mean of several seeds on one random split; ours are other random splits. Theirs tune and "
        "stop with 1,945 more sales, from which ours does not learn. Neither has zipcode, view, condition and floors",
        ("zipcode", "view", "condition", "floors"),
    ),
    "talent": Protocol(
        "TALENT, random 64/16/20 %",
        in_three, 3, "RMSE", {"CatBoost": 117_707},
        "published is the mean of several seeds on one random split; ours are other random splits. Theirs tune and "
        "stop with the 16 %, from which ours does not learn. Ours predicts the median price, not the mean",
    ),
    "asi": Protocol(
        "ASI (Viana & Barbosa 2021 and later), random 80/20 %",
        in_two, 3, "MALE", {"the best of them": 0.112},
        "the draw of their split is not published; ours are other random splits",
    ),
    "date": Protocol(
        "By date, 70/10/20 %",
        by_date, 1, "log-RMSE", {},
        "published is an error of a scaled price per area (TabPFN 0.0790, LightGBM 0.0820), another target whose scale "
        "is not published: nothing is compared",
    ),
    "ctr23": Protocol(
        "OpenML-CTR23, ten folds",
        in_folds, 10, "RMSE", {"XGBoost, tuned": 114_409},
        "their ten folds are drawn otherwise, and the hyperparameters of their learner were tuned in each; "
        "those of ours are found on the first fold's sales alone. Ours predicts the median price, not the mean",
    ),
}  # fmt: skip
