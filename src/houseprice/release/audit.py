"""Known vulnerabilities of the libraries in a lock file, by pip-audit: `scripts/audit REPORT`.

A service that knows nothing of anything would pass for good news. Therefore a release with famous vulnerabilities is
always asked about too: a service that does not know them counts as unreachable.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from houseprice.atomic_io import write_atomically
from houseprice.errors import HousePriceError, ImageError, MissingDependencyError

LOCK = Path("requirements/serving.txt")
OSV = "https://api.osv.dev/v1/query"
FAMOUS = ("django", "1.2")


IMAGE = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython"}
"""What is true within the image, whatever machine this runs on."""


def audit(lock: Path, service: str, seconds: float, tries: int) -> dict[str, Any]:
    """Return a report: `lock` (its sha256), `reached`, `reason`, `vulnerabilities` and `created`.

    Raises:
        ImageError: `lock_invalid`: the lock is missing, or cannot be audited in full.
    """
    content = lock.read_bytes() if lock.is_file() else b""
    pinned = _pinned(content.decode())
    reason = "" if pinned else "it names no library"
    with tempfile.TemporaryDirectory(prefix="houseprice-audit-") as scratch:
        copy, famous = Path(scratch, "lock.txt"), Path(scratch, "famous.txt")
        copy.write_bytes(content)
        famous.write_text(f"{FAMOUS[0]}=={FAMOUS[1]} --hash=sha256:{'0' * 64}\n")  # asked about, never installed
        command = [sys.executable, "-I", "-m", "pip_audit", "--vulnerability-service=osv", f"--osv-url={service}"]
        command += ["--require-hashes", "--no-deps", "--disable-pip", "--progress-spinner=off", "--desc=on"]
        command += ["--format=json", f"--cache-dir={scratch}/cache", "-r", str(copy), "-r", str(famous)]
        reason = reason or _run([*command, "--dry-run"], None)[1]  # all but asking: whatever fails later is the service
        if reason:
            raise ImageError(f'"{lock}" cannot be audited: {reason}. Make it with `make lock`.', code="lock_invalid")
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for attempt in range(tries):
            time.sleep(2.0**attempt if attempt else 0)
            found, reason = _run(command, seconds)
            if not reason and not found.pop(FAMOUS, None):
                reason = f"it knows nothing about {FAMOUS[0]} {FAMOUS[1]}"
            if not reason:
                break
    if not reason and (missed := pinned - found.keys()):
        raise ImageError(f"pip-audit left out {sorted(missed)}; run it on Linux.", code="lock_invalid")
    known = [] if reason else [_entry(name, one) for name, all_of_it in sorted(found.items()) for one in all_of_it]
    created = datetime.now(UTC).isoformat(timespec="seconds")
    digest = hashlib.sha256(content).hexdigest()
    return {"lock": digest, "reached": not reason, "reason": reason, "vulnerabilities": known, "created": created}


def _pinned(content: str) -> set[tuple[str, str]]:
    """Return name and version of each library of a lock that the image holds."""
    from packaging.markers import Marker  # of pip-audit's environment

    found = re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)(?: *; *([^\\\n]+?))? *(?:\\|--hash|$)", content)
    return {(name.lower(), pin) for name, pin, marker in found if not marker or Marker(marker).evaluate(IMAGE)}


def _run(command: list[str], seconds: float | None) -> tuple[dict[tuple[str, str], list[dict[str, Any]]], str]:
    """Return what is known of each library, and why nothing is known."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        if "--dry-run" in command:
            return {}, "" if result.returncode == 0 else _last_line(result.stderr)
        listed = json.loads(result.stdout)["dependencies"]
        return {(str(one["name"]), str(one["version"])): list(one["vulns"]) for one in listed}, ""
    except subprocess.TimeoutExpired:
        return {}, f"no answer within {seconds:g} s"
    except (ValueError, LookupError, TypeError):
        return {}, _last_line(result.stderr)


def _entry(library: tuple[str, str], known: dict[str, Any]) -> dict[str, str]:
    from packaging.version import Version  # pip-audit needs it too

    newer = [fix for fix in known.get("fix_versions") or () if Version(str(fix)) > Version(library[1])]
    summary = " ".join(str(known.get("description", "")).split())[:300]
    fix = str(min(newer, key=lambda one: Version(str(one)))) if newer else ""
    return {"name": library[0], "version": library[1], "id": str(known["id"]), "fix": fix, "summary": summary}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["pip-audit printed nothing"])[-1].strip()[:300]


def main(args: list[str] | None = None) -> int:
    """Audit a lock file, write the report, print what is known, and return the exit code."""
    parser = argparse.ArgumentParser(prog="audit", description="Known vulnerabilities of a lock file, as JSON.")
    parser.add_argument("report", type=Path, help="the file to write, such as models/audit.json")
    parser.add_argument("--lock", type=Path, default=LOCK, help="default: %(default)s")
    parser.add_argument("--service", default=OSV, help="an OSV-compatible query; default: %(default)s")
    parser.add_argument("--seconds", type=float, default=120.0, help="time limit of one try; default: %(default)s")
    parser.add_argument("--tries", type=int, default=3, help="default: %(default)s")
    given = parser.parse_args(args)
    try:
        if not find_spec("pip_audit"):
            raise MissingDependencyError("pip-audit is not installed here; run `scripts/audit`.", library="pip_audit")
        report = audit(given.lock, given.service, given.seconds, given.tries)
        write_atomically({given.report: (json.dumps(report, indent=1) + "\n").encode()})
    except HousePriceError as err:
        sys.stderr.write(f"audit: {err}\n")
        return err.exit_code
    lines = [f"{one['name']} {one['version']}  {one['id']}  {one['summary']}" for one in report["vulnerabilities"]]
    lines += [f"{len(lines)} known vulnerabilities in {given.lock}"]
    if not report["reached"]:
        if os.environ.get("GITHUB_ACTIONS") == "true":
            sys.stderr.write("::warning title=Vulnerabilities unknown::The audit could ask nobody; see the summary.\n")
        lines = [f"{given.service} was not reached ({report['reason']}); nothing is known about vulnerabilities."]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
