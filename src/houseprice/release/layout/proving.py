"""A layout in, a proof out: the very digest that will be published was pulled, run and asked.

The image for this machine is put to the whole test. One for another kind of machine is looked into, and run as well
where the engine can play that machine. `tested.json` beside the index names the digest, and is there only after a
test that passed: whoever publishes asks for it.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from houseprice.atomic_io import write_atomically
from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine, Say
from houseprice.release.image_checks import CHECKS, EMULATED, Finding
from houseprice.release.image_test import examine
from houseprice.release.layout.contents import files_of
from houseprice.release.layout.inspecting import look_inside
from houseprice.release.layout.oci import Descriptor, Layout
from houseprice.release.layout.shelf import shelf
from houseprice.release.layout.weight import part_of
from houseprice.release.limits import Limits
from houseprice.release.verification.image_reader import EVIDENCE_FILE

TESTED = "tested.json"
PATIENCE = 10
"""A machine that is only played takes so many times as long."""
RUN, PLAYED, SEEN = "run on this machine", "run, this machine playing the other", "looked into, not run"


@dataclass(frozen=True)
class Proven:
    """What the test of one platform found, and whether it was run for it."""

    platform: str
    how: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Proof:
    """What the test of a layout found.

    Attributes:
        digest: of the index: this, and nothing else, was tested.
        platforms: what was found of each.
        seconds: how long it took.
    """

    digest: str
    platforms: tuple[Proven, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether one image was run, and everything that was looked at is as expected."""
        run = any(one.how == RUN for one in self.platforms)
        return run and all(finding.passed for one in self.platforms for finding in one.findings)

    def demand(self) -> None:
        """Refuse a layout that did not pass.

        Raises:
            ImageError: with every check that failed, what it found and what it expected.
        """
        if self.passed:
            return
        failed = [(one.platform, finding) for one in self.platforms for finding in one.findings if not finding.passed]
        checks = sum(len(one.findings) for one in self.platforms)
        list_ = "; ".join(f"{name}, {f.name}: found {f.found}, expected {f.expected}" for name, f in failed)
        raise ImageError(
            f"The image {self.digest} failed {len(failed)} of {checks} checks ({list_}); do not publish it; read the "
            "container's logs above, correct what is named, and build it again."
        )


def prove(
    folder: Path,
    bundle: Bundle,
    engine: Engine,
    *,
    deadline: float,
    limits: Limits,
    say: Say,
    show_logs: Callable[[str], None],
) -> Proof:
    """Pull what a layout holds, put it to the test, and take it away again.

    Args:
        folder: the layout.
        bundle: the sealed model that it should answer like.
        engine: where it runs; it must be an engine of this very machine.
        deadline: seconds until /health must have answered.
        limits: what an image may take.
        say: told what is being checked.
        show_logs: given each container's logs before it is removed.

    Raises:
        ImageError: the folder is no whole layout, holds no image for this machine, or the engine refuses.
    """
    begin = time.monotonic()
    (folder / TESTED).unlink(missing_ok=True)
    layout = Layout.open(folder)
    own = engine.platform()
    if not any(_alike(one.platform, own) for one in layout.manifests()):
        names = ", ".join(one.platform for one in layout.manifests())
        raise ImageError(
            f'"{folder}" holds images for {names}; this engine runs {own}, and one must be run before any is '
            f"published; build it with --platform {own} as well."
        )
    found = []
    with shelf(layout) as address:
        for manifest in layout.manifests():
            prover = _Prover(layout, manifest, bundle, engine, address, deadline, limits, say, show_logs)
            found.append(prover.here() if _alike(manifest.platform, own) else prover.elsewhere())
    proof = Proof(layout.index.digest, tuple(found), time.monotonic() - begin)
    if proof.passed:
        findings = [{"platform": one.platform, **asdict(finding)} for one in found for finding in one.findings]
        how = {one.platform: one.how for one in found}
        told = {"digest": proof.digest, "passed": True, "platforms": how, "findings": findings}
        write_atomically({folder / TESTED: (json.dumps(told, indent=1) + "\n").encode()})
    return proof


@dataclass(frozen=True)
class _Prover:
    """Puts one platform's image to the test."""

    layout: Layout
    manifest: Descriptor
    bundle: Bundle
    engine: Engine
    address: str
    deadline: float
    limits: Limits
    say: Say
    show_logs: Callable[[str], None]

    def here(self) -> Proven:
        """Pull by the digest of the index, as everybody will, and make every check."""
        seen = self._seen()
        with self._pulled(self.layout.index.digest) as name:
            trial = examine(
                name, self.bundle, self.engine, deadline=self.deadline, say=self.say, show_logs=self.show_logs,
                limits=replace(self.limits, lock=self._lock()), part=part_of(self.layout, self.manifest),
            )  # fmt: skip
        if len(trial.findings) != len(CHECKS):
            raise ImageError(f"{len(trial.findings)} of {len(CHECKS)} checks were made; expected all; test it again.")
        return Proven(self.manifest.platform, RUN, (*seen, *trial.findings))

    def elsewhere(self) -> Proven:
        """Look inside; and run it where the engine can play the other machine."""
        platform, seen = self.manifest.platform, self._seen()
        named = f"--platform={platform}"
        with self._pulled(self.manifest.digest, named) as name:
            alone = ("--rm", "--pull", "never", "--network", "none", "--entrypoint", "python")
            said = self.engine.run("run", *alone, named, name, "-c", "", seconds=120)
            if said.code != 0 and "exec format error" in said.stderr:  # whatever else is wrong, the test will show
                self.say(f"{platform} is looked into, and not run: {_last(said.stderr)}")
                return Proven(platform, SEEN, seen)
            trial = examine(
                name, self.bundle, self.engine, deadline=self.deadline * PATIENCE, say=self.say,
                show_logs=self.show_logs, part=part_of(self.layout, self.manifest), checks=EMULATED, options=(named,),
            )  # fmt: skip
        return Proven(platform, PLAYED, (*seen, *trial.findings))

    def _seen(self) -> tuple[Finding, ...]:
        self.say(f"{self.manifest.platform}, inside …")
        return look_inside(self.layout, self.manifest, self.bundle)

    def _lock(self) -> str:
        """Give back which lock the image says that it was built from; none when it says nothing that is understood."""
        content = files_of(self.layout, self.manifest, lambda path: path == EVIDENCE_FILE).get(EVIDENCE_FILE, b"{}")
        try:
            return str(json.loads(content)["serving_lock"])
        except (ValueError, KeyError, TypeError):
            return ""

    @contextmanager
    def _pulled(self, digest: str, *options: str) -> Iterator[str]:
        name = f"{self.address}@{digest}"
        self.say(f"pulling {digest} …")
        try:
            self.engine.pull(name, *options)
            yield name
        finally:
            self.engine.forget(name)


def _alike(one: str, other: str) -> bool:
    """Whether two platforms are one kind of machine; how new it is (`/v8`) does not count."""
    return one.split("/")[:2] == other.split("/")[:2]


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["nothing was said"])[-1]
