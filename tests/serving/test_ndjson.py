"""Lines of JSON, answered while they arrive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from batches import JSON, NDJSON, lines, prices, send, write
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, FULL_PRICE, LEAST, MOST_HOUSES, Client

from houseprice.bundle.load import BLOCK, open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.formats.ndjson import BLOCK_BYTES, BLOCK_LINES, Lines
from houseprice.serving.validation_errors import MAX_ERRORS

MANY = 3 * BLOCK_LINES + 7


def answered(client: Client, body: Any) -> list[dict[str, Any]]:
    """Send lines and return the lines of the answer."""
    answer = send(client.app, body, NDJSON)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.iter_lines()]


def test_there_may_be_more_lines_than_a_batch_may_hold(client: Client) -> None:
    """Each answer is the one that its house has in a batch, in the same order."""
    houses = [{**FULL, "rooms": number % 50} for number in range(MANY)]
    assert MANY > MOST_HOUSES
    found = answered(client, lines(houses))
    expected = send(client.app, write(houses[:50], JSON), JSON).json()["predictions"]
    assert found == [expected[number % 50] for number in range(MANY)]


@settings(max_examples=30)
@given(st.data())
def test_where_a_body_is_cut_changes_nothing(client: Client, data: st.DataObject) -> None:
    """Lines end where they end, not where the network cuts them; blank ones are passed over."""
    body = b"\n" + lines([FULL, LEAST]) + b"\r\n  \n" + lines([{**FULL, "zip": "äöü"}]).rstrip()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    parts = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert answered(client, parts)[0]["predicted_price"] == FULL_PRICE
    assert answered(client, parts) == answered(client, body)


def converse(client: Client, receive: Any, sending: Any, **said: Any) -> None:
    """Speak to the application message by message."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/batch-predict",
        "raw_path": b"/batch-predict",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"x"), (b"content-type", NDJSON.encode())],
        "client": ("test", 1),
        "server": ("house", 80),
        **said,
    }

    async def ask() -> None:
        with anyio.fail_after(60):
            await client.app(scope, receive, sending)

    anyio.run(ask)


def test_answers_come_before_the_request_has_ended(client: Client) -> None:
    """Beyond the limit of a body, a client that sends more only after it has read something gets its answers."""
    seen: list[int] = []
    answered = anyio.Event()
    parts = iter([(lines([FULL] * 2 * BLOCK_LINES), True), (lines([LEAST]), False)])

    async def receive() -> dict[str, Any]:
        part, more = next(parts)
        if not more:
            await answered.wait()
        return {"type": "http.request", "body": part, "more_body": more}

    async def sending(message: Any) -> None:
        if message.get("body"):
            seen.append(message["body"].count(b"\n"))
            answered.set()

    converse(client, receive, sending)
    assert seen == [BLOCK_LINES, BLOCK_LINES, 1]


def test_up_to_the_limit_nothing_is_answered_before_the_request_has_ended(client: Client) -> None:
    """A proxy such as nginx sends no more of a body once the answer has begun."""
    order: list[str] = []
    parts = iter([(lines([LEAST] * BLOCK_LINES), True)] * 2 + [(b"", False)])

    async def receive() -> dict[str, Any]:
        part, more = next(parts)
        order.append("received")
        return {"type": "http.request", "body": part, "more_body": more}

    async def sending(_: Any) -> None:
        order.append("sent")

    converse(client, receive, sending)
    assert order[:3] == ["received"] * 3
    assert set(order[3:]) == {"sent"}


def test_a_client_of_http_1_0_gets_a_length(client: Client) -> None:
    """It knows no chunks; beyond the limit it is refused."""
    for count, status in ((BLOCK_LINES, 200), (4 * BLOCK_LINES, 413)):
        seen: list[Any] = []
        parts = iter([{"type": "http.request", "body": lines([LEAST] * count)}])

        async def receive(parts: Iterator[Any] = parts) -> dict[str, Any]:
            return next(parts)

        async def sending(message: Any, seen: list[Any] = seen) -> None:
            seen.append(message)

        converse(client, receive, sending, http_version="1.0")
        assert seen[0]["status"] == status
        assert int(dict(seen[0]["headers"])[b"content-length"]) == len(seen[1]["body"])


def test_a_client_may_send_everything_before_it_reads_anything(client: Client) -> None:
    """Answers wait for it, so that neither side waits for the other."""
    seen: list[int] = []
    sent = anyio.Event()
    parts = [(lines([LEAST] * BLOCK_LINES), True)] * 12 + [(b"", False)]
    following = iter(parts)

    async def receive() -> dict[str, Any]:
        part, more = next(following)
        if not more:
            sent.set()
        return {"type": "http.request", "body": part, "more_body": more}

    async def sending(message: Any) -> None:
        await sent.wait()
        seen.append(message.get("body", b"").count(b"\n"))

    converse(client, receive, sending)
    assert sum(seen) == 12 * BLOCK_LINES


