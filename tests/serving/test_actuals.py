"""`POST /actuals` where there is no recorder: the server's part of it."""

from hashlib import sha256
from pathlib import Path

import pytest
from toy import LEAST, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings

SALES = [{"reference": "a", "price": 1.0, "sale_date": "2020-01-01"}]
KEY = "a key"


@pytest.fixture
def storing(toy: Bundle, tmp_path: Path) -> Client:
    """Return an API with a store whose recorder does not run, and with a key."""
    keys = (("ann", sha256(KEY.encode()).hexdigest()),)
    return Client(create_app(toy, Settings(store=f"sqlite:///{tmp_path / 'db'}", api_keys=keys, max_rows=10)))


def test_without_a_recorder_prices_are_to_be_sent_later(storing: Client) -> None:
    """With 503, and a time after which to try again."""
    answer = storing.post("/actuals", SALES, headers={"X-API-Key": KEY})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_it_needs_a_key_as_other_routes_do(storing: Client) -> None:
    """Where there are keys."""
    assert storing.post("/actuals", SALES).status_code == 401


def test_a_body_of_another_type_or_too_long_is_refused(storing: Client) -> None:
    """Before anybody is asked."""
    headers = {"X-API-Key": KEY}
    assert storing.post("/actuals", b"price\n1", "text/csv", headers).status_code == 415
    assert storing.post("/actuals", b"[" + b" " * 20_000, headers=headers).status_code == 413


def test_it_is_documented_where_predictions_are_stored(storing: Client, client: Client) -> None:
    """And there is no such route elsewhere."""
    document = storing.app.openapi()["paths"]["/actuals"]["post"]
    assert set(document["responses"]) >= {"200", "413", "415", "422", "503"}
    assert "/actuals" not in client.app.openapi()["paths"]
    assert client.post("/actuals", SALES).status_code == 404


def test_the_metrics_tell_that_there_is_no_recorder(storing: Client, client: Client) -> None:
    """Where predictions are stored; elsewhere there is nothing to tell."""
    assert storing.post("/predict", LEAST, headers={"X-API-Key": KEY}).status_code == 200
    text = storing.ask("GET", "/metrics", headers={"X-API-Key": KEY}).text
    assert "houseprice_store_recorder_up 0.0" in text
    assert "recorder_up" not in client.get("/metrics").text
