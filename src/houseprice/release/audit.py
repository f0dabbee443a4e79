"""A lock in, a report of known vulnerabilities out: `python -m houseprice.release.audit`, run by `scripts/audit`.

pip-audit asks OSV, from a virtual environment of its own and without credentials: what looks is never beside what it
looks at. Whether a report is good enough is judged by the image's test; here, one that could be written is success.

A service that answers nothing known of everything would pass for good news. So a release whose vulnerabilities are
famous is asked about each time: a service that does not know it counts as not reached.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from houseprice.atomic_io import write_atomically
from houseprice.errors import HousePriceError, ImageError, MissingDependencyError

LOCK = Path("requirements/serving.txt")
OSV = "https://api.osv.dev/v1/query"
FAMOUS = ("django", "1.2")
"""Known to every such service since 2010, and in no lock of ours."""
ANSWER_SECONDS = 15
_SUMMARY_LETTERS = 300


@dataclass(frozen=True)
class Vulnerability:
    """One that is known of one library.

    Attributes:
        name: the library.
        version: the one in the lock.
        id: of the vulnerability, such as `PYSEC-2024-1`.
        fix: the first newer release without it; empty when there is none.
        summary: what it is, in one line.
    """

    name: str
    version: str
    id: str
    fix: str
    summary: str


@dataclass(frozen=True)
class Report:
    """What is known of one lock.

    Attributes:
        lock: sha256 of the lock's bytes.
        service: whether the service of vulnerabilities answered in full.
        found: what it knows; empty as well when it was not reached.
        when: the moment, in UTC.
    """

    lock: str
    service: Literal["reached", "unreachable"]
    found: tuple[Vulnerability, ...]
    when: str


class _UnreachableError(Exception):
    """The service was not there, was too slow, or said what cannot be understood."""


def audit(lock: Path, service: str, seconds: float, *, tries: int = 3, pause: float = 2.0) -> tuple[Report, str]:
    """Give back what is known of the libraries of a lock, and why nothing is when the service was not reached.

    Args:
        lock: requirements with versions and hashes.
        service: address of an OSV-compatible query.
        seconds: how long one try may last.
        tries: how often the service is asked before it counts as unreachable.
        pause: seconds after the first try; twice as long after each further one.

    Raises:
        ImageError: the lock is missing, or cannot be looked at in full.
        MissingDependencyError: pip-audit is not installed here.
    """
    try:
        content = lock.read_bytes()
    except OSError as err:
        raise ImageError(
            f'The lock "{lock}" cannot be read ({err.strerror}); expected requirements with hashes; make it with '
            "`make lock`."
        ) from err
    digest = hashlib.sha256(content).hexdigest()
    pinned = {name.lower(): version for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", content.decode())}
    with tempfile.TemporaryDirectory(prefix="houseprice-audit-") as scratch:
        copy, famous = Path(scratch, "lock.txt"), Path(scratch, "famous.txt")
        copy.write_bytes(content)
        famous.write_text(f"{FAMOUS[0]}=={FAMOUS[1]} --hash=sha256:{'0' * 64}\n")  # asked about, never fetched
        files = (copy, famous)
        _rehearse(lock, pinned, files)
        reason = ""
        for attempt in range(tries):
            if attempt:
                time.sleep(pause * 2 ** (attempt - 1))
            try:
                found = _ask(files, service, seconds)
            except _UnreachableError as err:
                reason = str(err)
            else:
                _demand_all(lock, pinned, found)
                return Report(digest, "reached", _listed(found), _now()), ""
    return Report(digest, "unreachable", (), _now()), reason


def _rehearse(lock: Path, pinned: dict[str, str], files: tuple[Path, ...]) -> None:
    """Do everything but ask, so that what fails afterwards is the service's fault."""
    if not pinned:
        raise ImageError(
            f'The lock "{lock}" names no library; expected lines of name==version; make it with `make lock`.'
        )
    said = _run(files, None, "--dry-run")
    if "No module named pip_audit" in said.stderr:
        raise MissingDependencyError(
            "pip-audit is not installed here; expected the environment of requirements/audit.txt; run `scripts/audit`."
        )
    if said.returncode:
        raise ImageError(
            f'The lock "{lock}" cannot be audited ({_last_line(said.stderr)}); expected name==version with hashes for '
            "every library; make it again with `make lock`."
        )


