"""The audit log: entries survive other writers and kills, and tampering is found."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.errors import AuditLogError
from houseprice.release.deployment.audit_log import AuditLog, Entry, Event, canonical_json

WRITER = """
import os, sys, time
from pathlib import Path
from houseprice.release.deployment.audit_log import AuditLog, Event

write = os.write

def write_slowly(descriptor, content):
    time.sleep(0.0001)
    return write(descriptor, content[:8])

if sys.argv[3] == "slow":
    os.write = write_slowly
log = AuditLog(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    log.append(Event(actor=sys.argv[2], action="deploy", from_revision="", to_revision=str(number), outcome="succeeded",
                     duration_seconds=0.5), str)
    print(number, flush=True)
"""


def event(to_revision: str = "1a2b3c4", detail: str = "") -> Event:
    """Return an event."""
    return Event(
        actor="me@here", action="deploy", from_revision="", to_revision=to_revision, outcome="succeeded",
        duration_seconds=1.23456, detail=detail,
    )  # fmt: skip


def writer(path: Path, actor: str, pace: str, number: int) -> subprocess.Popen[str]:
    """Start a process that appends entries and prints the number of each once it is on disk."""
    command = [sys.executable, "-c", WRITER, str(path), actor, pace, str(number)]
    source = str(Path(__file__).parents[3] / "src")
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": source})


def log_of(path: Path, number: int) -> AuditLog:
    """Return a log with a number of entries."""
    log = AuditLog(path)
    for place in range(number):
        log.append(event(str(place)), str)
    return log


def refusal(log: AuditLog) -> AuditLogError:
    """Return the error of reading a log, after checking that appending is refused too."""
    with pytest.raises(AuditLogError):
        log.append(event(), str)
    with pytest.raises(AuditLogError) as refused:
        log.read()
    return refused.value


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> AuditLog:
    """Return a log of five entries; tests rewrite its file as a whole."""
    return log_of(tmp_path_factory.mktemp("five") / "audit-log.jsonl", 5)


@pytest.fixture(scope="module")
def intact(five: AuditLog) -> bytes:
    """Return the content of that log as it was written."""
    return five.path.read_bytes()


def test_entries_are_read_as_they_were_appended(tmp_path: Path) -> None:
    """In order, each chained to the previous one, whatever the text."""
    log = AuditLog(tmp_path / "state" / "audit-log.jsonl")
    assert log.read().entries == ()
    details = ["", 'a "quoted" word', "two\nlines\u2028", "\ud800 half", "ñandú 🏠"]
    entries = [log.append(event(detail=detail), str) for detail in details]
    assert log.read().entries == tuple(entries)
    assert [entry.detail for entry in entries] == details
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous_hash for entry in entries] == ["0" * 64, *(entry.hash for entry in entries[:-1])]


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    """Every entry of every process is there, in its order, in one chain."""
    path = tmp_path / "audit-log.jsonl"
    for process in [writer(path, f"writer{place}", "fast", 25) for place in range(4)]:
        process.communicate(timeout=60)
        assert process.returncode == 0
    entries = AuditLog(path).read().entries
    for place in range(4):
        mine = [entry.to_revision for entry in entries if entry.actor == f"writer{place}"]
        assert mine == [str(number) for number in range(25)]
    assert len(entries) == 100


def test_killed_writers_lose_nothing_that_was_confirmed(tmp_path: Path) -> None:
    """Writers are killed in the middle of a line: confirmed entries are there once, and the next writer continues."""
    path = tmp_path / "audit-log.jsonl"
    confirmed: list[str] = []
    incomplete = 0
    for attempt in range(6):
        writers = [writer(path, f"writer{attempt}-{place}", "slow", 10_000) for place in range(3)]
        for process in writers:
            assert process.stdout is not None
            process.stdout.readline()  # each has written before they are killed
        time.sleep(0.007 * (attempt % 4))
        for place, process in enumerate(writers):
            process.send_signal(signal.SIGKILL)
            rest = process.communicate(timeout=30)[0]
            confirmed += [f"writer{attempt}-{place}:{number}" for number in ("0", *rest.split("\n")[:-1])]
        incomplete += bool(AuditLog(path).read().incomplete)
    warnings: list[str] = []
    log = AuditLog(path)
    log.append(event("last"), warnings.append)
    entries = log.read().entries
    assert entries[-1].to_revision == "last"
    found = [f"{entry.actor}:{entry.to_revision}" for entry in entries]
    assert set(confirmed) <= set(found)
    assert len(found) == len(set(found))
    assert incomplete, "no writer was killed in the middle of a line, so nothing was shown"


@pytest.mark.parametrize("kept", [1, 100, None])
def test_an_incomplete_line_is_reported_and_replaced(tmp_path: Path, kept: int | None) -> None:
    """Also one that lacks only its line feed, which was not confirmed to anybody."""
    log = log_of(tmp_path / "audit-log.jsonl", 2)
    with log.path.open("ab") as stream:
        stream.write(Entry.after(log.read().entries[-1], event()).to_json()[:kept])
    assert (len(log.read().entries), bool(log.read().incomplete)) == (2, True)
    warnings: list[str] = []
    log.append(event("next"), warnings.append)
    assert [entry.to_revision for entry in log.read().entries] == ["0", "1", "next"]
    assert (log.read().incomplete, len(warnings)) == (b"", 1)


@settings(max_examples=150)
@given(data=st.data())
def test_any_changed_byte_is_found(five: AuditLog, intact: bytes, data: st.DataObject) -> None:
    """Whichever byte is changed, removed or inserted, the first line that does not fit is named."""
    place = data.draw(st.integers(0, len(intact) - 1))
    removed = data.draw(st.integers(0, 3))
    inserted = data.draw(st.binary(min_size=0, max_size=3))
    changed = intact[:place] + inserted + intact[place + removed :]
    if changed == intact or (changed.startswith(intact) and b"\n" not in changed[len(intact) :]):
        return  # what follows the last entry is an incomplete line
    five.path.write_bytes(changed)
    number = intact.count(b"\n", 0, place) + 1
    assert refusal(five).details["line"] in {number - 1, number, number + 1}


@settings(max_examples=60)
@given(data=st.data())
def test_moved_or_removed_lines_are_found(five: AuditLog, intact: bytes, data: st.DataObject) -> None:
    """Any other order or choice of the lines is refused, also one that only lacks the newest."""
    lines = intact.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=7).filter(lambda found: found != lines))
    five.path.write_bytes(b"".join(chosen))
    assert refusal(five).code == "audit_log_tampered"


def test_lines_of_another_log_are_found(tmp_path: Path) -> None:
    """One line, or a whole log, that is valid in itself does not fit the chain or the head."""
    ours, theirs = log_of(tmp_path / "ours.jsonl", 3), log_of(tmp_path / "theirs.jsonl", 4)
    lines, others = (log.path.read_bytes().splitlines(keepends=True) for log in (ours, theirs))
    ours.path.write_bytes(b"".join([lines[0], others[1], lines[2]]))
    assert refusal(ours).details["line"] == 2
    ours.path.write_bytes(b"".join(others))
    assert refusal(ours).details["line"] == 3
    ours.path.unlink()
    assert refusal(ours).code == "audit_log_tampered", "a deleted log is not an empty one"


@pytest.mark.parametrize(
    "change",
    [
        {"duration_seconds": "3"}, {"duration_seconds": 3}, {"actor": None}, {"outcome": "splendid"}, {"action": []},
        {"sequence": 1.0},
    ],
)  # fmt: skip
def test_values_of_other_types_are_refused(change: dict[str, Any]) -> None:
    """Even with the right hash, which anybody can compute."""
    content = {**json.loads(Entry.after(None, event()).to_json()), **change}
    del content["hash"]
    digest = hashlib.sha256(canonical_json(content)).hexdigest()
    assert Entry.parse(canonical_json({**content, "hash": digest})) is None


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b'{"sequence": "x", "hash": ""}', b'{"sequence": Infinity}', b"[]", b"\xff"]
)
def test_a_missing_or_damaged_head_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Without its head, a log could be truncated unnoticed."""
    log = log_of(tmp_path / "audit-log.jsonl", 2)
    log.head.unlink()
    if content is not None:
        log.head.write_bytes(content)
    assert refusal(log).code == "audit_log_tampered"


def test_a_head_may_be_one_entry_behind(tmp_path: Path) -> None:
    """It is written after the entry, and the writer may be killed in between."""
    log = log_of(tmp_path / "audit-log.jsonl", 1)
    log.head.unlink()
    assert len(log.read().entries) == 1
    log.append(event("second"), str)
    before = log.head.read_bytes()
    log.append(event("third"), str)
    log.head.write_bytes(before)
    assert len(log.read().entries) == 3
    assert log.append(event("fourth"), str).sequence == 4


def test_a_damaged_log_is_kept_and_a_new_chain_begins(tmp_path: Path) -> None:
    """Its intact entries are still usable, and the new log is valid."""
    log = log_of(tmp_path / "audit-log.jsonl", 3)
    damaged = log.path.read_bytes().replace(b'"to_revision":"1"', b'"to_revision":"9"')
    log.path.write_bytes(damaged)
    entries, kept = log.intact(), log.replace_damaged()
    assert [entry.to_revision for entry in entries] == ["0", "2"]
    assert kept.read_bytes() == damaged
    assert log.append(event("new"), str).sequence == 1
    assert len(log.read().entries) == 1


def test_a_log_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    """To readers and to writers."""
    (tmp_path / "audit-log.jsonl").mkdir()
    log = AuditLog(tmp_path / "audit-log.jsonl")
    assert refusal(log).code == "audit_log_unreadable"
    with pytest.raises(AuditLogError) as refused:
        log.append(event(), str)
    assert refused.value.code == "audit_log_unwritable"
