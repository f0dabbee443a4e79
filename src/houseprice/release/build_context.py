"""Checks before a build, and the folder that the builder gets.

Only the standard library is used, so the bundle's manifest is read as plain JSON here; the build itself opens the
bundle with the full checks, inside the image.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from houseprice.bundle.verdict import check_verdict
from houseprice.errors import ArtifactError, ImageError

BUNDLE = "models/bundle"
"""Where the Dockerfile copies the model bundle from."""
MANIFEST = "manifest.json"
_MADE = ("__pycache__", "node_modules", "built")
"""Folders of what was made from other files, of which the builder makes its own."""
_BUNDLE_AGAIN = "Build the bundle again with `houseprice bundle`, or download it again."


def dockerfile_inputs(root: Path) -> tuple[str, ...]:
    """Return what the Dockerfile copies from the checkout, without the model bundle and what is in a copied folder.

    Raises:
        ImageError: `dockerfile_missing`, or `build_input_missing` with all missing files in `details`.
    """
    dockerfile = root / "Dockerfile"
    if not dockerfile.is_file():
        raise ImageError(
            f'There is no "{dockerfile}". Run this in the root of the checkout, or restore the file with '
            "`git checkout Dockerfile`.",
            code="dockerfile_missing",
        )
    copied = dict.fromkeys(_copied(dockerfile.read_text(encoding="utf-8")))
    within = [name for name in copied if any(str(folder) in copied for folder in Path(name).parents)]
    inputs = tuple(name for name in copied if name != BUNDLE and name not in within)
    missing = [name for name in inputs if not (root / name).exists()]
    if missing:
        raise ImageError(
            f'The Dockerfile copies files that are not in "{root}": {", ".join(missing)}. Restore them with '
            "`git checkout`; locks are written by `make lock`.",
            code="build_input_missing",
            missing=missing,
        )
    return inputs


def default_base(root: Path) -> str:
    """Return the base image that a checkout locks by its digest; nothing when there is none."""
    path = root / "requirements" / "base.Dockerfile"
    found = re.search(r"(?m)^FROM (\S+)$", path.read_text(encoding="utf-8")) if path.is_file() else None
    return found[1] if found else ""


def check_bundle(bundle: Path, trained: Path, *, allow_failed: bool) -> dict[str, Any]:
    """Return the manifest of a model bundle that may become an image.

    Args:
        bundle: folder of the bundle.
        trained: folder of the two pickles; where it holds one, both must be those that the bundle was built from.
        allow_failed: accept a model that failed its gates.

    Raises:
        ArtifactError: `bundle_missing`, `bundle_changed`, or `sources_mismatch` for pickles of another run.
        GateError: the model failed a gate, or was never judged.
    """
    if not (bundle / MANIFEST).is_file():
        raise ArtifactError(
            f'There is no model bundle in "{bundle}". Train a model with `make run`, or build the bundle with '
            "`houseprice bundle`.",
            code="bundle_missing",
            path=str(bundle),
        )
    manifest = _read_manifest(bundle / MANIFEST)
    changed = [name for name, digest in manifest["files"].items() if sha256_of(bundle / name) != digest]
    if changed:
        raise ArtifactError(
            f'The model bundle in "{bundle}" was changed: {", ".join(changed)}. {_BUNDLE_AGAIN}',
            code="bundle_changed",
            files=changed,
        )
    check_verdict(manifest["verdict"], bundle, allow_failed=allow_failed)
    if any((trained / name).exists() for name in manifest["sources"]):
        _check_sources(trained, manifest["sources"])
    return manifest


@contextmanager
def staged_context(root: Path, inputs: tuple[str, ...], bundle: Path, mtime: int) -> Iterator[Path]:
    """Yield a temporary folder with what the Dockerfile copies and nothing else, every file with one `mtime`."""
    with tempfile.TemporaryDirectory(prefix="houseprice-image-") as folder:
        # Of its own name: buildx takes folders of one name for versions of one context, and transfers only files whose
        # size or time differ, so that the manifest of another model, of the same size, would be kept.
        context = Path(folder) / Path(folder).name
        for name in (*inputs, "Dockerfile", ".dockerignore"):
            target = context / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (root / name).is_dir():
                shutil.copytree(root / name, target, ignore=shutil.ignore_patterns(*_MADE))
            elif (root / name).exists():
                shutil.copy(root / name, target)
        shutil.copytree(bundle, context / BUNDLE)
        # BuildKit lowers timestamps to SOURCE_DATE_EPOCH but keeps older ones, and those differ between checkouts.
        for path in (context, *context.rglob("*")):
            os.utime(path, (mtime, mtime), follow_symlinks=False)
        yield context


def sha256_of(path: Path) -> str:
    """Return the hexadecimal digest of a file; empty when there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copied(dockerfile: str) -> Iterator[str]:
    for line in re.sub(r"\\\n", " ", dockerfile).splitlines():
        words = shlex.split(line, comments=True) if re.match(r"\s*(COPY|ADD)\s", line, re.IGNORECASE) else []
        if not any(word.startswith("--from=") for word in words):
            yield from (word.strip("/") for word in words[1:-1] if not word.startswith("--"))


def _read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest that has the parts used here, each of the right kind."""
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        verdict, _ = manifest["verdict"], manifest["model_version"]
        well_formed = all(
            isinstance(name, str) and isinstance(digest, str) and "/" not in name
            for part in ("files", "sources")
            for name, digest in manifest[part].items()
        ) and all(isinstance(gate["passed"], bool) for gate in verdict.values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as err:
        raise _invalid_manifest(path) from err
    if not well_formed:
        raise _invalid_manifest(path)
    return manifest


def _invalid_manifest(path: Path) -> ArtifactError:
    return ArtifactError(f'"{path}" is not the manifest of a model bundle. {_BUNDLE_AGAIN}', code="bundle_changed")


def _check_sources(trained: Path, sources: Mapping[str, str]) -> None:
    wrong = [name for name, digest in sources.items() if sha256_of(trained / name) != digest]
    if wrong:
        raise ArtifactError(
            f'The bundle was not built from what is in "{trained}": {", ".join(wrong)} missing or of another run. Use '
            "the artifacts of one run, or build the bundle again with `houseprice bundle`.",
            code="sources_mismatch",
            files=wrong,
        )
