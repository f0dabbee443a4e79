"""PostgreSQL and the spool in deploy/compose.yaml."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from houseprice.serving.recorder_process import DRAIN_SECONDS
from houseprice.serving.settings import Settings

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the file, its merges resolved."""
    found = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(found, dict)
    return found


def test_the_slots_share_a_spool(compose: dict[str, Any]) -> None:
    """What one leaves when it is stopped, the recorder of the other stores."""
    for slot in ("blue", "green"):
        service = compose["services"][slot]
        (source, target) = service["volumes"][0].split(":")
        assert source in compose["volumes"]
        assert service["environment"]["HOUSEPRICE_STORE_SPOOL"] == target


def test_a_slot_has_time_to_store_what_is_left(compose: dict[str, Any]) -> None:
    """After the requests in progress."""
    period = compose["services"]["blue"]["stop_grace_period"]
    assert int(period.removesuffix("s")) > Settings().grace_seconds + DRAIN_SECONDS


def test_the_database_is_started_on_demand_and_reached_by_the_slots_only(compose: dict[str, Any]) -> None:
    """It has a volume, a health check and no published port, and no part of it is needed by a deployment without it."""
    service = compose["services"]["postgres"]
    assert service["profiles"] == compose["services"]["spool-owner"]["profiles"] == ["store"]
    assert service["networks"] == ["inside"] == compose["services"]["blue"]["networks"]
    assert "ports" not in service
    assert service["healthcheck"]["test"][1] == "pg_isready"
    assert service["volumes"][0].split(":")[0] in compose["volumes"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "depends_on" not in compose["services"]["blue"]
