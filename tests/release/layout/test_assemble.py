"""Where a layout may be made, and what is refused before a builder is started."""

from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.layout.assemble import assemble
from houseprice.release.layout.oci import Layout

NOBODY = Engine("docker-that-is-not-there")


def tried(target: Path, environ: dict[str, str] | None = None) -> None:
    """Assemble with an engine that does not exist: whatever is refused before it is asked is not its fault."""
    place = target.parent
    assemble(place, place, place, NOBODY, target, environ=environ or {}, say=lambda _line: None)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_layout_is_not_replaced(tmp_path: Path, kind: str) -> None:
    """A folder with other things in it, and a file, stay where they are."""
    target = tmp_path / "precious"
    kept = target / "thesis.txt" if kind == "folder" else target
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("years of work")
    with pytest.raises(ImageError, match=r'precious" is there and is no image layout; .* name another one'):
        tried(target)
    assert kept.read_text() == "years of work"


@pytest.mark.parametrize("kind", ["nothing", "empty folder", "older layout"])
def test_a_layout_takes_the_place_of_an_older_one(tmp_path: Path, kind: str) -> None:
    """A free place, an empty folder and an older layout are no hindrance: the missing Dockerfile is."""
    target = tmp_path / "image"
    if kind != "nothing":
        target.mkdir()
    if kind == "older layout":
        Layout.begin(target)
    with pytest.raises(ImageError, match=r'Dockerfile" was not found'):
        tried(target)


def test_a_time_that_is_none_is_refused_first(tmp_path: Path) -> None:
    """A wrong SOURCE_DATE_EPOCH is not found out after minutes of building."""
    with pytest.raises(ImageError, match='SOURCE_DATE_EPOCH is "soon"'):
        tried(tmp_path / "image", {"SOURCE_DATE_EPOCH": "soon"})
