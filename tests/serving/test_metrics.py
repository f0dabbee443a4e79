"""What /metrics tells: requests, houses, prices and warnings, as they were."""

import asyncio
import re

import pytest
from toy import FULL, LEAST, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.metrics import FRESH_BURST, Metrics


@pytest.fixture
def metrics(toy: Bundle) -> Metrics:
    """Return the metrics of a model without a server."""
    return Metrics(toy.manifest)


def numbers(client: Client) -> dict[str, float]:
    """Return every number that is told."""
    lines = client.get("/metrics").text.splitlines()
    found = (re.fullmatch(r"([a-z_]+(?:\{.*\})?) (\S+)", line) for line in lines if line.startswith("houseprice"))
    return {line[1]: float(line[2]) for line in found if line}


def test_requests_houses_and_warnings_are_counted(toy: Bundle) -> None:
    """By route and status; refusals and unknown paths too, the latter under one name however many there are."""
    client = Client(create_app(toy))
    client.post("/predict", FULL)
    client.post("/batch-predict", [FULL, {**LEAST, "zip": "00000"}])
    client.post("/predict", {})
    for path in ("/no", "/nowhere"):
        client.get(path)
    told = numbers(client)
    assert told['houseprice_requests_total{route="/predict",status="200"}'] == 1
    assert told['houseprice_requests_total{route="/predict",status="422"}'] == 1
    assert told['houseprice_requests_total{route="unmatched",status="404"}'] == 2
    assert told["houseprice_houses_total"] == 3
    assert told["houseprice_predicted_price_count"] == 3
    assert told['houseprice_warnings_total{column="zip",kind="unknown_category"}'] == 1
    assert told['houseprice_request_seconds_count{route="/batch-predict"}'] == 1


def test_a_request_in_progress_is_counted_as_such(toy: Bundle) -> None:
    """At the moment of the answer: the one that asks; each that was answered before it counts as answered."""
    client = Client(create_app(toy))
    for answered in range(3):
        told = numbers(client)
        assert told["houseprice_requests_in_progress"] == 1
        assert told.get('houseprice_request_seconds_count{route="/metrics"}', 0) == answered


def test_requests_are_counted_without_being_asked_for(metrics: Metrics) -> None:
    """By the next iteration of the event loop, so that another process can read them."""

    async def count() -> list[float | None]:
        metrics.begin_request()
        metrics.begin_request()
        await asyncio.sleep(0)
        begun = metrics.registry.get_sample_value("houseprice_requests_in_progress")
        for seconds in (0.002, 0.2):
            metrics.end_request("/x", 200, seconds)
        await asyncio.sleep(0)
        names = (("requests_total", {"route": "/x", "status": "200"}), ("request_seconds_sum", {"route": "/x"}))
        return [begun, *(metrics.registry.get_sample_value(f"houseprice_{name}", labels) for name, labels in names)]

    assert asyncio.run(count()) == [2, 2, 0.202]


def test_the_model_and_its_age_are_told(client: Client) -> None:
    """Its version, what its answer is, and how old the newest sale is that it knows."""
    told = numbers(client)
    (model,) = [name for name in told if name.startswith("houseprice_model_info")]
    assert 'model_version="0123456789ab"' in model
    assert told["houseprice_bundle_age_seconds"] > 365 * 86400


def test_golden_rows_are_not_counted_as_houses(toy: Bundle) -> None:
    """A watched server would otherwise look like a busy one."""
    client = Client(create_app(toy))
    client.get("/health")
    assert numbers(client)["houseprice_houses_total"] == 0


def test_who_asks_very_often_gets_an_earlier_answer(toy: Bundle) -> None:
    """To write down all numbers takes longer than a prediction; whoever asks now and then gets those of the moment."""
    client = Client(create_app(toy))
    for expected in range(FRESH_BURST - 1):
        assert numbers(client).get('houseprice_requests_total{route="/metrics",status="200"}', 0) == expected
    answers = {client.get("/metrics").content for _ in range(200)}
    assert len(answers) < 100
