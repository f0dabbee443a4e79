"""Fixtures of the tests of monitoring."""

import pytest
from made_days import made_profile

from houseprice.monitoring.profile import ReferenceProfile


@pytest.fixture(scope="session")
def profile() -> ReferenceProfile:
    """Return the profile of a made model."""
    return made_profile()