def _ask(files: tuple[Path, ...], service: str, seconds: float) -> dict[tuple[str, str], list[dict[str, object]]]:
    """Give back what the service knows of each library."""
    with tempfile.TemporaryDirectory(prefix="houseprice-audit-") as scratch:
        target = Path(scratch, "found.json")
        options = ("--osv-url", service, "--format", "json", "--desc", "on", "--output", str(target))
        try:
            said = _run(files, seconds, *options)
        except subprocess.TimeoutExpired as err:
            raise _UnreachableError(f"no full answer within {seconds:g} s") from err
        try:
            listed = json.loads(target.read_bytes())["dependencies"]
            found = {(str(one["name"]), str(one["version"])): list(one["vulns"]) for one in listed}
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise _UnreachableError(_last_line(said.stderr)) from err
    if not found.pop(FAMOUS, []):
        raise _UnreachableError(f"it knows nothing against {FAMOUS[0]} {FAMOUS[1]}, so its silence means nothing")
    return found


def _run(files: tuple[Path, ...], seconds: float | None, *options: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="houseprice-audit-") as cache:
        return subprocess.run(
            [
                *(sys.executable, "-I", "-m", "pip_audit", "--vulnerability-service", "osv"),
                *("--require-hashes", "--no-deps", "--disable-pip", "--progress-spinner", "off"),
                *("--timeout", str(ANSWER_SECONDS), "--cache-dir", cache),
                *(part for file in files for part in ("--requirement", str(file))),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def _demand_all(lock: Path, pinned: dict[str, str], found: dict[tuple[str, str], list[dict[str, object]]]) -> None:
    missed = pinned.items() - found.keys()
    if missed:
        few = ", ".join(f"{name} {version}" for name, version in sorted(missed)[:5])
        raise ImageError(
            f'pip-audit passed over {len(missed)} of {len(pinned)} libraries of "{lock}" ({few}); expected all of '
            "them; run this on Linux, as the image does."
        )


def _listed(found: dict[tuple[str, str], list[dict[str, object]]]) -> tuple[Vulnerability, ...]:
    return tuple(
        Vulnerability(name, version, str(known["id"]), _fix(known, version), _line(str(known.get("description", ""))))
        for (name, version), all_known in sorted(found.items())
        for known in sorted(all_known, key=lambda known: str(known["id"]))
    )


def _fix(known: dict[str, object], version: str) -> str:
    """Give back the first release above the locked one that is said to be without it."""
    from packaging.version import Version  # pip-audit brings it

    fixes = known.get("fix_versions")
    newer = (
        [Version(str(fix)) for fix in fixes if Version(str(fix)) > Version(version)] if isinstance(fixes, list) else []
    )
    return str(min(newer)) if newer else ""


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SUMMARY_LETTERS else f"{line[: _SUMMARY_LETTERS - 1]}…"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _line(lines[-1]) if lines else "it said nothing"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(args: list[str] | None = None) -> int:
    """Audit a lock, write the report, tell it in lines, give back the exit code."""
    parser = argparse.ArgumentParser(prog="audit", description="Known vulnerabilities of a lock, as a JSON report.")
    parser.add_argument("report", type=Path, help="the file to write, such as models/audit.json")
    parser.add_argument("--lock", type=Path, default=LOCK, help="default: %(default)s")
    parser.add_argument("--service", default=OSV, help="an OSV-compatible query; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long one try may last; default: %(default)s")
    parser.add_argument("--tries", type=int, default=3, help="before it counts as unreachable; default: %(default)s")
    given = parser.parse_args(args)
    try:
        report, reason = audit(given.lock, given.service, given.seconds, tries=given.tries)
        write_atomically({given.report: (json.dumps(asdict(report), indent=1) + "\n").encode()})
    except HousePriceError as err:
        sys.stderr.write(f"audit: {err}\n")
        return err.exit_code
    sys.stdout.writelines(f"{line}\n" for line in _told(report, reason, given.service, given.lock))
    return 0


def _told(report: Report, reason: str, service: str, lock: Path) -> Iterator[str]:
    if report.service == "unreachable":
        yield f"The service {service} was not reached ({reason}); whether anything is known is not known."
        return
    for known in report.found:
        fix = f"fixed in {known.fix}" if known.fix else "no release without it"
        yield f"{known.name} {known.version}  {known.id}  {fix}  {known.summary}"
    yield f"{len(report.found)} known vulnerabilities in {lock}"


if __name__ == "__main__":
    sys.exit(main())
