"""A pack on disk: its files are written as a whole, and those of a stranger are read with care."""

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from houseprice import atomic_io
from houseprice.bundle.manifest import canonical, sha256
from houseprice.errors import EvidenceError
from houseprice.evidence.requirements import CARD, GOLDEN, MANIFEST, PROFILE, SAMPLE
from houseprice.release.verification.file_signature import EVIDENCE, EVIDENCE_SIGNATURE

FORMAT = 1
NAME, PAGE, SIGNATURE = EVIDENCE, "index.html", EVIDENCE_SIGNATURE
DIGEST = "evidence_sha256"
"""Key of the digest of all other keys of `evidence.json`."""
COPIED = (MANIFEST, SAMPLE, GOLDEN, PROFILE, CARD)
"""Files of the bundle that a pack holds; the model itself is not among them."""
ATTACHMENTS = "attachments"
MAX_BYTES = 64 * 2**20
"""Limit of one file of a pack."""
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Names that attached files may have."""
_FOLDERS = ("bundle", ATTACHMENTS)
_SHOWN = 5


class Document(BaseModel):
    """The content of `evidence.json`.

    Attributes:
        format: version of this layout.
        model: `name`, `currency`, `version`, `manifest_sha256`, `passed`, `failed_gates`, `fitted_on` and
            `reference_date`.
        image: what is proven of the image, or None.
        factors: the quality control factors of 12 CFR 323.17, as `claims.claims` gives them.
        label: the items of the European AVM Alliance.
        random_sample: as `sample_test.describe_sample` gives it.
        files: path → sha256 of every other file of the pack.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: int
    model: dict[str, Any]
    image: dict[str, Any] | None
    factors: list[dict[str, Any]]
    label: list[dict[str, Any]]
    random_sample: dict[str, Any]
    files: dict[str, str]


@dataclass(frozen=True)
class Pack:
    """A pack whose files are those that `evidence.json` names.

    Attributes:
        directory: its folder.
        document: `evidence.json`.
        files: path → content of every other file, the signature left out.
        is_signed: whether there is a signature; it is not verified.
    """

    directory: Path
    document: Document
    files: Mapping[str, bytes]
    is_signed: bool

    def json(self, path: str) -> Any:
        """Return one of the JSON files.

        Raises:
            EvidenceError: It is not JSON (code `pack_invalid`).
        """
        return _parse(self.files[path], path)


def seal(document: Document) -> bytes:
    """Return the bytes of `evidence.json`, its own digest included."""
    content = document.model_dump(mode="json")
    return canonical({**content, DIGEST: sha256(canonical(content))})


def write_pack(files: Mapping[str, bytes], directory: Path, sign: Callable[[Path], bool] = lambda _: False) -> bool:
    """Replace a pack as a whole, its signature included; return what `sign` returns for the folder of the new one.

    Raises:
        EvidenceError: The folder holds something else than a pack (code `output_not_a_pack`); it is left as it is.
        DataError: It cannot be written.
        HousePriceError: As `sign`; an earlier pack is left as it is.
    """
    if directory.is_dir() and any(directory.iterdir()) and not _holds_a_pack_alone(directory):
        raise EvidenceError(
            f'"{directory}" holds other files, which would be lost. Name an empty folder or a new one with --output.',
            code="output_not_a_pack",
        )
    with atomic_io.replace_directory(directory) as staging:
        for path, content in files.items():
            (staging / path).parent.mkdir(exist_ok=True)
            (staging / path).write_bytes(content)
        return sign(staging)


def _holds_a_pack_alone(directory: Path) -> bool:
    """Return whether every file in a folder is one that its `evidence.json` names."""
    try:
        present = _read_all(directory)
        stated = _read_document(present.pop(NAME)).files
    except (EvidenceError, KeyError):
        return False
    return present.keys() <= {SIGNATURE, *stated}


def open_pack(directory: Path) -> Pack:
    """Return a pack whose every file has the digest that `evidence.json` states.

    Raises:
        EvidenceError: There is none (code `pack_not_found`); it is of another format (`pack_format_unknown`); it is
            not a pack, or holds what no pack does, such as links (`pack_invalid`); or files are missing, changed or
            extra (`pack_changed`, details `missing`, `changed`, `extra`).
    """
    if not (directory / NAME).is_file():
        raise EvidenceError(
            f'There is no evidence pack in "{directory}" ({NAME} is missing). Make one with `houseprice evidence '
            "--output FOLDER`.",
            code="pack_not_found",
        )
    present = _read_all(directory)
    document = _read_document(present.pop(NAME))
    signed = present.pop(SIGNATURE, None) is not None
    missing = sorted(set(document.files) - set(present))
    extra = sorted(set(present) - set(document.files))
    changed = sorted(
        path for path in set(present) & set(document.files) if sha256(present[path]) != document.files[path]
    )
    if missing or extra or changed:
        faults = {"missing": missing, "changed": changed, "extra": extra}
        told = "; ".join(f"{what}: {_listed(paths)}" for what, paths in faults.items() if paths)
        raise EvidenceError(f'The pack in "{directory}" was changed ({told}).', code="pack_changed", **faults)
    if absent := sorted({PAGE, *COPIED} - set(present)):
        raise _invalid(f"it lacks {', '.join(absent)}")
    return Pack(directory, document, present, signed)


def _listed(paths: list[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(path[:100] for path in paths[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _read_document(content: bytes) -> Document:
    values = _parse(content, NAME)
    if not isinstance(values, dict) or not isinstance(values.get("format"), int):
        raise _invalid(f"{NAME} names no format")
    if values["format"] != FORMAT:
        raise EvidenceError(
            f"The pack has format {str(values['format'])[:20]}, but this program reads format {FORMAT}.",
            code="pack_format_unknown",
        )
    digest = values.pop(DIGEST, None)
    try:
        document = Document.model_validate(values)
        if seal(document) != content or digest != sha256(canonical(values)):
            raise EvidenceError(f"{NAME} was changed after it was written.", code="pack_changed", changed=[NAME])
    except (ValidationError, ValueError, RecursionError) as err:
        raise _invalid(f"{NAME} lacks what a pack states ({type(err).__name__})") from err
    return document


def _parse(content: bytes, path: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    try:
        return json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as err:
        raise _invalid(f"{path} is not JSON ({type(err).__name__})") from err


def _read_all(directory: Path) -> dict[str, bytes]:
    """Return the content of every file by its path; nothing but plain files in their places is read."""
    found = {}
    for entry in os.scandir(directory):
        if entry.name in _FOLDERS and entry.is_dir(follow_symlinks=False):
            for inner in os.scandir(entry.path):
                found[f"{entry.name}/{inner.name}"] = _read(Path(inner.path))
        else:
            found[entry.name] = _read(Path(entry.path))
    for path in found:
        folder, _, name = path.rpartition("/")
        if folder == ATTACHMENTS and not FILE_NAME.fullmatch(name):
            raise _invalid(f'"{name}" is no name of an attached file')
    return found


def _read(path: Path) -> bytes:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise _invalid(f'"{path.name}" is a link, a folder or a device instead of a plain file')
    if about.st_size > MAX_BYTES:
        raise _invalid(f'"{path.name}" has {about.st_size} bytes; the limit is {MAX_BYTES}')
    try:
        return path.read_bytes()
    except OSError as err:
        raise _invalid(f'"{path.name}" cannot be read ({err.strerror})') from err


def _invalid(problem: str) -> EvidenceError:
    return EvidenceError(f"This is not an evidence pack that can be checked: {problem}.", code="pack_invalid")
