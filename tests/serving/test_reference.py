"""The caller's own reference beside a house: accepted on every route, checked, and without effect on any answer."""

import json
from typing import Any

import pytest
from toy import FULL, LEAST, Client

from houseprice.bundle.load import Bundle
from houseprice.schema import Schema
from houseprice.serving.app import create_app
from houseprice.serving.request import RequestModel
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError

NAMED = {**FULL, "reference": "R'); DROP TABLE predictions;--"}


def test_a_reference_changes_no_answer(client: Client) -> None:
    """Neither of one house, with or without further parts, nor of many."""
    for path in ("/predict", "/predict?include=explanation,comparables", "/explain", "/comparables"):
        assert client.post(path, NAMED).json() == client.post(path, FULL).json()
    named, plain = [NAMED, {**LEAST, "reference": None}], [FULL, LEAST]
    assert client.post("/batch-predict", named).json() == client.post("/batch-predict", plain).json()


@pytest.mark.parametrize("reference", ["", "x" * 200, "élan 7", 98178, None])
def test_texts_and_whole_numbers_are_references(scorer: Scorer, reference: object) -> None:
    """A text is kept as it was sent; a number is the text that it is written as."""
    house = scorer.request.parse(json.dumps({**LEAST, "reference": reference}).encode())
    assert house["reference"] == (str(reference) if isinstance(reference, int) else reference)


@pytest.mark.parametrize("reference", ["x" * 201, "a\0b", "two\nlines", True, 1.5, ["a"], {}])
def test_anything_else_is_refused_with_its_name(client: Client, reference: object) -> None:
    """On the column, as any other invalid value."""
    answer = client.post("/predict", {**LEAST, "reference": reference})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["detail"]] == [["body", "reference"]]


def test_a_csv_may_have_a_column_of_references(client: Client) -> None:
    """It is returned as every other column of its owner."""
    head, row = "living area,rooms,zip,grade,reference", "80,3,98039,1,"
    answer = client.post("/batch-predict", f"{head}\n{row} order 7 \n{row}\n".encode(), "text/csv")
    lines = answer.text.splitlines()
    assert lines[0].startswith(head)
    assert lines[1].startswith(f"{row} order 7 ,")
    assert lines[1].split(",")[5:] == lines[2].split(",")[5:]


def test_a_reference_in_a_csv_is_checked(client: Client) -> None:
    """The error names its line."""
    body = f"living area,rooms,zip,grade,reference\n80,3,98039,1,{'x' * 201}\n"
    answer = client.post("/batch-predict", body.encode(), "text/csv")
    assert answer.status_code == 422
    assert [(error["loc"][-1], error["line"]) for error in answer.json()["detail"]] == [("reference", 2)]


def test_other_protocols_take_references(client: Client) -> None:
    """As a key of a house, a column of a data frame, and a tensor."""
    price = client.post("/predict", LEAST).json()["predicted_price"]
    house = {**LEAST, "reference": "a"}
    frame = {"columns": list(house), "data": [list(house.values())]}
    for body in ({"instances": [house]}, {"dataframe_split": frame}):
        assert client.post("/invocations", body).json() == {"predictions": [price]}
    kinds = {str: "BYTES", float: "FP64", int: "INT64"}
    tensors: list[dict[str, Any]] = [
        {"name": name, "datatype": kinds[type(value)], "shape": [1], "data": [value]} for name, value in house.items()
    ]
    answer = client.post("/v2/models/toy/infer", {"inputs": tensors})
    assert answer.json()["outputs"][0]["data"] == [price]


def test_a_column_of_that_name_wins(toy: Bundle) -> None:
    """A schema whose houses have a reference of their own knows no other."""
    columns = {**toy.manifest.schema_.columns}
    columns["reference"] = columns["zip"].model_copy(update={"levels": ("a", "b")})
    rules = RequestModel(Schema(columns=columns))
    assert rules.parse(json.dumps({**LEAST, "reference": "a"}).encode())["reference"] == "a"
    with pytest.raises(InvalidRequestError):
        rules.parse(json.dumps({**LEAST, "reference": "c"}).encode())


def test_openapi_documents_the_reference(toy: Bundle) -> None:
    """With its limit."""
    shown = create_app(toy).openapi()["components"]["schemas"]["House"]
    assert shown["properties"]["reference"]["anyOf"][0]["maxLength"] == 200
    assert "reference" not in shown["required"]
