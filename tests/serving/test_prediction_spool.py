"""Records of predictions: one for each accepted house of every route, written by a thread, bounded while it cannot."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from toy import FULL, LEAST, MOST_BYTES, MOST_HOUSES, Client

from houseprice.bundle.load import Bundle
from houseprice.serving import prediction_spool
from houseprice.serving.app import create_app
from houseprice.serving.prediction_spool import PredictionSpool
from houseprice.serving.settings import Settings
from houseprice.spool.reader import SpoolReader
from houseprice.spool.writer import SpoolWriter

Recorded = list[dict[str, Any]]


def recorded_in(folder: Path) -> Recorded:
    """Return all records of a spool, by name."""
    reader, found = SpoolReader(folder, lambda _: 0), Recorded()
    while chunk := reader.next_chunk():
        names = ("at", "request_id", "row", "reference", "house", "prediction")
        for record in map(json.loads, chunk.lines):
            if len(record) == 4:  # one house, as it was sent
                record[2:3] = [0, record[2].get("reference"), record[2]]
            found.append(dict(zip(names, record, strict=True)))
        reader.advance(chunk)
    return found


class Recording:
    """An API that records."""

    def __init__(self, toy: Bundle, folder: Path, **settings: Any) -> None:
        found = Settings(
            store=f"sqlite:///{folder / 'db'}", max_rows=MOST_HOUSES, max_body_bytes=MOST_BYTES, **settings
        )
        self._folder = found.spool_folder
        self.client = Client(create_app(toy, found))
        self.spool: PredictionSpool = self.client.app.state.spool
        self.spool.start()

    def records(self) -> Recorded:
        """Stop to record, and return what was recorded."""
        self.spool.close()
        return recorded_in(self._folder)


@pytest.fixture
def recording(toy: Bundle, tmp_path: Path) -> Iterator[Recording]:
    """Return an API that records."""
    found = Recording(toy, tmp_path)
    yield found
    found.spool.close()


def test_a_record_holds_what_was_asked_and_answered(recording: Recording) -> None:
    """The request's ID, the reference, the house with its types, and the whole prediction."""
    begun = time.time()
    answer = recording.client.post("/predict", {**FULL, "reference": "a 1"}, headers={"X-Request-ID": "r-1"})
    (record,) = recording.records()
    assert begun <= record.pop("at") <= time.time()
    house = {name: value for name, value in record.pop("house").items() if name != "reference"}
    assert house == FULL
    assert record.pop("prediction") == answer.json()
    assert record == {"request_id": "r-1", "row": 0, "reference": "a 1"}


TWO = [{**LEAST, "reference": "one"}, {**LEAST, "reference": "two"}]
LINES = b"\n".join(json.dumps(house).encode() for house in TWO)
TABLE = b"living area,rooms,zip,grade,reference\n80,3,98039,1,one\n80,3,98039,1,two\n"
TENSORS = {
    "inputs": [
        {"name": "living area", "datatype": "FP64", "shape": [2], "data": [80, 80]},
        {"name": "rooms", "datatype": "INT64", "shape": [2], "data": [3, 3]},
        {"name": "zip", "datatype": "BYTES", "shape": [2], "data": ["98039", "98039"]},
        {"name": "grade", "datatype": "INT64", "shape": [2], "data": [1, 1]},
        {"name": "reference", "datatype": "BYTES", "shape": [2], "data": ["one", "two"]},
    ]
}


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/batch-predict", TWO, "application/json"), ("/batch-predict", LINES, "application/x-ndjson"),
        ("/batch-predict", TABLE, "text/csv"), ("/invocations", {"instances": TWO}, "application/json"),
        ("/invocations", TABLE, "text/csv"), ("/invocations", LINES, "application/jsonlines"),
        ("/v1/models/toy:predict", {"instances": TWO}, "application/json"),
        ("/v2/models/toy/infer", TENSORS, "application/json"),
    ],
)  # fmt: skip
def test_every_route_records_its_houses(recording: Recording, path: str, body: Any, kind: str) -> None:
    """Each with its place in the request."""
    assert recording.client.post(path, body, kind, {"X-Request-ID": "many"}).status_code == 200
    assert [(one["request_id"], one["row"], one["reference"]) for one in recording.records()] == [
        ("many", 0, "one"),
        ("many", 1, "two"),
    ]


