"""Tests of an image before it is published: it runs as in production and must answer like the sealed bundle.

An image of this engine is tested by its name. An OCI layout is tested by the digest that will be published, which is
pulled from a registry on loopback for every platform. The standard library, docker and skopeo are enough.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from houseprice.atomic_io import write_atomically
from houseprice.errors import ImageError
from houseprice.release import skopeo
from houseprice.release.container import ContainerUnderTest, SavedImage, started
from houseprice.release.docker_cli import DockerCli, Say
from houseprice.release.expected_predictions import ExpectedPredictions
from houseprice.release.image_checks import CheckResult, run_checks
from houseprice.release.image_reference import TITLE, Reference, Repository
from houseprice.release.loopback_registry import loopback_registry
from houseprice.release.performance_checks import UNKNOWN, Limits
from houseprice.release.verification.image_reader import PlatformImage
from houseprice.release.verification.verify import verify_layout

REPORT = "image-test.json"
"""File in the folder of a layout that says which digest was tested, and whether it passed."""
SHOWN_LINES = 40
"""Lines of a container's logs that are shown, at its beginning and at its end."""
EMULATION_FACTOR = 10
"""An emulated platform may take so many times as long to start."""


@dataclass(frozen=True)
class ImageTest:
    """Results of one image.

    Attributes:
        image: its name.
        image_id: the very image that was tested; a name may point elsewhere tomorrow.
        platform: of the container; empty where the engine chose.
        results: of each check; empty when this machine cannot run the platform.
        seconds: how long the test took.
    """

    image: str
    image_id: str
    platform: str
    results: tuple[CheckResult, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)


@dataclass(frozen=True)
class LayoutTest:
    """Results of a layout.

    Attributes:
        digest: of its image index; this is what was tested.
        platforms: the results of each.
    """

    digest: str
    platforms: tuple[ImageTest, ...]

    @property
    def passed(self) -> bool:
        """Whether at least one platform ran, and all that ran passed."""
        ran = [one for one in self.platforms if one.results]
        return bool(ran) and all(one.passed for one in ran)


def require_passed(*tests: ImageTest) -> None:
    """Refuse images that did not pass.

    Raises:
        ImageError: `image_test_failed`, with the failed checks by name in `details["failed"]`.
    """
    failed = [(test, result) for test in tests for result in test.results if not result.passed]
    if failed or not any(test.results for test in tests):
        count = sum(len(test.results) for test in tests)
        lines = (f"{result.name}: {result.found} (expected {result.expected})" for _, result in failed)
        raise ImageError(
            f"{tests[0].image} failed {len(failed)} of {count} checks. Do not publish it: {'; '.join(lines)}",
            code="image_test_failed",
            failed=tuple(dict.fromkeys(result.name for _, result in failed)),
        )


@dataclass(frozen=True)
class ImageTester:
    """Tests images.

    Attributes:
        docker: where they run.
        expected: what they must answer.
        limits: what they may take.
        say: called with progress.
        show_logs: called with each container's logs before it is removed.
    """

    docker: DockerCli
    expected: ExpectedPredictions
    limits: Limits
    say: Say
    show_logs: Callable[[str], None]

    def test_image(self, name: str) -> ImageTest:
        """Test an image of this engine, by its name or id.

        Raises:
            ImageError: there is no such image, no engine answers, or the container cannot be started or removed.
        """
        found = self.docker.image(name)
        config = found.get("Config") or SavedImage.read(self.docker, name).config
        return self._run(found["Id"], name, config)

    def test_layout(self, layout: Path, platforms: Sequence[str] = ()) -> LayoutTest:
        """Test a layout by its digest, and write the report into it.

        A platform that this machine cannot even emulate is verified without being run; the engine's own must run.

        Args:
            layout: the folder.
            platforms: which to run; by default all.

        Raises:
            ImageError: the folder is not a layout, lacks the engine's platform, or is refused by the engine.
            VerificationError: labels, bundle and SBOM of a platform do not agree.
            RegistryError: the registry on loopback does not work.
        """
        report = layout / REPORT
        report.unlink(missing_ok=True)
        image = verify_layout(layout).image
        native = self.docker.platform()
        chosen = [one for one in image.platforms if not platforms or one.name in platforms]
        if not any(_same(one.name, native) for one in chosen):
            raise ImageError(
                f'"{layout}" holds images for {", ".join(one.name for one in image.platforms)}, and this engine runs '
                f"{native}, which must be tested too. Build the layout with --platform {native} as well.",
                code="platform_missing",
            )
        with loopback_registry() as host:
            repository = Repository(host, TITLE)
            skopeo.copy(layout, Reference(repository, tag="test"))
            tests = tuple(self._test_platform(repository.at(image.digest), one, native) for one in chosen)
        result = LayoutTest(image.digest, tests)
        outcomes = {
            one.platform: {"ran": bool(one.results), "checks": [asdict(r) for r in one.results]} for one in tests
        }
        content = {"digest": result.digest, "passed": result.passed, "platforms": outcomes}
        write_atomically({report: (json.dumps(content, indent=1) + "\n").encode()})
        return result

    def _test_platform(self, name: str, platform: PlatformImage, native: str) -> ImageTest:
        option = f"--platform={platform.name}"
        self.say(f"pulling {name} for {platform.name} …")
        try:
            self.docker.pull(name, option)
            emulated = not _same(platform.name, native)
            if emulated and not _can_run(self.docker, name, option):
                self.say(f"{platform.name} is verified but not run: this machine cannot emulate it")
                return ImageTest(name, name, platform.name, (), 0.0)
            return self._run(
                name, name, platform.config, platform.size_bytes, platform=platform.name, emulated=emulated
            )
        finally:
            self.docker.remove_image(name)

    def _run(
        self,
        image: str,
        name: str,
        config: Mapping[str, Any],
        size_bytes: int = 0,
        *,
        platform: str = "",
        emulated: bool = False,
    ) -> ImageTest:
        begin = time.monotonic()
        limits = self.limits
        if emulated:
            limits = replace(limits, deadline_seconds=limits.deadline_seconds * EMULATION_FACTOR)
        options = [f"--platform={platform}"] if platform else []
        if self.expected.failed_gates:
            self.say(f"WARNING: the model failed its gates ({', '.join(self.expected.failed_gates)})")
            options.append("--env=HOUSEPRICE_ALLOW_RED=on")
        times = {"started": time.monotonic()}
        results = []
        with started(self.docker, image, self.show_logs, *options) as container_name:
            arguments = (container_name, config, size_bytes, self.expected, times, image)
            container = ContainerUnderTest(self.docker, *arguments)
            for result in run_checks(container, limits, timed=not emulated):
                self.say(f"{result.name}: {result.found}")
                results.append(result)
        return ImageTest(name, image, platform, tuple(results), time.monotonic() - begin)


