"""Packs as strangers hand them over: whatever is changed, missing, extra or hostile is refused with a code."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.forging import restate
from houseprice.errors import EvidenceError
from houseprice.evidence import pack as packs
from houseprice.evidence.building import build_pack, read_attachments
from houseprice.evidence.pack import NAME, open_pack, write_pack
from houseprice.evidence.subject import of_folder


def code_of(folder: Path) -> str:
    """Return the code by which a pack is refused."""
    with pytest.raises(EvidenceError) as refused:
        open_pack(folder)
    return refused.value.code


def test_a_pack_is_what_was_written(pack: Path, bundle_dir: Path) -> None:
    """Every file by its digest; those of the bundle byte for byte."""
    found = open_pack(pack)
    on_disk = {str(path.relative_to(pack)) for path in pack.rglob("*") if path.is_file()}
    assert set(found.files) | {NAME} == on_disk
    assert found.files["bundle/sample.json"] == (bundle_dir / "sample.json").read_bytes()
    assert found.files["attachments/equity.json"] == b'{"verdict": "passed"}'
    assert not found.is_signed


def test_the_same_model_gives_the_same_bytes(pack: Path, bundle_dir: Path) -> None:
    """There is no time and no name of a machine in it."""
    again = build_pack(of_folder(bundle_dir), {"equity.json": b'{"verdict": "passed"}'})
    assert {path: (pack / path).read_bytes() for path in again} == again


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_any_changed_byte_is_found(pack: Path, data: st.DataObject) -> None:
    """Wherever it is."""
    files = sorted(path for path in pack.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    content = path.read_bytes()
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(1, 255))
    try:
        path.write_bytes(content[:position] + bytes([content[position] ^ byte]) + content[position + 1 :])
        assert code_of(pack) in ("pack_changed", "pack_invalid", "pack_format_unknown")
    finally:
        path.write_bytes(content)


SPOILED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no evidence.json": (lambda pack: (pack / NAME).unlink(), "pack_not_found"),
    "missing file": (lambda pack: (pack / "bundle" / "golden.json").unlink(), "pack_changed"),
    "missing folder": (lambda pack: shutil.rmtree(pack / "attachments"), "pack_changed"),
    "extra file": (lambda pack: (pack / "notes.txt").write_text("x"), "pack_changed"),
    "extra attachment": (lambda pack: (pack / "attachments" / "more.json").write_text("x"), "pack_changed"),
    "changed page": (lambda pack: (pack / "index.html").write_text("<h1>all good</h1>"), "pack_changed"),
    "link": (
        lambda pack: ((pack / "index.html").unlink(), (pack / "index.html").symlink_to("/etc/hostname")),
        "pack_invalid",
    ),
    "linked folder": (
        lambda pack: (shutil.move(pack / "bundle", pack.parent / "b"), (pack / "bundle").symlink_to(pack.parent / "b")),
        "pack_invalid",
    ),
    "pipe": (lambda pack: os.mkfifo(pack / "attachments" / "pipe"), "pack_invalid"),
    "folder in a folder": (lambda pack: (pack / "bundle" / "more").mkdir(), "pack_invalid"),
    "other folder": (lambda pack: (pack / "more").mkdir(), "pack_invalid"),
    "name with a blank": (lambda pack: (pack / "attachments" / "a b").write_text("x"), "pack_invalid"),
    "hidden name": (lambda pack: (pack / "attachments" / ".x").write_text("x"), "pack_invalid"),
    "not JSON": (lambda pack: (pack / NAME).write_text("{"), "pack_invalid"),
    "not UTF-8": (lambda pack: (pack / NAME).write_bytes(b"\xff\xfe\x00"), "pack_invalid"),
    "a list": (lambda pack: (pack / NAME).write_text("[]"), "pack_invalid"),
    "deep": (lambda pack: (pack / NAME).write_text("[" * 200_000), "pack_invalid"),
    "huge number": (lambda pack: (pack / NAME).write_text('{"format": ' + "9" * 10_000 + "}"), "pack_invalid"),
    "not a number": (lambda pack: (pack / NAME).write_text('{"format": NaN}'), "pack_invalid"),
    "other format": (lambda pack: restate(pack, lambda it: it.update(format=2)), "pack_format_unknown"),
    "unknown key": (lambda pack: restate(pack, lambda it: it.update(more=1)), "pack_invalid"),
    "missing key": (lambda pack: restate(pack, lambda it: it.pop("factors")), "pack_invalid"),
    "digest that is a number": (lambda pack: restate(pack, lambda it: it["files"].update(x=1)), "pack_invalid"),
    "path that leads out": (
        lambda pack: restate(pack, lambda it: it["files"].update({"../../etc/passwd": "0" * 64})),
        "pack_changed",
    ),
    "no files": (
        lambda pack: (shutil.rmtree(pack / "bundle"), restate(pack, _only_page)),
        "pack_invalid",
    ),
}  # fmt: skip


def _only_page(values: dict[str, Any]) -> None:
    values["files"] = {path: digest for path, digest in values["files"].items() if not path.startswith("bundle/")}


@pytest.mark.parametrize(("spoil", "code"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_pack_is_refused(pack: Path, spoil: Callable[[Path], Any], code: str) -> None:
    """With the code of what is wrong, and never another exception."""
    spoil(pack)
    assert code_of(pack) == code


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 1500])
def test_a_nested_statement_is_refused(pack: Path, depth: int) -> None:
    """Also where it is read, but could not be written again."""
    values = json.loads((pack / NAME).read_bytes())
    values["model"] = "HERE"
    nested = '{"a":' * depth + "1" + "}" * depth
    (pack / NAME).write_text(json.dumps(values).replace('"HERE"', nested))
    assert code_of(pack) in ("pack_invalid", "pack_changed")


def test_a_file_that_is_too_large_is_not_read(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first."""
    monkeypatch.setattr(packs, "MAX_BYTES", 1000)
    assert code_of(pack) == "pack_invalid"


