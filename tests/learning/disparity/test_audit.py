"""The verdict: a planted bias is found, chance is not, and what cannot be told is said to be so."""

import numpy as np
import pytest
from scipy import stats

from houseprice.config import Config, DisparityLimits
from houseprice.learning.disparity import permutation
from houseprice.learning.disparity.audit import DIFFERS, FAILED, MIN_SALES, NOT_JUDGED, PASSED, TOO_FEW, Sales, audit
from houseprice.learning.disparity.groups import NONE, Grouping
from learning.disparity.made_sales import by_postcode, made_sales, planted

SIMULATIONS = 200


def differs(found: dict) -> bool:  # type: ignore[type-arg]
    """Tell whether any group differs beyond chance, by however little."""
    return any(group["outcome"] in (DIFFERS, FAILED) for one in found["groupings"] for group in one["groups"])


def false_alarms(config: Config, count: int, groups: int) -> int:
    """Return how often groups of postcodes that were drawn at random differ."""
    alarms = 0
    for seed in range(count):
        draw = np.random.default_rng(seed)
        sales = made_sales(draw)
        alarms += differs(audit(sales, [by_postcode(sales, draw, groups)], config))
    return alarms


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Permute less often."""
    monkeypatch.setattr(permutation, "PERMUTATIONS", 199)


@pytest.mark.usefixtures("quick")
def test_groups_of_postcodes_that_differ_by_chance_are_not_found(config: Config) -> None:
    """Although the sales of each postcode err together."""
    assert false_alarms(config, 12, 4) <= 2  # more has a probability of 2 %


@pytest.mark.long
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("groups", [2, 4, 9])
def test_false_alarms_are_at_most_one_in_twenty(config: Config, groups: int) -> None:
    """Of two hundred random groupings, within the binomial error."""
    assert false_alarms(config, SIMULATIONS, groups) <= stats.binom.ppf(0.99, SIMULATIONS, 0.05)


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_single_sales_as_units_would_raise_false_alarms(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that whole postcodes are exchanged for a reason."""
    monkeypatch.setattr("houseprice.learning.disparity.units.KEYS_A_GROUP", 10**9)
    monkeypatch.setattr("houseprice.learning.disparity.units.LARGEST_NEIGHBOURHOOD", 1)
    assert false_alarms(config, 60, 4) > 15


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("bias", [0.05, -0.05])
def test_a_planted_bias_of_five_percent_is_found_in_its_group_alone(config: Config, bias: float) -> None:
    """In either direction, with its size and by how much it is beyond the limit."""
    draw = np.random.default_rng(1)
    sales = made_sales(draw, 4000, 8, together=False)
    grouping = by_postcode(sales, draw, 4)
    found = audit(planted(sales, grouping.labels == "2", bias), [grouping], config)
    assert found["verdict"] == FAILED
    assert [group["group"] for group in found["groupings"][0]["groups"] if group["outcome"] == FAILED] == ["2"]
    compared = found["groupings"][0]["groups"][2]["compared"]["bias_log"]
    assert compared["difference"] == pytest.approx(np.log1p(bias), abs=0.02)
    assert compared["ci95"][0] < np.log1p(bias) < compared["ci95"][1]
    assert compared["p_value"] < 0.05


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_a_planted_bias_is_found_as_often_as_is_said(config: Config) -> None:
    """Of biases as large as is stated as detectable, about four in five."""
    hits, least = 0, []
    for seed in range(100):
        draw = np.random.default_rng(seed)
        sales = made_sales(draw, together=False)
        grouping = by_postcode(sales, draw, 4)
        groups = audit(sales, [grouping], config)["groupings"][0]["groups"]
        least.append(groups[0]["detectable_bias"])
        again = audit(planted(sales, grouping.labels == "0", least[-1]), [grouping], config)["groupings"][0]["groups"]
        hits += again[0]["compared"]["bias_log"]["outcome"] != PASSED
    assert 0.02 < np.mean(least) < 0.05
    assert 65 <= hits <= 95


@pytest.mark.usefixtures("quick")
def test_a_district_without_coordinates_is_a_group_like_any_other(config: Config) -> None:
    """A planted bias is found where each group is one place, and chance is not."""
    draw, alarms = np.random.default_rng(7), 0
    for _ in range(20):
        sales = made_sales(draw, 400, side=2, together=False)
        district = sales.columns["postcode"].to_numpy().astype(str)
        alone = Sales(sales.predictions, sales.columns, sales.houses, district.astype(float)[:, None])
        moved = planted(alone, district == "2", 0.15)
        (found,) = audit(moved, [Grouping("district", district, None)], config)["groupings"]
        assert "2" in [group["group"] for group in found["groups"] if group["outcome"] == FAILED]
        alarms += differs(audit(alone, [Grouping("district", district, None)], config))
    assert alarms <= 4  # more has a probability of 0.3 %


@pytest.mark.usefixtures("quick")
def test_a_difference_within_the_limit_fails_nothing(config: Config) -> None:
    """It is beyond chance, and said to be so."""
    wide = DisparityLimits(max_bias=0.2, max_tail_share=1.0, max_coverage_loss=1.0)
    gates = config.gates.model_copy(update={"disparity": wide})
    draw = np.random.default_rng(1)
    sales = made_sales(draw, together=False)
    grouping = by_postcode(sales, draw, 4)
    sales = planted(sales, grouping.labels == "2", 0.05)
    found = audit(sales, [grouping], config.model_copy(update={"gates": gates}))
    assert found["verdict"] == PASSED
    assert found["groupings"][0]["groups"][2]["outcome"] == DIFFERS


@pytest.mark.usefixtures("quick")
def test_small_groups_are_shown_and_not_judged(config: Config) -> None:
    """However far they are off; and they count among all other sales."""
    sales = made_sales(np.random.default_rng(2), 300, together=False)
    labels = np.where(np.arange(300) < MIN_SALES - 1, "few", "many")
    labels[200:] = "others"
    found = audit(planted(sales, labels == "few", 1.0), [Grouping("size", labels)], config)
    few = found["groupings"][0]["groups"][0]
    assert (few["group"], few["sales"], few["outcome"], few["compared"]) == ("few", MIN_SALES - 1, TOO_FEW, {})
    assert few["bias_log"] > 0.5
    assert found["groupings"][0]["groups"][1]["compared"]["bias_log"]["difference"] < -0.05


def test_without_two_groups_nothing_is_judged(config: Config) -> None:
    """One group, or few sales of each."""
    sales = made_sales(np.random.default_rng(2), 50)
    for labels in (np.full(50, "all"), np.where(np.arange(50) % 2, "a", "b"), np.where(np.arange(50) < 5, "a", NONE)):
        assert audit(sales, [Grouping("g", labels)], config)["verdict"] == NOT_JUDGED


@pytest.mark.usefixtures("quick")
def test_more_groupings_need_more_evidence(config: Config) -> None:
    """A false alarm among all of them together is as rare as among one."""
    draw = np.random.default_rng(4)
    sales = made_sales(draw)
    one = by_postcode(sales, draw, 4)
    alone, among = (audit(sales, groupings, config)["groupings"][0]["groups"][0] for groupings in ([one], [one] * 5))
    width = [np.ptp(group["compared"]["bias_log"]["ci95"]) for group in (alone, among)]
    assert width[1] > 1.1 * width[0]
    assert alone["compared"]["bias_log"]["p_value"] == among["compared"]["bias_log"]["p_value"]
