"""The manifest is read back as it was written, and refused when a byte was changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from houseprice.bundle import manifest as manifests
from houseprice.bundle.manifest import FORMAT, Manifest, canonical, read, sha256, sha256_of, write
from houseprice.errors import ArtifactError
from learning.houses import SCHEMA

WHERE = Path("bundle") / manifests.NAME
VALUES: dict[str, Any] = {
    "model_version": "0123456789ab",
    "project": {"name": "house-price-model", "currency": "EUR"},
    "files": dict.fromkeys(manifests.CONTENT, "0" * 64),
    "sources": {"preprocessor.pkl": "1" * 64},
    "feature_table_sha256": "2" * 64,
    "schema": SCHEMA.model_dump(mode="json"),
    "reference_date": "2015-05-27",
    "fitted_on": "all sales",
    "functional": "median",
    "smearing_factor": 1.01,
    "coverage": 0.9,
    "max_fsd": 0.25,
    "metrics": {"holdout": {"log_rmse": 0.15}},
    "verdict": {"log_rmse": {"passed": True, "found": 0.15, "required": "at most 0.2", "detail": ""}},
    "hashes": {"commit": "abc"},
    "libraries": {"onnxruntime": "1.20"},
}
WRITTEN = write(Manifest.model_validate(VALUES))

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(TEXT, JSON, max_size=4), st.dictionaries(TEXT, TEXT, max_size=4),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
def test_a_manifest_is_read_back_as_it_was_written(
    metrics: dict[str, Any], hashes: dict[str, str], factor: float
) -> None:
    """Every number and every text, in the same bytes again."""
    said = Manifest.model_validate(VALUES | {"metrics": metrics, "hashes": hashes, "smearing_factor": factor})
    written = write(said)
    found = read(written, WHERE)
    assert found == said
    assert write(found) == written


def test_the_schema_comes_back_as_a_schema() -> None:
    """Columns in their order, with ranges and levels."""
    found = read(WRITTEN, WHERE)
    assert found.schema_ == SCHEMA
    assert list(found.schema_.columns) == list(SCHEMA.columns)
    assert found.format == FORMAT


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_one_changed_byte_is_found(place: int, change: int) -> None:
    """Wherever it is, and whatever it becomes."""
    spoiled = bytearray(WRITTEN)
    spoiled[place] ^= change
    with pytest.raises(ArtifactError):
        read(bytes(spoiled), WHERE)


@given(st.integers(0, len(WRITTEN) - 1))
@example(len(WRITTEN) - 1)
def test_a_manifest_that_was_cut_short_is_refused(end: int) -> None:
    """Even when only the closing line end is gone."""
    with pytest.raises(ArtifactError):
        read(WRITTEN[:end], WHERE)


def test_whitespace_counts() -> None:
    """The same content in another spelling was not written by us."""
    for spoiled in (WRITTEN + b"\n", b" " + WRITTEN, WRITTEN.replace(b": ", b":", 1), WRITTEN.replace(b"\n", b"\r\n")):
        with pytest.raises(ArtifactError, match=manifests.NAME) as excinfo:
            read(spoiled, WHERE)
        assert excinfo.value.code == "manifest_changed"
    again = json.dumps(json.loads(WRITTEN)).encode()
    with pytest.raises(ArtifactError, match=manifests.NAME) as excinfo:
        read(again, WHERE)
    assert excinfo.value.code == "manifest_changed"


def sealed(**changed: Any) -> bytes:
    """Return a manifest with other content and a good seal."""
    content = json.loads(WRITTEN)
    content.pop(manifests.DIGEST)
    content = {key: value for key, value in (content | changed).items() if value is not ...}
    return canonical({**content, manifests.DIGEST: sha256(canonical(content))})


def test_content_with_a_good_seal_is_read() -> None:
    """The helper of the tests below seals as `write` does."""
    assert sealed() == WRITTEN
    assert read(sealed(coverage=0.8), WHERE).coverage == 0.8


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "manifest_not_json", "JSON"),
        (b"{", "manifest_not_json", "JSON"),
        (b"\xff\xfe", "manifest_not_json", "JSON"),
        (b"[" * 100_000, "manifest_not_json", "JSON"),
        (b'{"format": 1, "coverage": NaN}', "manifest_not_json", "JSON"),
        (b'{"format": 1, "coverage": 1e999}', "manifest_not_json", "JSON"),
        (b'{"format": 1, "table": "\\ud800"}', "manifest_not_json", "JSON"),
        (b"[1]", "manifest_without_format", "format"),
        (b"null", "manifest_without_format", "format"),
        (b"{}", "manifest_without_format", "format"),
        (b'{"format": "1"}', "manifest_without_format", "format"),
        (f'{{"format": {FORMAT}}}'.encode(), "manifest_changed", "manifest"),
        (sealed(format=FORMAT + 1), "manifest_format_newer", f"{FORMAT + 1}.*{FORMAT}"),
        (sealed(format=FORMAT - 1), "manifest_format_older", f"{FORMAT - 1}.*{FORMAT}"),
        (sealed(format=999, unheard="of"), "manifest_format_newer", "999"),
        (sealed(unheard="of"), "manifest_invalid", "unheard"),
        (sealed(coverage=..., feature_table_sha256=...), "manifest_invalid", "feature_table_sha256, coverage"),
        (sealed(schema={"columns": {}}), "manifest_invalid", "schema"),
        (sealed(coverage="most"), "manifest_invalid", "coverage"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_manifest_of_ours_is_refused_with_a_sentence(content: bytes, code: str, told: str) -> None:
    """Not JSON, newer, resealed with another content: the file is named, and what to do."""
    with pytest.raises(ArtifactError, match=told) as err:
        read(content, WHERE)
    assert str(WHERE) in str(err.value)
    assert err.value.code == code


def test_a_model_has_passed_when_it_was_judged_and_every_gate_is_green() -> None:
    """No verdict is no pass."""
    green, red = {"passed": True}, {"passed": False}
    verdicts = [({"a": green}, True), ({"a": green, "b": red}, False), ({}, False)]
    for verdict, passed in verdicts:
        assert Manifest.model_validate(VALUES | {"verdict": verdict}).passed is passed


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_json_does_not_have_is_not_written(number: float) -> None:
    """Rather an error when sealing than a file that nobody can read."""
    with pytest.raises(ValueError, match="JSON"):
        canonical({"found": number})


def test_a_file_and_its_bytes_have_one_digest(tmp_path: Path) -> None:
    """However large it is."""
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of(tmp_path / "a") == sha256(content)
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