def test_a_folder_of_other_files_is_not_replaced(pack: Path, tmp_path: Path) -> None:
    """Whoever names a home directory by mistake keeps it; a pack is replaced."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("dear")
    files = {path: (pack / path).read_bytes() for path in (NAME, "index.html")}
    with pytest.raises(EvidenceError) as refused:
        write_pack(files, home)
    assert refused.value.code == "output_not_a_pack"
    assert [path.name for path in home.iterdir()] == ["letter.txt"]
    (pack / "attachments" / "letter.txt").write_text("dear")
    with pytest.raises(EvidenceError) as refused:
        write_pack(files, pack)
    assert refused.value.code == "output_not_a_pack"
    (pack / "attachments" / "letter.txt").unlink()
    write_pack(files, pack)
    assert sorted(path.name for path in pack.iterdir()) == [NAME, "index.html"]


def test_another_file_of_the_same_name_is_no_pack(tmp_path: Path) -> None:
    """A folder with an evidence.json of somebody else is kept."""
    (tmp_path / NAME).write_text("{}")
    (tmp_path / "thesis.txt").write_text("long work")
    with pytest.raises(EvidenceError) as refused:
        write_pack({NAME: b""}, tmp_path)
    assert refused.value.code == "output_not_a_pack"
    assert (tmp_path / "thesis.txt").read_text() == "long work"


def test_attached_files_have_plain_names_of_their_own(tmp_path: Path) -> None:
    """What could leave the folder, or hide another file, is refused."""
    (tmp_path / "other").mkdir()
    os.mkfifo(tmp_path / "pipe")
    one, twin, blank = tmp_path / "a.json", tmp_path / "other" / "a.json", tmp_path / "a b.json"
    for path in (one, twin, blank):
        path.write_text("{}")
    assert read_attachments((one,)) == {"a.json": b"{}"}
    for paths, code in (
        ((one, twin), "attachment_name_invalid"),
        ((blank,), "attachment_name_invalid"),
        ((tmp_path / "none.json",), "attachment_unreadable"),
        ((tmp_path / "other",), "attachment_unreadable"),
        ((tmp_path / "pipe",), "attachment_unreadable"),
        ((Path("/dev/zero"),), "attachment_unreadable"),
    ):
        with pytest.raises(EvidenceError) as refused:
            read_attachments(paths)
        assert refused.value.code == code