def test_many_houses_keep_their_places(recording: Recording) -> None:
    """Also where a batch is predicted in blocks by another thread."""
    houses = [{**LEAST, "living area": 50.0 + number} for number in range(MOST_HOUSES)]
    answers = recording.client.post("/batch-predict", houses).json()["predictions"]
    records = recording.records()
    assert [record["row"] for record in records] == list(range(MOST_HOUSES))
    assert [record["prediction"] for record in records] == answers


def test_a_streamed_body_counts_its_rows_through_all_blocks(recording: Recording) -> None:
    """A block has 500 lines, and a stream no end."""
    lines = b"\n".join([json.dumps(LEAST).encode()] * 1200)
    recording.client.post("/batch-predict", lines, "application/x-ndjson")
    assert sorted(record["row"] for record in recording.records()) == list(range(1200))


def test_parts_of_an_answer_are_recorded_once_and_explanations_never(recording: Recording) -> None:
    """Neither are checks of golden rows, comparisons, histories, grids and refused houses."""
    ask = recording.client.post
    ask("/predict?include=explanation,comparables", LEAST, headers={"X-Request-ID": "with"})
    ask("/explain", LEAST)
    ask("/comparables", LEAST)
    ask("/history", LEAST)
    ask("/what-if", {"house": LEAST, "vary": {"rooms": None}})
    ask("/predict", {**LEAST, "rooms": -1})
    ask("/batch-predict", [LEAST, {}])
    recording.client.get("/health")
    assert [record["request_id"] for record in recording.records()] == ["with"]


def test_inputs_can_be_left_out(toy: Bundle, tmp_path: Path) -> None:
    """Then no house is written to the disk, but its reference is."""
    recording = Recording(toy, tmp_path, store_inputs="off")
    recording.client.post("/predict", {**LEAST, "reference": "a"})
    assert [(record["house"], record["reference"]) for record in recording.records()] == [({}, "a")]


def test_answers_go_on_while_nothing_can_be_written(
    toy: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue holds what it can, which is written later; the rest is counted in the metrics."""
    monkeypatch.setattr(prediction_spool, "BUFFER_RECORDS", 5)
    monkeypatch.setattr(prediction_spool, "MAX_RETRY_SECONDS", 0.01)
    (tmp_path / "db-spool").write_text("no folder")
    recording = Recording(toy, tmp_path)
    answers = [recording.client.post("/predict", LEAST, headers={"X-Request-ID": f"r{n}"}) for n in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    dropped = recording.spool.dropped
    assert dropped > 0
    assert f"houseprice_store_predictions_dropped_total {dropped:.1f}" in recording.client.get("/metrics").text
    (tmp_path / "db-spool").unlink()
    wait_until((tmp_path / "db-spool").is_dir)
    assert len({record["request_id"] for record in recording.records()}) == 30 - dropped


def wait_until(there: Callable[[], bool], seconds: float = 30) -> None:
    """Ask again and again until something is true."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it never came"
        threading.Event().wait(0.01)


def test_a_stop_while_nothing_can_be_written_does_not_wait(scorer: Any, tmp_path: Path) -> None:
    """What is left is counted as dropped."""
    (tmp_path / "file").write_text("")
    lost: list[int] = []
    spool = PredictionSpool(SpoolWriter(tmp_path / "file", 2**20), on_drop=lost.append)
    spool.start()
    for prediction in scorer.score(scorer.request.validate([LEAST, FULL])):
        spool.record(LEAST, prediction)
    spool.close()
    assert sum(lost) == spool.dropped == 2
