"""The ledger: what is written stays, whoever else writes or is killed, and what is tampered with is found."""

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
from houseprice.release.deployment.audit_entry import Event, Line, canonical
from houseprice.release.deployment.audit_log import Ledger

SLOW_WRITER = """
import os, sys, time
from pathlib import Path
from houseprice.release.deployment.audit_log import Ledger
from houseprice.release.deployment.audit_entry import Event

whole = os.write

def byte_by_byte(descriptor, content):
    if SLOW:
        time.sleep(0.0001)
        return whole(descriptor, content[:8])
    return whole(descriptor, content)

SLOW = sys.argv[3] == "slow"
os.write = byte_by_byte
ledger = Ledger(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    event = Event(who=sys.argv[2], action="deploy", from_="", to=str(number), outcome="done", seconds=0.5)
    ledger.append(event, lambda line: None)
    print(number, flush=True)
"""


def event(to: str = "1a2b3c4", note: str = "") -> Event:
    """Give back something that was done."""
    return Event(who="me@here", action="deploy", from_="", to=to, outcome="done", seconds=1.23456, note=note)


def silent(_line: str) -> None:
    """Keep what is said."""


def writer(path: Path, who: str, pace: str, number: int) -> subprocess.Popen[str]:
    """Start a process that writes many lines, and prints the number of each once it is on disk."""
    command = [sys.executable, "-c", SLOW_WRITER, str(path), who, pace, str(number)]
    source = str(Path(__file__).parents[3] / "src")
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": source})


def written(path: Path, number: int) -> Ledger:
    """Give back a ledger of so many lines."""
    ledger = Ledger(path)
    for place in range(number):
        ledger.append(event(str(place)), silent)
    return ledger


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Give a ledger of five lines whose file a test may spoil, if it brings all of it itself."""
    return written(tmp_path_factory.mktemp("five") / "ledger.jsonl", 5)


@pytest.fixture(scope="module")
def whole(five: Ledger) -> bytes:
    """Give the content of that ledger as it was written."""
    return five.path.read_bytes()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every line comes back in order, each chained to the one before, whatever its note holds."""
    ledger = Ledger(tmp_path / "state" / "ledger.jsonl")
    assert ledger.read().lines == ()
    notes = ["", 'quoted "thing"', "two\nlines\u2028", "\ud800 half", "ñandú 🏠"]
    lines = [ledger.append(event(note=note), silent) for note in notes]
    assert ledger.read().lines == tuple(lines)
    assert [line.note for line in lines] == notes
    assert [line.n for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0].previous == "0" * 64
    assert [line.previous for line in lines[1:]] == [line.hash for line in lines[:-1]]
    assert json.loads(ledger.path.read_bytes().splitlines()[0])["from"] == ""


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    """Processes that write at once get their lines in, each in its own order, in one chain."""
    path = tmp_path / "ledger.jsonl"
    writers = [writer(path, f"writer{place}", "quick", 25) for place in range(6)]
    for process in writers:
        process.communicate(timeout=60)
        assert process.returncode == 0
    lines = Ledger(path).read().lines
    assert len(lines) == 150
    for place in range(6):
        assert [line.to for line in lines if line.who == f"writer{place}"] == [str(number) for number in range(25)]


def test_writers_that_are_killed_lose_nothing_that_was_written(tmp_path: Path) -> None:
    """Writers are killed in the middle of a line again and again: what they said was written is there, in one chain."""
    path = tmp_path / "ledger.jsonl"
    said: list[str] = []
    torn = 0
    for turn in range(6):
        writers = [writer(path, f"writer{turn}-{place}", "slow", 10_000) for place in range(3)]
        for process in writers:
            assert process.stdout is not None
            process.stdout.readline()  # each has its turn before they are killed
        time.sleep(0.007 * (turn % 4))
        for place, process in enumerate(writers):
            process.send_signal(signal.SIGKILL)
            rest = process.communicate(timeout=30)[0]
            said += [f"writer{turn}-{place}:{number}" for number in ("0", *rest.split("\n")[:-1])]
        torn += bool(Ledger(path).read().torn)
    ledger = Ledger(path)
    ledger.append(event("last"), silent)
    lines = ledger.read().lines
    assert lines[-1].to == "last"
    there = {f"{line.who}:{line.to}" for line in lines}
    assert set(said) <= there
    assert len(lines) == len(there), "no line is there twice"
    assert torn, "no writer was killed in the middle of a line, so nothing was shown"
    assert ledger.aside.read_bytes().count(b"\n") >= torn


@pytest.mark.parametrize("kept", [1, 100, -1])
def test_a_torn_line_is_put_aside_and_said(tmp_path: Path, kept: int) -> None:
    """What is left of a line that was not finished is shown, kept in a file of its own, and said by the next writer."""
    ledger = written(tmp_path / "ledger.jsonl", 2)
    with ledger.path.open("ab") as stream:
        stream.write(Line.after(ledger.read().lines[-1], event()).spelled()[:kept])
    found = ledger.read()
    assert (len(found.lines), bool(found.torn)) == (2, True)
    told: list[str] = []
    ledger.append(event("next"), told.append)
    assert ledger.read().torn == b""
    assert [line.to for line in ledger.read().lines] == ["0", "1", "next"]
    assert ledger.aside.read_bytes() == found.torn + b"\n"
    assert "torn by a writer that was killed" in told[0]
    assert str(ledger.aside) in told[0]


