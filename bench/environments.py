"""Names of peers in, interpreters of environments of their own out; an environment is made when there is none."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
# MLflow, FastAPI, joblib and pandas come at the lock's versions: our learning side needs them too.
EXTRAS: dict[str, tuple[str, ...]] = {
    "mlflow": (),
    "bentoml": ("bentoml==1.4.40",),
    "litserve": ("litserve==0.2.19",),
    "fastapi": (),
}


def peer_python(name: str) -> Path:
    """Return the interpreter of a peer's environment: the lock, the peer, and this project to unpickle with."""
    home = CACHE / "peers" / name
    python, made = home / "bin" / "python", home / "made-from"
    lock = ROOT / "requirements.txt"
    key = hashlib.sha256(lock.read_bytes() + " ".join(EXTRAS[name]).encode()).hexdigest()
    if made.is_file() and made.read_text() == key:
        return python
    print(f"Making the environment of {name}; some hundred megabytes are downloaded …", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    _install([*pip, "--require-hashes", "--requirement", str(lock)])
    if EXTRAS[name]:
        _install([*pip, *EXTRAS[name]])
    _install([*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    made.write_text(key)
    return python


def _install(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    for asked in sys.argv[1:] or EXTRAS:
        print(peer_python(asked))
