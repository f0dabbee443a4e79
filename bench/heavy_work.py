"""Attacks by legal work, more of it than the server can do."""

import json
from collections.abc import Iterator

from attack_engine import ANSWER, WORK_MB, Script, Target, again, attack, endless, head, held
from load import post


@attack("16 clients of `/explain`", WORK_MB)
def _explain(target: Target) -> list[Script]:
    return [again(post("/explain", target.houses[0]))] * 16


@attack("16 clients of `/comparables`", WORK_MB)
def _comparables(target: Target) -> list[Script]:
    return [again(post("/comparables", target.houses[0]))] * 16


@attack("16 clients of `/history`", WORK_MB)
def _history(target: Target) -> list[Script]:
    return [again(post("/history", target.houses[0]))] * 16


@attack("16 clients of `/what-if` with 400 points", WORK_MB)
def _what_if(target: Target) -> list[Script]:
    vary = {"sqft_living": 20, "sqft_lot": list(range(5000, 7000, 100))}
    return [again(post("/what-if", {"house": target.houses[0], "vary": vary}))] * 16


@attack("16 clients of `/predict` with all parts", WORK_MB)
def _parts(target: Target) -> list[Script]:
    return [again(post("/predict?include=explanation,comparables", target.houses[0]))] * 16


@attack("16 batches of 10,000 houses at once", WORK_MB)
def _batches(target: Target) -> list[Script]:
    return [again(post("/batch-predict", target.rows))] * 16


@attack("40 batches of 10,000 houses by other protocols", WORK_MB)
def _protocols(target: Target) -> list[Script]:
    records = post("/invocations", {"dataframe_records": target.rows})
    instances = post(f"/v1/models/{target.model}:predict", {"instances": target.rows})
    return [again(records), again(instances)] * 20


@attack("4 clients with batches of 32 houses", WORK_MB)
def _small_batches(target: Target) -> list[Script]:
    return [again(post("/batch-predict", target.rows[:32]))] * 4


@attack("40 batches whose answers nobody reads", WORK_MB, reads=False)
def _unread(target: Target) -> list[Script]:
    return [held(post("/batch-predict", target.rows))] * 40


def _stream(target: Target) -> Script:
    first = head("POST /batch-predict", "Transfer-Encoding: chunked", "Content-Type: application/x-ndjson")
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in target.rows[:1000])
    return endless(first, b"%x\r\n%s\r\n" % (len(lines), lines))


@attack("8 streams of NDJSON without end", WORK_MB)
def _streams(target: Target) -> list[Script]:
    return [_stream(target)] * 8


@attack("40 streams of NDJSON without end, answers unread", WORK_MB, reads=False)
def _unread_streams(target: Target) -> list[Script]:
    return [_stream(target)] * 40


@attack("16 batches given up while they are answered", WORK_MB)
def _given_up(target: Target) -> list[Script]:
    batch = post("/batch-predict", target.rows)

    def script() -> Iterator[bytes]:
        while True:
            yield batch
            yield b"no HTTP\r\n\r\n"
            yield ANSWER

    return [script] * 16
