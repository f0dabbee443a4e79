"""An answer that is no success in, the sentence for it out; what may pass is told apart from what will not."""

import json
import re

from houseprice.errors import RegistryError
from houseprice.release.registry.access import Access, read_only, retry_after
from houseprice.release.registry.patience import PassingError
from houseprice.release.registry.transport import REDIRECTS, Answer

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def codes(answer: Answer) -> tuple[str, ...]:
    """Give back the codes of a registry's errors, such as MANIFEST_UNKNOWN; none where there are none."""
    return tuple(code for code, _ in _errors(answer))


def refusal(answer: Answer, access: Access, doing: str, *, write: bool) -> Exception:
    """Give back what to raise for an answer that was not hoped for.

    Args:
        answer: what the registry said.
        access: who asked, and where.
        doing: what was asked for, as the subject of a sentence.
        write: whether something was to be written.
    """
    repository = access.repository
    found = access.account.hide(_said(answer)) if access.account else _said(answer)
    if answer.status in _PASSING:
        return PassingError(f'"{repository.host}" answers {found}', retry_after(answer))
    strange = answer.body and not answer.media_type.startswith("application/")
    if strange or answer.media_type == "text/html" or answer.status in REDIRECTS:
        return garbage(access, doing, found)
    if answer.status == 401:
        return access.shut(found, write=write)
    if answer.status == 403 or {"DENIED", "UNAUTHORIZED"} & set(codes(answer)):
        return read_only(repository, found) if write else access.shut(found, write=False)
    if write and "NAME_UNKNOWN" in codes(answer):
        return RegistryError(
            f'"{repository.host}" knows no repository "{repository.path}" ({found}); expected one that is there or may '
            "be made; correct DOCKERHUB_USERNAME, or make the repository."
        )
    full = answer.status == 413 or "quota" in found.lower()
    hint = "free some room there" if full else "look up what it says in the registry's own documentation"
    return RegistryError(f'{doing} was refused by "{repository.host}" ({found}); expected it to be done; {hint}.')


def garbage(access: Access, doing: str, found: str) -> RegistryError:
    """Give back the sentence for something that does not speak as a registry does."""
    return RegistryError(
        f'{doing} was answered by "{access.repository.host}" with something else ({found}); expected what a registry '
        "of images says; see whether the host is one, and whether a proxy stands before it."
    )


def _said(answer: Answer) -> str:
    told = "; ".join(f"{code}: {message}" if message else code for code, message in _errors(answer))
    if not told and answer.body:
        told = f"{len(answer.body)} bytes of {answer.media_type or 'no type'}"
    return f"HTTP {answer.status}{f', {told[:200]}' if told else ''}"


def _errors(answer: Answer) -> tuple[tuple[str, str], ...]:
    try:
        listed = json.loads(answer.body)["errors"]
        pairs = [(str(item.get("code", "")), str(item.get("message") or "")) for item in listed]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ()
    return tuple((_plain(code), _plain(message)) for code, message in pairs[:3])


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", text).split())[:120]