def test_a_client_that_leaves_ends_the_work(client: Client) -> None:
    """Nothing fails when nobody is there to read it, before the answer began and after."""
    for count in (1, 2 * BLOCK_LINES):
        parts = iter([{"type": "http.request", "body": lines([FULL] * count), "more_body": True}])
        seen: list[Any] = []

        async def receive(parts: Iterator[Any] = parts) -> dict[str, Any]:
            return next(parts, {"type": "http.disconnect"})

        async def sending(message: Any, seen: list[Any] = seen) -> None:
            seen.append(message)

        converse(client, receive, sending)
        assert seen[0]["status"] == (400 if count == 1 else 200)


def test_a_fault_in_the_first_block_is_an_ordinary_refusal(client: Client) -> None:
    """Nothing was answered yet, so the status can say it; the line is named beside the place."""
    answer = send(client.app, lines([FULL]) + b"\n" + lines([{**FULL, "rooms": 99}, 5]) + b"{", NDJSON)
    assert answer.status_code == 422
    first, second, third = answer.json()["detail"]
    assert first == {
        "type": "less_than_equal",
        "loc": ["body", 1, "rooms"],
        "msg": '"rooms" is 99; expected a whole number from 0 to 50.',
        "input": 99,
        "line": 3,
    }
    assert (second["line"], second["msg"]) == (4, "House 2 is 5; expected a JSON object.")
    assert third["line"] == 5
    assert third["msg"].startswith("House 3 is not JSON (EOF while parsing")


def test_a_fault_in_a_later_block_is_the_last_line(client: Client) -> None:
    """All houses before it are answered, and what follows is not."""
    houses: list[Any] = [FULL] * MANY
    houses[BLOCK_LINES + 3] = {**FULL, "rooms": 99}
    *found, last = answered(client, lines(houses))
    assert len(found) == BLOCK_LINES + 3
    (error,) = last["detail"]
    assert (error["line"], error["loc"]) == (BLOCK_LINES + 4, ["body", BLOCK_LINES + 3, "rooms"])


def test_only_the_first_faults_are_told(client: Client) -> None:
    """A body of nothing but errors is not answered with as many."""
    answer = send(client.app, lines([{}] * MANY), NDJSON)
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == MAX_ERRORS


def test_a_line_without_an_end_is_413(client: Client) -> None:
    """It is refused while it arrives: memory does not grow with it."""

    def endless() -> Iterator[bytes]:
        yield lines([FULL])
        while True:
            yield b" " * 50_000

    (found, last) = answered(client, endless())
    assert found["predicted_price"] == FULL_PRICE
    assert "Line 2 has more than" in last["detail"]
    answer = send(client.app, b"x" * (BLOCK_BYTES + 1), NDJSON)
    assert answer.status_code == 413


def test_no_lines_have_no_answers(client: Client) -> None:
    """An empty body is an empty batch."""
    assert answered(client, b"") == answered(client, b"\n\n") == []


def test_a_model_that_fails_later_is_told_in_the_last_line(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails at once is a 503 as everywhere."""
    bundle = open_bundle(toy_dir)
    blocks = -(-BLOCK_LINES // BLOCK)
    answer, left = bundle.model.predict, iter([True] * blocks)

    def fail_soon(columns: Any) -> Any:
        if next(left, False):
            return answer(columns)
        raise RuntimeError("out of memory")

    client = Client(create_app(bundle))
    monkeypatch.setattr(bundle.model, "predict", fail_soon)
    *found, last = answered(client, lines([FULL] * (BLOCK_LINES + 1)))
    assert 0 <= len(found) <= BLOCK_LINES
    assert "out of memory" in last["detail"]
    assert send(client.app, lines([FULL]), NDJSON).status_code == 503


def test_lines_are_numbered_and_houses_are_counted() -> None:
    """Blank lines have a number and no house."""
    reader = Lines()
    found = reader.feed(b"a\n\nb") + reader.feed(b"c\n \nd") + reader.end()
    assert [(line.number, line.house, line.text) for line in found] == [(1, 0, b"a"), (3, 1, b"bc"), (5, 2, b"d")]


def test_lines_can_be_answered_as_one_json(client: Client) -> None:
    """Then they are read as a whole, with the limits of a batch."""
    answer = send(client.app, lines([FULL, LEAST]), NDJSON, JSON)
    assert prices(answer) == prices(send(client.app, write([FULL, LEAST], JSON), JSON))
    assert send(client.app, lines([FULL, {}]), NDJSON, JSON).json()["detail"][0]["line"] == 2