def describe(*tests: ImageTest) -> Iterator[str]:
    """Yield the results as lines of a table."""
    for test in tests:
        width = max((len(result.name) for result in test.results), default=0)
        if test.platform:
            yield f"{test.platform}: {'run' if test.results else 'verified but not run, for want of emulation'}"
        for result in test.results:
            expected = "" if result.passed else f" (expected {result.expected})"
            state = "unknown" if result.passed and result.found.startswith(UNKNOWN) else "passed"
            yield f"{state if result.passed else 'FAILED':<7}  {result.name:<{width}}  {result.found}{expected}"
        passed = sum(result.passed for result in test.results)
        yield f"{test.image}: {passed} of {len(test.results)} checks passed in {test.seconds:.1f} s"


def show_logs(logs: str) -> None:
    """Print a container's logs on stderr: without successful requests, and without the middle when they are long."""
    lines = [line for line in logs.rstrip().splitlines() if not _is_success(line)]
    if len(lines) > 2 * SHOWN_LINES:
        lines = [*lines[:SHOWN_LINES], f"({len(lines) - 2 * SHOWN_LINES} lines left out)", *lines[-SHOWN_LINES:]]
    sys.stderr.write("\n".join(("--- logs of the container ---", *(lines or ["(none)"]), "---", "")))


def _is_success(line: str) -> bool:
    """Whether a line of the access log tells of a successful request: hundreds of them would bury what went wrong."""
    try:
        entry = json.loads(line)
        return bool(entry["event"] == "request" and entry["status"] < 400)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def _same(one: str, other: str) -> bool:
    """Whether two platforms are of one architecture; its version (`/v8`) does not count."""
    return one.split("/")[:2] == other.split("/")[:2]


def _can_run(docker: DockerCli, image: str, *options: str) -> bool:
    alone = ("--rm", "--pull", "never", "--network", "none", "--entrypoint", "python")
    result = docker.run("run", *alone, *options, image, "-c", "", seconds=120)
    return "exec format error" not in result.stderr  # whatever else is wrong, the checks will show


def main(arguments: Sequence[str]) -> int:
    """Test a layout from the command line, and return the exit code: `python3 -m houseprice.release test`.

    Raises:
        HousePriceError: the layout did not pass, or could not be tested.
    """
    parser = argparse.ArgumentParser(prog="python3 -m houseprice.release test", description="Test an OCI layout.")
    parser.add_argument("--layout", type=Path, required=True, help="folder of the layout")
    parser.add_argument("--platform", action="append", default=[], metavar="OS/ARCH", help="default: all")
    parser.add_argument("--bundle", type=Path, default=Path("models/bundle"), help="default: %(default)s")
    parser.add_argument("--allow-red", action="store_true", help="test although the model failed its gates")
    parser.add_argument("--audit", type=Path, help="report of scripts/audit")
    parser.add_argument("--strict-audit", action="store_true", help="fail when nothing is known about vulnerabilities")
    given = parser.parse_args(arguments)
    strict = given.strict_audit or os.environ.get("HOUSEPRICE_STRICT_AUDIT", "") not in ("", "0", "false")
    limits = Limits(audit=given.audit, strict_audit=strict)
    expected = ExpectedPredictions.read(given.bundle, allow_failed=given.allow_red)
    tester = ImageTester(DockerCli(), expected, limits, _print_progress, show_logs)
    result = tester.test_layout(given.layout, given.platform)
    sys.stdout.write("\n".join(describe(*result.platforms)) + "\n")
    require_passed(*result.platforms)
    return 0


def _print_progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
