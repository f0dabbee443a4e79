"""Artifacts of a workflow run, kept in a folder: what the hosted upload and download actions do with files.

Like them: a folder's content loses the folder's own name, several paths keep what they do not share, hidden files stay
behind, a name is given once in a run, and a download overwrites.
"""

import os
import shutil
import sys
from pathlib import Path


def upload(store: Path, name: str, paths: list[Path], missing: str) -> str:
    """Keep files and folders under a name."""
    if (store / name).exists():
        sys.exit(f"Failed to CreateArtifact: an artifact with the name {name} already exists in this run")
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    files = [file for file in files if file.is_file() and not any(part.startswith(".") for part in file.parts)]
    if not files:
        said = f"No files were found with the provided path: {', '.join(map(str, paths))}"
        if missing == "error":
            sys.exit(f"Error: {said}")
        return f"Warning: {said}"
    base = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))
    for file in files:
        target = store / name / file.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)  # without its mode, as the hosted action does
    return f"kept {len(files)} files as {name}"


def download(store: Path, name: str, folder: Path) -> str:
    """Put the files of a name into a folder."""
    if not (store / name).is_dir():
        sys.exit(f"Error: Unable to download artifact(s): Artifact not found for name: {name}")
    shutil.copytree(store / name, folder, dirs_exist_ok=True)
    return f"put {name} into {folder}"


if __name__ == "__main__":
    verb, name, place, *rest = sys.argv[1:]
    store = Path(os.environ["HOUSEPRICE_WORKFLOW_ARTIFACTS"])
    if verb == "upload":
        lines = [Path(line.strip()) for line in place.splitlines() if line.strip()]
        sys.stdout.write(f"{upload(store, name, lines, *rest)}\n")
    else:
        sys.stdout.write(f"{download(store, name, Path(place))}\n")