def test_a_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    """A writer that was killed between the line and its end has written it."""
    ledger = written(tmp_path / "ledger.jsonl", 2)
    with ledger.path.open("ab") as stream:
        stream.write(Line.after(ledger.read().lines[-1], event("third")).spelled())
    assert [line.to for line in ledger.read().lines] == ["0", "1", "third"]
    ledger.append(event("next"), silent)
    assert [line.to for line in ledger.read().lines] == ["0", "1", "third", "next"]
    assert not ledger.aside.exists()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_byte_that_is_changed_is_found(five: Ledger, whole: bytes, data: st.DataObject) -> None:
    """Whichever byte is changed, taken out or put in, the first line that does not fit is named."""
    ledger, content = five, whole
    place = data.draw(st.integers(0, len(content) - 2))  # the last end of a line alone may be missing
    removed = data.draw(st.integers(0, 3))
    put = data.draw(st.binary(min_size=0, max_size=3))
    spoiled = content[:place] + put + content[place + removed :]
    if spoiled in (content, content[:-1]):
        return
    ledger.path.write_bytes(spoiled)
    with pytest.raises(AuditLogError) as refused:
        ledger.read()
    number = content.count(b"\n", 0, place) + 1
    named = [f"Line {number} of", f"Line {number + 1} of", f"after line {number - 1}", f"after line {number}"]
    assert any(name in str(refused.value) for name in named)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_lines_that_are_moved_or_taken_out_are_found(five: Ledger, whole: bytes, data: st.DataObject) -> None:
    """Any other order or choice of the lines is refused, also one that only lacks the newest."""
    ledger, lines = five, whole.splitlines(keepends=True)
    chosen = data.draw(st.lists(st.sampled_from(lines), max_size=7).filter(lambda found: found != lines))
    # A chain that goes on after its head is what a killed writer leaves, so nothing is put after a whole one.
    ledger.path.write_bytes(b"".join(chosen))
    with pytest.raises(AuditLogError):
        ledger.read()
    if chosen != lines[: len(chosen)]:
        return
    with pytest.raises(AuditLogError, match=f"ends after line {len(chosen)}; expected line 5"):
        ledger.append(event(), silent)


def test_a_line_of_another_chain_is_found(tmp_path: Path) -> None:
    """A line that is whole in itself, with a right number, does not fit where another stood."""
    ours, theirs = written(tmp_path / "ours.jsonl", 3), written(tmp_path / "theirs.jsonl", 3)
    lines = ours.path.read_bytes().splitlines(keepends=True)
    lines[1] = theirs.path.read_bytes().splitlines(keepends=True)[1]
    ours.path.write_bytes(b"".join(lines))
    with pytest.raises(AuditLogError, match=r"Line 2 of .* does not fit"):
        ours.read()


def test_a_ledger_that_was_written_anew_is_found(tmp_path: Path) -> None:
    """Another chain, whole in itself, does not hold the hash that the head names."""
    ours, theirs = written(tmp_path / "ours.jsonl", 3), written(tmp_path / "theirs.jsonl", 4)
    ours.path.write_bytes(theirs.path.read_bytes())
    with pytest.raises(AuditLogError, match=r"Line 3 of .* has another hash"):
        ours.read()
    with pytest.raises(AuditLogError, match="has another hash"):
        ours.append(event(), silent)


@pytest.mark.parametrize(
    "change", [{"seconds": "3"}, {"seconds": 3}, {"who": None}, {"outcome": "splendid"}, {"action": []}, {"n": 1.0}]
)
def test_a_line_of_other_kinds_is_none(change: dict[str, Any]) -> None:
    """Also when its hash is right, which anybody can reckon."""
    content = {**Line.after(None, event()).told(), **change}
    del content["hash"]
    hashed = hashlib.sha256(canonical(content)).hexdigest()
    assert Line.read(canonical({**content, "hash": hashed})) is None


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"n": "x", "hash": ""}', b'{"n": Infinity}', b"[]", b"\xff"])
def test_a_head_that_is_missing_or_spoiled_is_said(tmp_path: Path, content: bytes | None) -> None:
    """Without its head a ledger could be cut off unseen, so that is refused; its first line alone may lack it."""
    ledger = written(tmp_path / "ledger.jsonl", 2)
    ledger.head.unlink()
    if content is not None:
        ledger.head.write_bytes(content)
    with pytest.raises(AuditLogError, match="head"):
        ledger.read()


def test_a_writer_killed_before_it_moved_the_head_is_forgiven(tmp_path: Path) -> None:
    """The head may be behind, since it is written after the line."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(event("first"), silent)
    ledger.head.unlink()
    assert len(ledger.read().lines) == 1
    before = ledger.append(event("second"), silent) and ledger.head.read_bytes()
    ledger.append(event("third"), silent)
    ledger.head.write_bytes(before)
    assert len(ledger.read().lines) == 3
    assert ledger.append(event("fourth"), silent).n == 4


def test_a_ledger_that_is_gone_is_missed(tmp_path: Path) -> None:
    """A ledger that was deleted is not taken for one that was never written."""
    ledger = written(tmp_path / "ledger.jsonl", 2)
    ledger.path.unlink()
    with pytest.raises(AuditLogError, match="ends after line 0; expected line 2"):
        ledger.read()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder in the place of the ledger is refused with a sentence, for readers and for writers."""
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(AuditLogError, match="cannot be written"):
        Ledger(tmp_path / "ledger.jsonl").append(event(), silent)
    with pytest.raises(AuditLogError, match="cannot be read"):
        Ledger(tmp_path / "ledger.jsonl").read()
