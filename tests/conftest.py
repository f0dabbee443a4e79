"""Fixtures for all tests: one model, trained once a session on some of the real sales."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from config_files import Written
from houseprice.cli import main
from houseprice.config import Config, load
from pipeline import Pipeline, make_once, quick_config

pytest_plugins = ["databases"]

ROOT = Path(__file__).parents[1]
RAW = ROOT / "data" / "raw" / "house_data.csv"
CONFIG = ROOT / "configs" / "model_config.yaml"
ROWS = 3000
RunCli = Callable[..., tuple[int, str, str]]

# A shell lets what it starts in the background ignore Ctrl-C, and each command that a test starts would do so too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# An example may take any time: the machine may be busy, and no test judges absolute times.
settings.register_profile("without deadline", settings(), deadline=None)
settings.load_profile("without deadline")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: those of an archive hold the time, and would name another test in each process."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def config() -> Config:
    """Return the project's own configuration."""
    return load(CONFIG)


@pytest.fixture(scope="session")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Run the whole pipeline once, in a folder of its own, on every seventh of the real sales."""
    return make_once(tmp_path_factory, "pipeline", _run_pipeline)


def _run_pipeline(home: Path) -> Pipeline:
    from houseprice import pipeline

    lines = RAW.read_text().splitlines(keepends=True)
    raw = home / "house_data.csv"
    raw.write_text(lines[0] + "".join(lines[1::7][:ROWS]))
    config_file = home / "model_config.yaml"
    config_file.write_text(quick_config(CONFIG.read_text()))
    config = load(config_file)
    cleaned, featured = home / "cleaned_house_data.csv", home / "featured_house_data.csv"
    models, reports = home / "models", home / "reports"
    pipeline.process(config, raw, cleaned)
    pipeline.make_features(config, cleaned, featured, models / "trained" / "preprocessor.pkl")
    trained = pipeline.train(config, featured, models, reports, None, lambda what, done, of: None)
    return Pipeline(raw, config_file, config, cleaned, featured, models, reports, trained)


@pytest.fixture(scope="session")
def bundle_dir(pipe: Pipeline) -> Path:
    """Return the bundle of the session's model; tests must not change it."""
    return pipe.bundle


@pytest.fixture
def bundle_copy(bundle_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the bundle that a test may change."""
    return shutil.copytree(bundle_dir, tmp_path / "bundle")


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str]) -> RunCli:
    """Run a command; return its exit code, stdout and stderr."""

    def one(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()  # what was printed before, such as a builder's progress
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return one


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a configuration; return its path."""

    def one(content: str | bytes) -> Path:
        path = tmp_path / "config.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return one


@pytest.fixture(scope="session")
def build_context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the build context, so that it does not change between two builds."""
    home = tmp_path_factory.mktemp("build-context")
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml"):
        shutil.copy(ROOT / name, home / name)
    for name in ("page", "requirements", "scripts", "src"):
        made = shutil.ignore_patterns("__pycache__", "node_modules", "built")
        shutil.copytree(ROOT / name, home / name, ignore=made)
    return home
