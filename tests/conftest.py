"""What all tests share: one model, learned once a session from some of the real sales."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.cli import main
from houseprice.config import Config, load
from houseprice.learning import pipeline
from road import Road, hurried

ROOT = Path(__file__).parents[1]
RAW = ROOT / "data" / "raw" / "house_data.csv"
CONFIG = ROOT / "configs" / "model_config.yaml"
ROWS = 3000
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def config() -> Config:
    """Give the project's own configuration."""
    return load(CONFIG)


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Go the whole road once, in a folder of its own, on every seventh of the real sales."""
    home = tmp_path_factory.mktemp("road")
    lines = RAW.read_text().splitlines(keepends=True)
    raw = home / "house_data.csv"
    raw.write_text(lines[0] + "".join(lines[1::7][:ROWS]))
    config_file = home / "model_config.yaml"
    config_file.write_text(hurried(CONFIG.read_text()))
    config = load(config_file)
    cleaned, featured = home / "cleaned_house_data.csv", home / "featured_house_data.csv"
    models, reports = home / "models", home / "reports"
    pipeline.process(config, raw, cleaned)
    pipeline.make_features(config, cleaned, featured, models / "trained" / "preprocessor.pkl")
    trained = pipeline.train(config, featured, models, reports, None, lambda what, done, of: None)
    return Road(raw, config_file, config, cleaned, featured, models, reports, trained)


@pytest.fixture(scope="session")
def bundle_dir(road: Road) -> Path:
    """Give the sealed folder of the session's model; not to be changed (copy it first)."""
    return road.bundle


@pytest.fixture
def bundle_copy(bundle_dir: Path, tmp_path: Path) -> Path:
    """Give a sealed folder that a test may spoil."""
    return shutil.copytree(bundle_dir, tmp_path / "bundle")


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command; give back its exit code and what it printed on both streams."""

    def one(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return one


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what images are built from, so that nobody who works on it changes it between two builds."""
    home = tmp_path_factory.mktemp("frozen")
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml"):
        shutil.copy(ROOT / name, home / name)
    for name in ("requirements", "scripts", "src"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    return home
