"""One platform's image in a layout in, findings out: what can be seen without running it, on any machine."""

import gzip
import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle
from houseprice.release.container import Look
from houseprice.release.image_checks import LABELS, Finding
from houseprice.release.layout.contents import files_of
from houseprice.release.layout.oci import Descriptor, Layout
from houseprice.release.verification import sbom as bills
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE

MACHINES = {"amd64": 62, "arm64": 183, "arm": 40, "386": 3, "ppc64le": 21, "s390x": 22, "riscv64": 243}
"""Architecture → the number that its machine code bears in ELF files."""
PICKLES = (".pkl", ".pickle", ".joblib")


@dataclass(frozen=True)
class _Image:
    """One platform's image, opened."""

    layout: Layout
    manifest: Descriptor
    bundle: Bundle

    @cached_property
    def config(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.layout.json(self.layout.config(self.manifest).digest)
        return found

    @cached_property
    def declared(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.config.get("config") or {}
        return found

    @property
    def labels(self) -> Mapping[str, str]:
        return self.declared.get("Labels") or {}

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """What is sealed, what is evidence, and what tells what is installed."""
        here = (f"{bills.MODEL}/", EVIDENCE_FILE, SBOM_FILE)
        return files_of(self.layout, self.manifest, lambda path: path.startswith(here) or bills.wanted(path))

    @cached_property
    def heads(self) -> Mapping[str, bytes]:
        """The first bytes of every file of the program and its libraries."""
        return files_of(self.layout, self.manifest, lambda path: path.startswith(("app/", "opt/")), first=20)


def look_inside(layout: Layout, manifest: Descriptor, bundle: Bundle) -> tuple[Finding, ...]:
    """Give back what one platform's image shows without being run; what cannot be looked at is a bad finding."""
    image = _Image(layout, manifest, bundle)
    found = []
    for name, expected, look in LOOKS:
        try:
            passed, seen = look(image)
        except Exception as err:  # noqa: BLE001 - an image may hold anything, and none of it may end in success
            passed, seen = False, f"cannot be checked ({type(err).__name__}: {err})"
        found.append(Finding(name, passed, seen, expected))
    return tuple(found)


def _platform(image: _Image) -> Look:
    parts = (image.config.get("os"), image.config.get("architecture"), image.config.get("variant"))
    found = "/".join(str(part) for part in parts if part)
    return found == image.manifest.platform, f"configured for {found}, listed for {image.manifest.platform}"


def _layers(image: _Image) -> Look:
    told = image.config["rootfs"]["diff_ids"]
    found = []
    for layer in image.layout.layers(image.manifest):
        with gzip.open(image.layout.path(layer.digest)) as stream:
            found.append(f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}")
    return found == told, f"{len(found)} layers"


def _declares(image: _Image) -> Look:
    number = str(image.declared.get("User") or "root").partition(":")[0]
    missing = [name for name in LABELS if not image.labels.get(f"org.opencontainers.image.{name}")]
    faults = [f"no label {name}" for name in missing]
    if not number.isdigit() or int(number) == 0:
        faults.append(f"user {number}")
    if image.declared.get("StopSignal") not in (None, "SIGTERM"):
        faults.append(f"asks for {image.declared['StopSignal']}")
    return not faults, ", ".join(faults) or f"user {number}, all labels"


def _sealed(image: _Image) -> Look:
    folder = image.bundle.directory
    here = {f"{bills.MODEL}/{path.name}": path.read_bytes() for path in folder.iterdir()}
    there = {path: content for path, content in image.files.items() if path.startswith(f"{bills.MODEL}/")}
    differ = sorted(path for path in {*here, *there} if here.get(path) != there.get(path))
    label = image.labels.get("houseprice.manifest")
    if label != manifests.sha256_of(folder / manifests.NAME):
        differ.append(f"label houseprice.manifest {label}")
    return not differ, f"differs: {', '.join(differ)}" if differ else f"{len(there)} files, byte for byte"


def _evidence(image: _Image) -> Look:
    label, content = image.labels.get("houseprice.evidence"), image.files.get(EVIDENCE_FILE)
    if content is None or manifests.sha256(content) != label:
        return (
            False,
            f"{EVIDENCE_FILE} is {'missing' if content is None else 'not'} what the label {str(label)[:12]} says",
        )
    return True, f"{EVIDENCE_FILE} is what the label says"


def _bill(image: _Image) -> Look:
    environment = dict(entry.partition("=")[::2] for entry in image.declared.get("Env") or ())
    version = str(image.labels.get("org.opencontainers.image.version"))
    files = {path: content for path, content in image.files.items() if bills.wanted(path)}
    made = bills.sbom(files, environment, version, int(json.loads(image.files[EVIDENCE_FILE])["epoch"]))
    same = image.files.get(SBOM_FILE) == made
    return same, f"{SBOM_FILE} is {'' if same else 'not '}what is installed"


def _serving_only(image: _Image) -> Look:
    found = [path for path in image.heads if path.endswith(PICKLES) or path.startswith("app/houseprice/learning/")]
    return not found, f"holds {', '.join(found[:5])}" if found else "none"


def _machine_code(image: _Image) -> Look:
    wanted = MACHINES.get(image.manifest.platform.split("/")[1])
    code = {path: head for path, head in image.heads.items() if head.startswith(b"\x7fELF") and len(head) == 20}
    machines = {path: struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])[0] for path, head in code.items()}
    foreign = [path for path, machine in machines.items() if machine != wanted]
    if foreign:
        return False, f"{len(foreign)} files are of another machine, such as {foreign[0]}"
    return bool(machines), f"{len(machines)} libraries of this machine"


LOOKS: tuple[tuple[str, str, Callable[[_Image], Look]], ...] = (
    ("platform", "a configuration for the platform that the index lists", _platform),
    ("layers", "what the configuration names", _layers),
    ("declarations", "a numeric user that is not 0, all labels, SIGTERM", _declares),
    ("sealed files", "the files of the local sealed model, and its label", _sealed),
    ("evidence", "the file that the label names", _evidence),
    ("bill of materials", "the same when it is made again", _bill),
    ("serving only, files", "no pickle and nothing of the learning side", _serving_only),
    ("machine code", "of the platform alone", _machine_code),
)
