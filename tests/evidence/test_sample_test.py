"""Measures of the random sample, by hand; what the sample lacks is not measured."""

import math
from typing import Any

import pytest

from houseprice.evidence.sample_test import describe_sample, measure_answers, price_again
from houseprice.evidence.subject import of_folder


def answer(price: float, low: float, high: float, fsd: float) -> dict[str, float]:
    """Return one answer."""
    return {"predicted_price": price, "interval_low": low, "interval_high": high, "fsd": fsd}


ANSWERS = [answer(110.0, 90.0, 130.0, 0.1), answer(95.0, 80.0, 99.0, 0.06), answer(150.0, 120.0, 180.0, 0.2)]
PRICES = [100.0, 100.0, 100.0]


def test_measures_by_hand() -> None:
    """Errors of 10, 5 and 50 %; one price of three lies in its interval."""
    found = measure_answers(PRICES, ANSWERS)
    assert found is not None
    assert found["median_ape"]["value"] == pytest.approx(0.10)
    assert found["within_20"]["value"] == pytest.approx(2 / 3)
    assert found["coverage"]["value"] == pytest.approx(1 / 3)
    assert found["within_fsd"]["value"] == pytest.approx(2 / 3)
    squares = [math.log(1.1) ** 2, math.log(0.95) ** 2, math.log(1.5) ** 2]
    assert found["log_rmse"]["value"] == pytest.approx(math.sqrt(sum(squares) / 3))
    low, high = found["within_20"]["ci95"]
    assert 0.0 < low < 2 / 3 < high < 1.0


@pytest.mark.parametrize("missing", ["prices", "evaluated", "draw"])
def test_what_is_not_sealed_is_not_measured(missing: str) -> None:
    """A bundle may hide what was paid, and one of an earlier release has neither draw nor evaluated answers."""
    draw = {"held_out": 9, "data_sha256": "0" * 64, "split": {}, "rows": [1, 2, 3]}
    sample: dict[str, Any] = {
        "rows": [{}, {}, {}], "prices": PRICES, "answers": ANSWERS, "evaluated": ANSWERS, "draw": draw
    }  # fmt: skip
    del sample[missing]
    found = describe_sample(sample)
    assert (found["published"] is None) == (missing == "prices")
    assert (found["evaluated"] is None) == (missing in ("prices", "evaluated"))
    assert (found["method"] is None) == (missing == "draw")
    assert found["size"] == 3


@pytest.mark.parametrize(
    "broken",
    [
        ANSWERS[:2],
        *([*ANSWERS[:2], last] for last in ({}, *({**ANSWERS[0], "fsd": one} for one in ("x", float("inf"), -1.0)))),
        [*ANSWERS[:2], {**ANSWERS[0], "predicted_price": 0.0}],
    ],
)
def test_answers_that_are_none_are_refused(broken: list[dict[str, float]]) -> None:
    """Too few, without a number, with another thing than a number, or with one that no price is."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        measure_answers(PRICES, broken)


def test_the_model_answers_what_was_sealed(bundle_dir: Any) -> None:
    """To the last bit on the machine that sealed it; a changed answer shows by as much as it was changed."""
    bundle = of_folder(bundle_dir).bundle
    assert price_again(bundle, bundle.sample) < 1e-9
    answers = [dict(answer) for answer in bundle.sample["answers"]]
    answers[7]["predicted_price"] *= 1.25
    assert price_again(bundle, {**bundle.sample, "answers": answers}) == pytest.approx(0.2, rel=1e-6)
