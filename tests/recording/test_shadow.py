"""A shadow model: stored beside the live one and never in its way."""

import threading
from pathlib import Path

import pytest
import toy as toys
from recorded import Recorder, finish, ids_of
from toy import FULL, FULL_PRICE, LEAST, altered_golden

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle
from houseprice.recording.shadow import Shadow
from houseprice.serving.request import House
from houseprice.spool.segments import folder_bytes, list_segments


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of another version."""
    return toys.seal(tmp_path_factory.mktemp("shadow") / "bundle", model_version="ba9876543210")


def all_of(shadow: Shadow) -> None:
    """Read all that is in the spool."""
    while shadow.step():
        pass


def test_it_predicts_what_was_asked(recorder: Recorder, other: Path) -> None:
    """By its own version, under the same request and row; what both have read is deleted."""
    shadow = recorder.shadow()
    shadow.open(other)
    recorder.predict(("r1", {**FULL, "reference": "a"}), ("r2", LEAST))
    drain = recorder.new_drain(shadow)
    finish(drain)
    assert list_segments(recorder.options.spool)  # the shadow model has not read it
    all_of(shadow)
    finish(drain)
    assert not list_segments(recorder.options.spool)
    found = {(row["request_id"], row["role"]): row for row in recorder.rows()}
    assert len(found) == 4
    row = found["r1", "shadow"]
    assert (row["model_version"], row["price"], row["reference"]) == ("ba9876543210", pytest.approx(FULL_PRICE), "a")
    assert recorder.status.shadow_written == 2


def test_a_reference_that_is_deleted_while_it_waits_stays_deleted(recorder: Recorder, other: Path) -> None:
    """The shadow model stores nothing of it afterwards."""
    shadow = recorder.shadow()
    shadow.open(other)
    recorder.predict(("r1", {**FULL, "reference": "a"}), ("r2", {**FULL, "reference": "b"}))
    finish(recorder.new_drain(shadow))
    assert recorder.connection.store().delete("a") == 1
    all_of(shadow)
    assert ids_of(recorder.options.store, "shadow") == ["r2"]


def test_it_goes_on_where_it_was(recorder: Recorder, other: Path) -> None:
    """After a restart nothing is predicted twice."""
    shadow = recorder.shadow()
    shadow.open(other)
    recorder.predict(("r1", LEAST))
    finish(recorder.new_drain(shadow))
    all_of(shadow)
    again = recorder.shadow()
    again.open(other)
    all_of(again)
    assert ids_of(recorder.options.store, "shadow") == ["r1"]


def damaged(directory: Path) -> None:
    """Change a byte of the model."""
    path = directory / manifests.MODEL
    path.write_bytes(path.read_bytes()[:-1])


def missing(directory: Path) -> None:
    """Remove the bundle."""
    for path in directory.iterdir():
        path.unlink()


@pytest.mark.parametrize(("fault", "code"), [(damaged, "bundle_changed"), (missing, "bundle_not_found")])
def test_a_damaged_bundle_leaves_the_live_model_alone(
    recorder: Recorder, tmp_path: Path, fault: object, code: str
) -> None:
    """It is logged, shown in the status, and keeps nothing of the spool."""
    directory = toys.seal(tmp_path / "shadow")
    assert callable(fault)
    fault(directory)
    shadow = recorder.shadow()
    shadow.run(directory, threading.Event())  # ends at once
    assert (recorder.status.shadow_up, recorder.status.shadow_error) == (False, code)
    recorder.predict(("r1", LEAST))
    finish(recorder.new_drain(shadow))
    assert ids_of(recorder.options.store) == ["r1"]
    assert not list_segments(recorder.options.spool)


def test_a_model_that_computes_something_else_here_is_not_used(recorder: Recorder, tmp_path: Path) -> None:
    """Its golden rows tell."""
    shadow = recorder.shadow()
    shadow.open(toys.seal(tmp_path / "shadow", altered_golden()))
    assert recorder.status.shadow_error == "golden_rows_failed"


def test_houses_that_it_cannot_predict_are_counted(sqlite_recorder: Recorder, tmp_path: Path) -> None:
    """The others of the same block are predicted."""
    columns = {**toys.COLUMNS, "rooms": {**toys.COLUMNS["rooms"], "maximum": 3}}
    shadow = sqlite_recorder.shadow()
    shadow.open(strict(tmp_path / "shadow", columns))
    houses: list[tuple[str, House]] = [("r1", LEAST), ("r2", {**LEAST, "rooms": 9}), ("r3", LEAST)]
    sqlite_recorder.predict(*houses)
    finish(sqlite_recorder.new_drain(shadow))
    all_of(shadow)
    assert ids_of(sqlite_recorder.options.store, "shadow") == ["r1", "r3"]
    assert sqlite_recorder.status.shadow_failed == 1


def strict(directory: Path, columns: dict[str, object]) -> Path:
    """Return a model of another schema."""
    answers = [toys.answer(toys.LEAST_PRICE)]
    golden = {manifests.GOLDEN: {"tolerance": 1e-4, "rows": [LEAST], "answers": answers}}
    return toys.seal(directory, golden, schema={"columns": columns})


@pytest.mark.long
def test_a_slow_one_is_left_behind_before_the_spool_is_full(
    toy_dir: Path, toy: Bundle, tmp_path: Path, other: Path
) -> None:
    """What the live model answered is stored all the same; what was skipped is counted."""
    recorder = Recorder(toy_dir, toy, f"sqlite:///{tmp_path / 'db'}", tmp_path / "spool", spool_bytes=2000)
    shadow = recorder.shadow()
    shadow.open(other)  # and never reads
    drain = recorder.new_drain(shadow)
    for number in range(20):
        recorder.predict((f"r{number}", LEAST))
        finish(drain)
        assert folder_bytes(recorder.options.spool) <= 1000
    assert len(ids_of(recorder.options.store)) == 20
    assert recorder.status.shadow_skipped_bytes > 0
    all_of(shadow)
    recorder.predict(("last", LEAST))
    all_of(shadow)
    assert "last" in ids_of(recorder.options.store, "shadow")
    recorder.close()
