"""Which of two commits is newer: by real histories, whole and cut off, and by the clock where they say nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from houseprice.release.registry.history import newer

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00+00:00"


def git(folder: Path, *words: str) -> str:
    """Ask git, with nobody's own settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def history(tmp_path: Path) -> dict[str, str]:
    """Three commits in a row and one aside of the first; the clock of none of them counts."""
    folder = tmp_path / "history"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    made = {}
    for name in ("first", "second", "third"):
        git(folder, "commit", "--quiet", "--allow-empty", "--message", name)
        made[name] = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "--detach", made["first"])
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "aside")
    made["aside"] = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "main")
    return {**made, "folder": str(folder)}


def decided(folder: str | Path, new: tuple[str, str], old: tuple[str, str]) -> tuple[bool, str]:
    """Give back what was decided, and why."""
    said: list[str] = []
    found = newer(Path(folder), *new, said.append)(*old)
    (line,) = said
    assert line.startswith("latest moves: " if found else "latest stays: ")
    return found, line


def test_the_history_counts_before_the_clock(history: dict[str, str]) -> None:
    """A descendant is newer whatever the clocks say, and an ancestor is not."""
    first, third = history["first"], history["third"]
    found, why = decided(history["folder"], (third, EARLY), (first, LATE))
    assert found
    assert f"{third[:7]} comes after {first[:7]}" in why
    found, why = decided(history["folder"], (first, LATE), (third, EARLY))
    assert not found
    assert f"{first[:7]} comes before {third[:7]}" in why


def test_the_same_commit_may_stay_where_it_is(history: dict[str, str]) -> None:
    """It is not older than itself."""
    assert decided(history["folder"], (history["first"], ""), (history["first"], ""))[0]


@pytest.mark.parametrize(("old", "found"), [(EARLY, True), (LATE, False)])
def test_the_clock_counts_where_histories_part(history: dict[str, str], old: str, found: bool) -> None:
    """Of two branches the commit that was made later is newer."""
    new = EARLY if old == LATE else LATE
    said = decided(history["folder"], (history["aside"], new), (history["second"], old))
    assert said[0] == found
    assert "does not connect" in said[1]


def test_the_clock_counts_where_the_history_is_cut_off(history: dict[str, str], tmp_path: Path) -> None:
    """A checkout as workflows make it holds one commit alone."""
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{history['folder']}", str(shallow))
    for moments, found in (((LATE, EARLY), True), ((EARLY, LATE), False)):
        said = decided(shallow, (history["third"], moments[0]), (history["first"], moments[1]))
        assert said[0] == found
        assert "does not connect" in said[1]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (EARLY, EARLY),
        (LATE, ""),
        ("", EARLY),
        (LATE, "yesterday"),
        ("2026-01-02T00:00:00.123456789Z", "2026-01-02T01:00:00.123456789+01:00"),
    ],
)
def test_what_cannot_be_told_is_not_newer(tmp_path: Path, new: str, old: str) -> None:
    """Equal moments, and none: latest stays, and the line says how to move it on purpose."""
    found, why = decided(tmp_path, ("a" * 40, new), ("b" * 40, old))
    assert not found
    assert "scripts/publish retag aaaaaaa" in why


def test_an_image_that_names_no_commit_is_judged_by_its_moment(tmp_path: Path) -> None:
    """Somebody pushed it by hand."""
    assert decided(tmp_path, ("a" * 40, LATE), ("", "2026-01-01T12:00:00"))[0]
    assert not decided(tmp_path, ("a" * 40, LATE), ("", ""))[0]


@pytest.mark.parametrize("old", ["--all", "main", "HEAD", "a" * 39, "a" * 40 + "\n", "$(touch x)"])
def test_what_an_image_says_is_no_command(history: dict[str, str], old: str) -> None:
    """A label is somebody else's text: only a whole hash is shown to git."""
    assert "does not connect" in decided(history["folder"], (history["third"], LATE), (old, EARLY))[1]
