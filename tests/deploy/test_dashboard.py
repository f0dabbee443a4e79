"""The dashboard and the rules, asked of a real Prometheus that scrapes a real server with store and shadow model."""

import hashlib
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy
import yaml
from running import Server
from scraping import DEPLOY, Prometheus, scraping, wait_until

from houseprice.bundle.load import open_bundle
from programs import needs

DASHBOARD = json.loads((DEPLOY / "grafana" / "house-price-model.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
QUERIES = {f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
RIGHTLY_EMPTY = {
    "HousePriceAbsent": "a model is reported",
    "HousePriceWrongAnswers": "no golden answer was wrong",
    "HousePriceErrors": "no request failed",
    "HousePricePredictionDrift": "it compares with samples of a week before",
}
KEY = "of Prometheus"


def measured(expression: str) -> str:
    """Return what a rule measures: its expression without the limits, which nothing exceeds here."""
    return re.sub(r" (?:>=?|==) [\d.]+(?: \* \d+)?", "", expression)


ASKED = {
    **{name: query.replace("$__rate_interval", "1m") for name, query in QUERIES.items()},
    **{alert: measured(expression) for alert, expression in RULES.items()},
}


@pytest.fixture(scope="module")
def server(bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server with API keys that has answered, warned and rejected."""
    needs("prometheus")
    home = tmp_path_factory.mktemp("monitored")
    house = open_bundle(bundle_dir).golden["rows"][0]
    found = Server(
        "--bundle",
        str(bundle_dir),
        HOUSEPRICE_API_KEYS=f"prometheus:{hashlib.sha256(KEY.encode()).hexdigest()}",
        HOUSEPRICE_STORE=f"sqlite:///{home / 'store.db'}",
        HOUSEPRICE_SHADOW=str(bundle_dir),
    )
    try:
        assert [status(found, house, KEY) for _ in range(5)] == [200] * 5
        assert status(found, {**house, "zipcode": "99999"}, KEY) == 200  # not in King County
        assert status(found, house, "of nobody") == 401
        yield found
    finally:
        found.kill()


def status(server: Server, house: dict[str, Any], key: str) -> int:
    """Ask for a price; return the status of the answer."""
    connection = http.client.HTTPConnection(server.host, server.port)
    headers = {"Content-Type": "application/json", "X-API-Key": key}
    connection.request("POST", "/predict", json.dumps(house), headers)
    found = connection.getresponse().status
    connection.close()
    return found


@pytest.fixture(scope="module")
def prometheus(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start a Prometheus that scrapes the server."""
    with scraping(f"{server.host}:{server.port}", KEY, tmp_path_factory.mktemp("prometheus")) as found:
        yield found


@pytest.mark.long
def test_every_query_finds_something(prometheus: Prometheus) -> None:
    """Each of the dashboard, and what each rule measures, but for those that are listed with their reason."""

    def empty() -> set[str]:
        return {name for name, query in ASKED.items() if not prometheus.samples(query)}

    wait_until(lambda: empty() == set(RIGHTLY_EMPTY))
    assert empty() == set(RIGHTLY_EMPTY)


@pytest.mark.long
def test_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    """Prometheus has loaded all of them and evaluates each without an error."""

    def health() -> dict[str, str]:
        groups = prometheus.get("/api/v1/rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    wait_until(lambda: set(health().values()) == {"ok"})
    assert health() == dict.fromkeys(RULES, "ok")


@pytest.mark.long
def test_every_metric_and_label_is_one_that_the_api_has(prometheus: Prometheus) -> None:
    """Also of what is rightly empty: nothing waits for a metric, or for a label of one, that is not there."""
    wait_until(lambda: prometheus.samples("houseprice_shadow_up"))
    for name, query in ASKED.items():
        for metric, matchers in re.findall(r"(houseprice_\w+)(?:\{([^}]*)\})?", query):
            labels = set(re.findall(r"(\w+)(?:!~|=~|=)", matchers))
            assert any(labels <= set(sample["metric"]) for sample in prometheus.samples(metric)), f"{name}: {metric}"


@pytest.mark.long
def test_without_api_keys_an_empty_file_will_do(tmp_path: Path) -> None:
    """As compose.yaml mounts by default."""
    needs("prometheus")
    server = Server("--bundle", str(toy.seal(tmp_path / "bundle")))
    try:
        with scraping(f"{server.host}:{server.port}", "", tmp_path) as prometheus:
            wait_until(lambda: prometheus.samples("houseprice_model_info"))
            assert prometheus.samples("houseprice_model_info")
    finally:
        server.kill()


def test_panels_lie_side_by_side_and_say_what_they_show() -> None:
    """Each has a title of its own and a description, and no two share a place."""
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["description"].endswith(".") for panel in PANELS)
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for at in places for x in columns(at) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells))
    assert all(x < 24 for x, _ in cells)


def columns(place: dict[str, int]) -> range:
    """Return the columns that a panel takes of the 24."""
    return range(place["x"], place["x"] + place["w"])


def test_panels_ask_the_provisioned_data_source() -> None:
    """By its uid."""
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "datasource.yaml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    assert {panel["datasource"]["type"] for panel in PANELS} == {source["type"]}


def test_limits_of_the_dashboard_are_those_of_the_rules() -> None:
    """A number that turns red is one that has an alert."""
    limits = {"Server errors": "HousePriceErrors", "Latency of /predict, p99": "HousePriceSlow"}
    limits |= {"Waiting for the store": "HousePriceStoreSlow", "Age of the newest sale": "HousePriceStaleModel"}
    for title, alert in limits.items():
        (panel,) = (panel for panel in PANELS if panel["title"] == title)
        limit = re.findall(r"> ([\d.]+)(?: \* (\d+))?", RULES[alert])[0]
        red = panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]
        assert red == {"color": "red", "value": pytest.approx(float(limit[0]) * float(limit[1] or 1))}
