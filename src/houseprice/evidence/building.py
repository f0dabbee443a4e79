"""The content of a pack, made of a verified model and of attached files; the same inputs give the same bytes."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path

from houseprice.bundle.manifest import sha256
from houseprice.errors import EvidenceError
from houseprice.evidence.claims import claims, describe_model
from houseprice.evidence.pack import ATTACHMENTS, COPIED, FILE_NAME, FORMAT, MAX_BYTES, NAME, PAGE, Document, seal
from houseprice.evidence.page import render
from houseprice.evidence.requirements import MANIFEST, SAMPLE, requirements
from houseprice.evidence.sample_test import describe_sample
from houseprice.evidence.subject import Subject


def read_attachments(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """Return name → content of files to attach.

    Raises:
        EvidenceError: One cannot be read (code `attachment_unreadable`), is too large (`attachment_too_large`), or its
            name is not plain or not the only one (`attachment_name_invalid`).
    """
    found: dict[str, bytes] = {}
    for path in paths:
        if not FILE_NAME.fullmatch(path.name) or path.name in found:
            raise EvidenceError(
                f'"{path}" cannot be attached by this name. Give each file another, of letters, digits, ".", "_", "-".',
                code="attachment_name_invalid",
            )
        try:
            found[path.name] = _read(path)
        except OSError as err:
            raise EvidenceError(f'"{path}" cannot be attached: {err.strerror}.', code="attachment_unreadable") from err
    return found


def _read(path: Path) -> bytes:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):  # a pipe or a device may have no end
        raise EvidenceError(f'"{path}" cannot be attached: it is not a file.', code="attachment_unreadable")
    if about.st_size > MAX_BYTES:
        raise EvidenceError(
            f'"{path}" cannot be attached: it has more than {MAX_BYTES} bytes.', code="attachment_too_large"
        )
    return path.read_bytes()


def build_pack(subject: Subject, attachments: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return path → content of every file of a pack."""
    manifest, directory = subject.bundle.manifest, subject.bundle.directory
    files = {path: (directory / path.rpartition("/")[2]).read_bytes() for path in COPIED}
    files |= {f"{ATTACHMENTS}/{name}": content for name, content in sorted(attachments.items())}
    documents = {path: json.loads(files[path]) for path in COPIED if path.endswith(".json")}
    document = Document(
        format=FORMAT,
        model=describe_model(manifest, files[MANIFEST]),
        image=subject.image,
        factors=[claims(requirement, documents) for requirement in requirements("factors")],
        label=[claims(requirement, documents) for requirement in requirements("label")],
        random_sample=describe_sample(documents[SAMPLE]),
        files={path: sha256(content) for path, content in files.items()},
    )
    page = render(document, documents[SAMPLE], {path: len(content) for path, content in files.items()})
    document = document.model_copy(update={"files": {PAGE: sha256(page), **document.files}})
    return {NAME: seal(document), PAGE: page, **files}
