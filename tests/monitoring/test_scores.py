"""Scores of errors: their nulls are those of the sealed errors, and no sale counts more than another."""

from dataclasses import replace

import numpy as np
import pytest

from houseprice.monitoring.betting import MAX_STAKE
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.scores import CORE, scale_scores, shift_score


def test_the_sealed_errors_have_a_mean_score_of_nothing(profile: ReferenceProfile) -> None:
    """Whatever their median and tails are."""
    for moved in (0.0, 0.3):
        errors = replace(profile.errors, quantiles=profile.errors.quantiles * 1.7 + moved)
        score = shift_score(errors)
        assert score.of(errors.quantiles).mean() == pytest.approx(0.0, abs=1e-12)
        assert (np.abs(errors.quantiles - score.centre) <= score.clip + 1e-9).mean() == pytest.approx(CORE, abs=0.02)


def test_a_wrong_price_counts_no_more_than_the_largest_usual_error(profile: ReferenceProfile) -> None:
    """On both sides."""
    score = shift_score(profile.errors)
    low, high = score.of(np.array([-1e6, 1e6]))
    assert high - low == pytest.approx(2 * score.clip)


def test_more_is_bet_on_what_was_predicted_with_confidence(profile: ReferenceProfile) -> None:
    """But never so much that one sale could cost all."""
    score = shift_score(profile.errors)
    bets = score.bets(0.05, np.array([0.3, 0.1, 1e-6]), 0.02)
    assert bets[0] * 3 == pytest.approx(bets[1])
    assert bets[2] * (score.clip + abs(score.mean) + 0.02) == pytest.approx(MAX_STAKE)


def test_the_scale_of_the_sealed_errors_is_allowed(profile: ReferenceProfile) -> None:
    """Twice as large ones are beyond it."""
    scores, allowed = scale_scores(profile.errors.quantiles, profile.errors)
    assert scores.mean() <= allowed < 1.2 * scores.mean()
    larger, _ = scale_scores(profile.errors.quantiles * 2.0, profile.errors)
    assert larger.mean() > allowed
    assert larger.max() <= 1.0
