"""Prometheus and Grafana in deploy/compose.yaml."""

import re
from typing import Any

import pytest
import yaml
from scraping import DEPLOY

SERVICES = ("prometheus", "grafana")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the file, its merges resolved."""
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_they_are_started_on_demand_and_reached_from_the_host_only(compose: dict[str, Any], name: str) -> None:
    """Neither asks for a password, so neither may listen on other addresses by default."""
    service = compose["services"][name]
    assert service["profiles"] == ["monitoring"]
    (port,) = service["ports"]
    assert re.fullmatch(r"\$\{[A-Z_]+:-127\.0\.0\.1:\d+\}:\d+", port)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(compose: dict[str, Any], name: str) -> None:
    """By exact version and digest."""
    assert re.search(r":v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}\}$", compose["services"][name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_they_read_is_there(compose: dict[str, Any], name: str) -> None:
    """Docker would make an empty folder of a file that is missing."""
    mounts = [one for one in compose["services"][name]["volumes"] if isinstance(one, dict)]
    assert all(one["read_only"] for one in mounts)
    files = [one["source"] for one in mounts if not one["source"].startswith("$")]
    assert files
    assert all((DEPLOY / file).is_file() for file in files)


def test_prometheus_scrapes_the_slots_and_finds_its_files(compose: dict[str, Any]) -> None:
    """It shares their network; rules and API key are mounted beside its configuration."""
    config = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    service = compose["services"]["prometheus"]
    (job,) = config["scrape_configs"]
    targets = [target.partition(":")[0] for target in job["static_configs"][0]["targets"]]
    for slot in targets:
        assert set(compose["services"][slot]["networks"]) <= set(service["networks"])
    assert targets == ["blue", "green"]
    mounted = {one["target"] for one in service["volumes"] if isinstance(one, dict)}
    read = ["prometheus.yaml", *config["rule_files"], job["authorization"]["credentials_file"]]
    assert mounted == {f"/config/{name}" for name in read}
    assert "--config.file=/config/prometheus.yaml" in service["command"]


def test_grafana_finds_prometheus_and_the_dashboard(compose: dict[str, Any]) -> None:
    """At the addresses that are provisioned, and keeps away from the slots."""
    service = compose["services"]["grafana"]
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "datasource.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert set(service["networks"]) & set(compose["services"]["prometheus"]["networks"]) == {"edge"}
    assert "inside" not in service["networks"]
    (provider,) = yaml.safe_load((DEPLOY / "grafana" / "dashboards.yaml").read_text())["providers"]
    home = service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.startswith(provider["options"]["path"] + "/")
    assert home in {one["target"] for one in service["volumes"]}
