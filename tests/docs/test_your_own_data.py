"""The pages on one's own data show what a person sees."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import CASES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / "your-own-data.md", DOCS / "es" / "sus-datos.md"]
FILES = {"ventas.csv": "portal_es", "sales.csv": "dates_open_dmy"}
RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli) -> dict[str, str]:
    """Return what the commands print, and the configuration that is written."""
    monkeypatch.chdir(tmp_path)
    contents = {case.name: case.content() for case in CASES}
    for name, case in FILES.items():
        (tmp_path / name).write_bytes(contents[case])
    found = {name: run_cli("init", name) for name in FILES}
    return {
        "ventas.csv": found["ventas.csv"][1],
        "sales.csv": found["sales.csv"][2],
        "yaml": (tmp_path / "configs" / "ventas.yaml").read_text(encoding="utf-8"),
    }


def stripped(text: str) -> str:
    """Return a text without blanks at the ends of its lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_shows_what_a_person_sees(page: Path, shown: dict[str, str]) -> None:
    """Every block of the page is printed or written, line by line."""
    text = page.read_text(encoding="utf-8")
    for name in FILES:
        block = re.search(rf"```console\n\$ houseprice init {re.escape(name)}\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert stripped(block[1]) == stripped(shown[name])
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    assert stripped(block[1]) in stripped(shown["yaml"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_shows_what_would_be_rejected(page: Path, run_cli: RunCli) -> None:
    """Of the sales of King County."""
    words = "init --check configs/model_config.yaml data/raw/house_data.csv"
    block = re.search(rf"\$ houseprice {re.escape(words)}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    shown = [line for line in stripped(run_cli(*words.split())[1]).splitlines() if line]
    assert [line for line in stripped(block[1]).splitlines() if line] == shown
