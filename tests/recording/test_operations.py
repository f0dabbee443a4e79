"""Operations over the Unix socket: asked by a worker, answered by the recorder, or not at all."""

import asyncio
from pathlib import Path

import pytest

from houseprice.recording.operations import Operation, operations_socket
from houseprice.serving.recorder_client import RecorderAwayError, ask_recorder


def failing(_: bytes) -> tuple[int, bytes]:
    """Fail as nobody foresaw."""
    raise ZeroDivisionError


OPERATIONS: dict[str, Operation] = {"echo": lambda body: (200, body), "fail": failing}


@pytest.mark.parametrize("depth", [1, 8])
def test_an_operation_is_answered(tmp_path: Path, depth: int) -> None:
    """Wherever the folder is: the path of a socket may be some hundred bytes long only."""
    folder = tmp_path.joinpath(*["a" * 30] * depth)
    folder.mkdir(parents=True)
    body = b"x" * 3_000_000
    with operations_socket(folder, OPERATIONS):
        assert asyncio.run(ask_recorder(folder, "echo", body)) == (200, body)
        assert asyncio.run(ask_recorder(folder, "echo")) == (200, b"")


@pytest.mark.parametrize("operation", ["fail", "unknown"])
def test_a_failure_is_an_answer_and_the_next_one_is_answered(tmp_path: Path, operation: str) -> None:
    """With the status of an internal error."""
    with operations_socket(tmp_path, OPERATIONS):
        assert asyncio.run(ask_recorder(tmp_path, operation))[0] == 500
        assert asyncio.run(ask_recorder(tmp_path, "echo", b"a")) == (200, b"a")


def test_without_a_recorder_there_is_none(tmp_path: Path) -> None:
    """Neither where it never was, nor where one has ended or was killed."""
    with pytest.raises(RecorderAwayError):
        asyncio.run(ask_recorder(tmp_path / "nowhere", "echo"))
    with operations_socket(tmp_path, OPERATIONS):
        pass
    with pytest.raises(RecorderAwayError):
        asyncio.run(ask_recorder(tmp_path, "echo"))


def test_the_socket_of_a_killed_recorder_is_replaced(tmp_path: Path) -> None:
    """Its file stays, and is in nobody's way."""
    (tmp_path / "recorder.sock").write_text("")
    with operations_socket(tmp_path, OPERATIONS):
        assert asyncio.run(ask_recorder(tmp_path, "echo", b"a")) == (200, b"a")
