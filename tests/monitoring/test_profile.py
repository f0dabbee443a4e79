"""What a bundle seals of its training is read again, and older bundles are refused with what to do."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from houseprice.bundle.load import open_bundle
from houseprice.errors import ArtifactError
from houseprice.monitoring.profile import MISSING, UNKNOWN, ReferenceProfile, read_profile


def contents(bundle_dir: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return reference, explanation and manifest of a bundle."""
    names = ("reference.json", "explanation.json", "manifest.json")
    reference, explanation, manifest = (json.loads((bundle_dir / name).read_bytes()) for name in names)
    return reference, explanation, manifest


def test_a_real_bundle_has_the_profile_of_its_training(bundle_dir: Path) -> None:
    """Shares and weights add up; errors, market and places are those of the model."""
    profile, bundle = read_profile(*contents(bundle_dir)), open_bundle(bundle_dir)
    assert set(profile.columns) == set(bundle.reference) - {"date"}
    for column in profile.columns.values():
        assert column.shares.sum() == pytest.approx(1.0, abs=1e-4)
        assert len(column.names) + 2 == len(column.shares)
    assert sum(bundle.explanation["weights"].values()) == pytest.approx(1.0, abs=0.01)
    living = profile.columns["sqft_living"]
    assert living.weight > profile.columns["floors"].weight
    assert profile.errors.sales == bundle.manifest.metrics["holdout"]["sales"]
    assert (np.diff(profile.errors.quantiles) >= 0).all()
    assert next(iter(profile.market_index)) == "2014-05"
    assert profile.market_index["2014-05"] == 0.0
    assert profile.roles["location"] == "zipcode"
    assert set(profile.slices) == set(bundle.manifest.metrics["slices"])


def test_values_are_counted_where_training_counted_them(profile: ReferenceProfile) -> None:
    """Blanks and unknown categories have places of their own."""
    quarter, area = profile.columns["quarter"], profile.columns["area"]
    counts = quarter.count(np.array(["a", "", "never seen", "a"], dtype=object))
    assert counts[quarter.names.index("a")] == 2
    assert (counts[MISSING], counts[UNKNOWN]) == (1, 1)
    counts = area.count(np.array([np.nan, 1e9, 0.0, np.median(area.points)]))
    assert (counts[MISSING], counts[UNKNOWN], counts[0], counts[len(area.names) - 1]) == (1, 0, 1, 1)


def test_counts_of_what_training_had_are_its_shares(profile: ReferenceProfile) -> None:
    """The points of a column stand for it."""
    for column in profile.columns.values():
        if not column.is_text:
            found = column.count(column.points) / len(column.points)
            assert found == pytest.approx(column.shares, abs=0.01)


@pytest.mark.parametrize("key", ["weights", "market_index", "standardised"])
def test_a_bundle_without_a_profile_is_refused(bundle_dir: Path, key: str) -> None:
    """An older program wrote it."""
    reference, explanation, manifest = contents(bundle_dir)
    explanation.pop(key, None)
    manifest["metrics"]["holdout"].pop(key, None)
    with pytest.raises(ArtifactError) as refused:
        read_profile(reference, explanation, manifest)
    assert (refused.value.code, refused.value.details["key"]) == ("profile_missing", key)
