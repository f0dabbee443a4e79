"""Where the commands of the pipeline write: links are followed, what is no file is refused, the umask holds."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from houseprice.bundle.manifest import sha256_of
from learning.commands import RunCli, files, told_once
from pipeline import Pipeline


def words_of(command: str, pipe: Pipeline, output: Path) -> tuple[object, ...]:
    """Return the words of a command that writes one of its files to a path."""
    config = (command.split(maxsplit=1)[0], "--config", pipe.config_file)
    home = output.parent / "home"
    match command:
        case "process":
            return (*config, "--input", pipe.raw, "--output", output)
        case "features":
            return (*config, "--input", pipe.cleaned, "--output", output, "--preprocessor", home / "p.pkl")
        case "features preprocessor":
            return (*config, "--input", pipe.cleaned, "--output", home / "f.csv", "--preprocessor", output)
        case _:
            return (*config, "--data", pipe.featured, "--models-dir", home, "--reports-dir", output.parent)


@pytest.mark.parametrize("command", ["process", "features", "features preprocessor", "train metrics.json"])
@pytest.mark.parametrize("kind", ["fifo", "link to a fifo", "folder"])
def test_what_is_no_file_is_refused_before_anything_is_written(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, command: str, kind: str
) -> None:
    """Exit code 4 and the code that `predict` has for it; also before a training begins."""
    output = tmp_path / (command.split()[1] if command.startswith("train") else "output")
    if kind == "folder":
        output.mkdir()
    else:
        os.mkfifo(tmp_path / "fifo" if kind == "link to a fifo" else output)
        if kind == "link to a fifo":
            output.symlink_to(tmp_path / "fifo")
    before = output.lstat()
    code, out, err = run_cli(*words_of(command, little, output))
    assert (code, out) == (4, "")
    assert told_once(err).endswith("[not_a_file]")
    assert (output.lstat().st_ino, output.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert files(tmp_path) == {}


@pytest.mark.parametrize("target", ["/dev/null", "/dev/stdout", "/dev/fd/1"])
@pytest.mark.parametrize("command", ["process", "features"])
def test_a_device_is_never_replaced(little: Pipeline, run_cli: RunCli, target: str, command: str) -> None:
    """Not even by root."""
    before = Path(target).lstat()
    code, _, _ = run_cli(*words_of(command, little, Path(target)))
    assert code == 4
    assert (Path(target).lstat().st_ino, Path(target).lstat().st_mode) == (before.st_ino, before.st_mode)


@pytest.fixture
def strict_umask() -> Iterator[None]:
    """Let new files be read by nobody else."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_links_are_followed_and_the_umask_holds(
    little: Pipeline, run_cli: RunCli, tmp_path: Path, strict_umask: None
) -> None:
    """The target has the very bytes that another output has."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "deep" / "real.csv")
    assert run_cli(*words_of("process", little, tmp_path / "link.csv"))[0] == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert sha256_of(tmp_path / "deep" / "real.csv") == sha256_of(little.cleaned)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len({path.resolve() for path in written}) == 3
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
