"""The replay of a pack: what it claims is compared with its files, with the model, and with the data."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from houseprice.bundle.golden import relative_difference
from houseprice.bundle.manifest import NAME as MANIFEST_NAME
from houseprice.bundle.manifest import sha256
from houseprice.errors import DataError, EvidenceError, VerificationError
from houseprice.evidence.claims import claims, describe_model, look_up
from houseprice.evidence.draw import check_draw
from houseprice.evidence.pack import COPIED, NAME, SIGNATURE, Pack, seal
from houseprice.evidence.requirements import MANIFEST, SAMPLE, requirements
from houseprice.evidence.sample_test import describe_sample, price_again
from houseprice.evidence.subject import Subject
from houseprice.release.verification.file_signature import verify_file
from houseprice.release.verification.policy import VerificationPolicy

SAME = 1e-9
"""Largest relative difference of a measure that is computed again."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: what, for people.
        passed: None where it could not be checked, since something was not given.
        detail: what was found.
        code: of the error that it is, when it failed.
    """

    name: str
    passed: bool | None
    detail: str
    code: str = ""


def replay(
    pack: Pack, subject: Subject, data: Path | None = None, policy: VerificationPolicy | None = None
) -> list[Check]:
    """Return what was checked of an opened pack, whose files have the digests that it states.

    Args:
        pack: the pack.
        subject: the model that it should be about.
        data: the cleaned table that the model was trained with.
        policy: whose signature the pack should bear.
    """
    checks = [Check("files", True, f"{len(pack.files) + 1} files, each with its digest")]
    checks.append(_run("signature", partial(_check_signature, pack, policy)))
    checks.append(_run("model", partial(_check_model, pack, subject)))
    checks.append(_run("claims", partial(_check_claims, pack)))
    checks.append(_run("measures of the sample", partial(_check_measures, pack)))
    checks.append(_run("answers to the sample", partial(_check_answers, pack, subject)))
    checks.append(_run("draw of the sample", partial(_check_data, pack, subject, data)))
    return checks


def failure(checks: list[Check]) -> EvidenceError | None:
    """Return the error of the first check that failed."""
    failed = [check for check in checks if check.passed is False]
    if not failed:
        return None
    names = ", ".join(check.name for check in failed)
    return EvidenceError(
        f"The pack does not prove what it claims ({names}). {failed[0].detail}",
        code=failed[0].code,
        failed=[check.code for check in failed],
    )


def _run(name: str, check: Callable[[], str | None]) -> Check:
    try:
        found = check()
    except (EvidenceError, DataError, VerificationError) as err:
        return Check(name, False, str(err), err.code)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as err:
        return Check(name, False, f"The pack cannot be read ({type(err).__name__}: {err}).", "pack_invalid")
    return Check(name, True, found) if found is not None else Check(name, None, _NOT_CHECKED[name])


_NOT_CHECKED = {
    "signature": "not checked: say whom to trust with --key or --repository-url",
    "draw of the sample": "not checked: give the cleaned table with --data",
}


def _check_signature(pack: Pack, policy: VerificationPolicy | None) -> str | None:
    if policy is None:
        return None
    if not pack.is_signed:
        raise EvidenceError(
            "The pack is not signed. Ask for a signed one, or leave the signature unchecked with --allow-unsigned.",
            code="pack_not_signed",
        )
    with tempfile.TemporaryDirectory(prefix="houseprice-evidence-") as folder:  # the very bytes that were read
        stated = Path(folder) / NAME
        stated.write_bytes(seal(pack.document))
        verify_file(stated, pack.directory / SIGNATURE, policy)
    return f"by {policy}"


def _check_model(pack: Pack, subject: Subject) -> str:
    own = (subject.bundle.directory / MANIFEST_NAME).read_bytes()
    manifest = subject.bundle.manifest
    stated = pack.document.model
    if pack.files[MANIFEST] != own or stated["manifest_sha256"] != sha256(own):
        raise EvidenceError(
            f"The pack is about model {stated['version']} (manifest {str(stated['manifest_sha256'])[:12]}…), not about "
            f"{manifest.model_version} ({sha256(own)[:12]}…).",
            code="model_differs",
        )
    if stated != describe_model(manifest, own):
        raise EvidenceError("The pack says something else of the model than its manifest.", code="claims_differ")
    for path in COPIED:
        name = path.rpartition("/")[2]
        if name in manifest.files and pack.document.files[path] != manifest.files[name]:
            raise EvidenceError(f"{path} is not the file of the model.", code="model_differs", file=path)
    told = f"model {manifest.model_version}, manifest {sha256(own)[:12]}…"
    if pack.document.image and subject.image:
        if pack.document.image["digest"] != subject.image["digest"]:
            raise EvidenceError(
                f"The pack is about the image {pack.document.image['digest']}, not about {subject.image['digest']}.",
                code="image_differs",
            )
        told += f", image {subject.image['digest'][:19]}…"
    elif pack.document.image:
        told += "; the image that the pack names was not checked: name it to replay the pack with it"
    return told


def _check_claims(pack: Pack) -> str:
    documents = {path: pack.json(path) for path in COPIED if path.endswith(".json")}
    stated = [measure for requirement in _requirements(pack) for measure in requirement["measures"]]
    for measure in stated:
        found = look_up(documents[measure["file"]], measure["pointer"], measure["form"])
        if any(measure[key] != value for key, value in found.items()):
            raise EvidenceError(
                f'"{measure["label"]}" is not what {measure["file"]} holds at {measure["pointer"]}.',
                code="claims_differ",
                pointer=measure["pointer"],
            )
    expected = [claims(one, documents) for kind in ("factors", "label") for one in requirements(kind)]
    if list(_requirements(pack)) != expected:
        raise EvidenceError(
            "The pack states requirements, labels or open points otherwise than this release does. Replay it with the "
            "release that made it; if it fails there as well, somebody changed them.",
            code="requirements_differ",
        )
    measured = sum(measure["measured"] for measure in stated)
    return f"{measured} measures are those of the files; {len(stated) - measured} are stated as not measured"


def _requirements(pack: Pack) -> Iterator[dict[str, Any]]:
    yield from pack.document.factors
    yield from pack.document.label


def _check_measures(pack: Pack) -> str:
    found = describe_sample(pack.json(SAMPLE))
    if not _same(pack.document.random_sample, found):
        raise EvidenceError("The measures of the random sample are not those of its sales.", code="claims_differ")
    return f"as computed again from {found['size']} sales"


def _same(stated: Any, found: Any) -> bool:
    """Compare two values of JSON, numbers with a tolerance."""
    if isinstance(found, dict):
        return (
            isinstance(stated, dict)
            and stated.keys() == found.keys()
            and all(_same(stated[k], found[k]) for k in found)
        )
    if isinstance(found, list):
        return isinstance(stated, list) and len(stated) == len(found) and all(map(_same, stated, found))
    if isinstance(found, float) and isinstance(stated, int | float):
        return relative_difference(stated, found) <= SAME
    return bool(stated == found)


def _check_answers(pack: Pack, subject: Subject) -> str:
    sample, tolerance = pack.json(SAMPLE), float(subject.bundle.golden["tolerance"])
    difference = price_again(subject.bundle, sample)
    if not difference <= tolerance:
        raise EvidenceError(
            f"The model answers the sample otherwise than sealed, by up to {difference:.2g} of a price.",
            code="answers_differ",
            difference=difference,
        )
    houses = len(sample["rows"])
    return f"{houses} houses priced again, largest relative difference {difference:.1e} (at most {tolerance:.0e})"


def _check_data(pack: Pack, subject: Subject, data: Path | None) -> str | None:
    return None if data is None else check_draw(pack.json(SAMPLE), subject.bundle.manifest, data)
