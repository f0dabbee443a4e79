"""A name that an object gives twice is refused by each route, with the name; what only looks like that is answered."""

import json
from typing import Any

import pytest
from batches import NDJSON
from hypothesis import given
from hypothesis import strategies as st
from openinference import URL, in_json
from pydantic_core import from_json
from toy import FULL, FULL_PRICE, LEAST, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.app import create_app
from houseprice.serving.json_duplicate_keys import DuplicateKey, count_keys, find_duplicate_keys

TEXT = json.dumps(FULL)
TWICE = TEXT.replace('"rooms": 4', '"rooms": 9, "rooms": 4').encode()
MESSAGE = '"rooms" is given more than once; send each name only once.'


@pytest.fixture(scope="module")
def api(toy: Bundle) -> Client:
    """Return the API, ready."""
    return Client(create_app(toy))


def fault(*place: str | int, line: int | None = None) -> dict[str, Any]:
    """Return what is told of the name."""
    shown = {"type": "duplicate_key", "loc": ["body", *place], "msg": MESSAGE, "input": None}
    return shown if line is None else {**shown, "line": line}


@pytest.mark.parametrize("path", ["/predict", "/predict?include=comparables", "/explain", "/comparables", "/history"])
@pytest.mark.parametrize(
    "body",
    [
        TWICE,
        TEXT.replace('"rooms": 4', '"rooms": 4, "rooms": 4').encode(),
        TEXT.replace('"rooms": 4', '"rooms" \n:\t"no number", "rooms": 4').encode(),
        TEXT.replace('"rooms": 4', '"rooms": 4, "r\\u006foms": 4').encode(),
        TEXT.replace('"rooms": 4', '"rooms": {"a": [1, {}]}, "rooms": 4').encode(),
        TEXT.replace('"rooms": 4', '"rooms": 1, "rooms": 2, "rooms": 4').encode(),
        TEXT.replace('"rooms": 4', '"rooms": ' + "9" * 4000 + ', "rooms": 4').encode(),
    ],
)
def test_a_house_with_a_name_twice_is_refused(api: Client, path: str, body: bytes) -> None:
    """Whatever the values are, and however the name is spelled."""
    answer = api.post(path, body)
    assert (answer.status_code, answer.json()) == (422, {"detail": [fault("rooms")]})


def test_a_batch_says_which_house_it_is(api: Client) -> None:
    """By position, in lines by number as well; a house before it does not hide it."""
    whole = b"[" + TEXT.encode() + b"," + TWICE + b"]"
    assert api.post("/batch-predict", whole).json() == {"detail": [fault(1, "rooms")]}
    lines = TEXT.encode() + b"\n\n" + TWICE + b"\n"
    for accept in (NDJSON, "application/json"):
        answer = api.post("/batch-predict", lines, NDJSON, {"Accept": accept})
        assert (answer.status_code, answer.json()) == (422, {"detail": [fault(1, "rooms", line=3)]})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"instances": [%s, %s]}' % (TEXT.encode(), TWICE), (1, "rooms")),
        (b'{"inputs": %s}' % TWICE, ("rooms",)),
        (b'{"inputs": {"rooms": [1], "zip": ["1"], "rooms": [4]}}', ("rooms",)),
        (b'{"params": {"rooms": 1, "rooms": 1}, "instances": []}', ("rooms",)),
    ],
)
def test_other_servers_clients_are_told_alike(api: Client, body: bytes, place: tuple[str | int, ...]) -> None:
    """422 with its place on /invocations, and the sentence under `error` for KServe."""
    answer = api.post("/invocations", body)
    assert (answer.status_code, answer.json()) == (422, {"detail": [fault(*place)]})
    answer = api.post("/v1/models/toy:predict", body)
    assert answer.status_code == 400
    assert MESSAGE.removesuffix(".") in answer.json()["error"]


def test_houses_given_twice_are_refused(api: Client) -> None:
    """The second list would be answered, and the first one forgotten."""
    body = b'{"instances": [%s], "instances": []}' % TEXT.encode()
    assert '"instances" is given more than once' in api.post("/invocations", body).json()["detail"][0]["msg"]


def test_tensors_with_a_part_twice_are_refused(api: Client) -> None:
    """With the place in the request, as for everything that is wrong with its form."""
    text = json.dumps({"inputs": in_json(LEAST)})
    answer = api.post(URL, text.replace('"shape": [1]', '"shape": [7], "shape": [1]', 1).encode())
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("inputs.0: 'shape' is given more than once")
    assert api.post(URL, text.encode()).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"sold": "2014-10-13T09:30:00Z"},
        {"zip": '98178", "rooms": 4, "rooms": "'},
        {"zip": ':::":'},
        {"zip": "rooms"},
    ],
)
def test_colons_and_names_in_texts_are_no_names(api: Client, changes: dict[str, Any]) -> None:
    """A text may hold anything; the price is the one without it."""
    body = {**FULL, **changes}
    assert api.post("/predict", body).json()["predicted_price"] == FULL_PRICE
    answer = api.post("/batch-predict", [body, FULL])
    assert [found["predicted_price"] for found in answer.json()["predictions"]] == [FULL_PRICE] * 2
    assert api.post("/invocations", {"instances": [body, FULL]}).json() == {"predictions": [FULL_PRICE] * 2}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.sampled_from('a:" \\{}[],é'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_no_json_without_a_repeat_is_taken_for_one(value: Any) -> None:
    """Names and texts of any kind, nested in any way."""
    text = json.dumps(value).encode()
    assert find_duplicate_keys(text, count_keys(from_json(text), text.count(b":"))) == []


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c:", '"']), values), max_size=5), values)
def test_every_repeat_is_found(pairs: list[tuple[str, Any]], beside: Any) -> None:
    """With its place, and once however often it is repeated."""
    inner = "{" + ",".join(f"{json.dumps(name)} : {json.dumps(value)}" for name, value in pairs) + "}"
    text = f'{{"at": [{json.dumps(beside)}, {inner}]}}'.encode()
    names = [name for name, _ in pairs]
    expected = [DuplicateKey(("at", 1), name) for name in dict.fromkeys(names) if names.count(name) > 1]
    assert find_duplicate_keys(text, count_keys(from_json(text), text.count(b":"))) == expected
