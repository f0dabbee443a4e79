"""Direct routes answer as the router would."""

import pytest
from toy import FULL, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app

PATHS = ("/predict", "/batch-predict", "/invocations", "/v1/models/toy:predict", "/v2/models/toy/infer")


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_405_with_the_allowed_one(client: Client, path: str) -> None:
    """It is left to the router."""
    answer = client.ask("PUT", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", PATHS)
def test_a_direct_route_answers_as_the_router_does(toy: Bundle, path: str) -> None:
    """Behind a path prefix all routes go through the router, and give the same bytes."""
    direct, routed = create_app(toy), create_app(toy)
    routed.root_path = "/prefix"
    body = [FULL] if path == "/batch-predict" else {"instances": [FULL]} if "predict" not in path else FULL
    answers = [Client(app).post(path, body) for app in (direct, routed)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].content == answers[1].content
