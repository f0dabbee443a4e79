"""What OpenAPI says."""

import re
from typing import Any

import pytest
from toy import FULL, MOST_HOUSES, Client


@pytest.fixture(scope="module")
def document(client: Client) -> dict[str, Any]:
    """Return the OpenAPI document."""
    body: dict[str, Any] = client.get("/openapi.json").json()
    return body


def test_every_route_of_the_contract_is_there(document: dict[str, Any]) -> None:
    """What is promised is documented, and nothing else."""
    own = {"/health", "/livez", "/readyz", "/predict", "/batch-predict", "/model", "/explain", "/comparables"}
    own |= {"/history", "/what-if", "/page-config", "/sales"}
    others = {"/ping", "/version", "/invocations", "/v2"}
    versioned = {path for path in document["paths"] if path.startswith(("/v1/", "/v2/"))}
    assert set(document["paths"]) - versioned == own | others
    assert document["info"]["version"] == "0123456789ab"


def test_a_house_is_described_column_by_column(document: dict[str, Any]) -> None:
    """Description, unit, range, levels and what is required come from the declaration, with an example."""
    house = document["components"]["schemas"]["House"]
    assert set(house["properties"]) == {*FULL, "reference"}
    assert sorted(house["required"]) == ["grade", "living area", "rooms", "zip"]
    assert house["examples"] == [FULL]
    assert house["additionalProperties"] is False
    area = house["properties"]["living area"]
    assert (area["minimum"], area["maximum"], area["description"]) == (10, 5000, "Living area, in sq m")
    assert house["properties"]["grade"]["enum"] == [1, 2, 3, 5]


def test_requests_and_answers_are_described(document: dict[str, Any]) -> None:
    """The bodies point to a house, and every answer that can come is listed."""
    one, many = document["paths"]["/predict"]["post"], document["paths"]["/batch-predict"]["post"]
    reference = {"$ref": "#/components/schemas/House"}
    assert one["requestBody"]["content"]["application/json"]["schema"] == reference
    body = many["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"type": "array", "items": reference}
    assert f"up to {MOST_HOUSES} houses" in many["description"]
    assert set(one["responses"]) == {"200", "413", "414", "415", "422", "503"}
    assert set(many["responses"]) == {*one["responses"], "406"}


@pytest.mark.parametrize("path", ["/batch-predict", "/invocations"])
def test_a_table_is_described_by_the_plainest_ones(client: Client, document: dict[str, Any], path: str) -> None:
    """What follows the pattern is answered; its header alone is a table of no house."""
    pattern = document["paths"][path]["post"]["requestBody"]["content"]["text/csv"]["schema"]["pattern"]
    header = pattern.removeprefix("^").partition("(")[0]
    row = pattern.partition(r"(\n(")[2].partition(")")[0].split("|")[0].replace("\\", "")
    assert header.split(",") == ["living area", "rooms", "zip", "grade"]
    for body in (header, f"{header}\n", f"{header}\n{row}", f"{header}\n{row}\n{row}\n"):
        assert re.fullmatch(pattern.strip("^$"), body)
        answer = client.post(path, body.encode(), "text/csv")
        assert answer.status_code == 200, answer.text


def test_parts_that_may_be_asked_for_are_described(document: dict[str, Any]) -> None:
    """They are optional in the answer of /predict, as the valuation is in that of a batch, and never null."""
    answer = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = document["components"]["schemas"][answer["$ref"].removeprefix("#/components/schemas/")]
    assert whole["properties"]["explanation"]["$ref"] == "#/components/schemas/Explanation"
    assert whole["properties"]["comparables"]["items"] == {"$ref": "#/components/schemas/Comparable"}
    for part in ("explanation", "comparables", "valuation"):
        assert not {"default", "anyOf"} & set(whole["properties"][part])
    of_batch = document["components"]["schemas"]["ValuedPrediction"]
    assert set(whole["properties"]) - set(of_batch["properties"]) == {"explanation", "comparables"}
    assert whole["required"] == of_batch["required"]
    assert set(of_batch["properties"]) - set(of_batch["required"]) == {"valuation"}
    assert {"fsd", "confidence"} < set(of_batch["required"])


def test_the_price_is_said_to_be_a_median(document: dict[str, Any]) -> None:
    """Nobody has to guess what kind of middle a price is."""
    assert "median" in document["paths"]["/predict"]["post"]["description"]
    assert "2015-05-27" in document["paths"]["/predict"]["post"]["description"]
