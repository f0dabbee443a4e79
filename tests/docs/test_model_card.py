"""docs/model_card.md is the card of the shipped configuration, as training wrote it."""

import json
import re
from pathlib import Path

from houseprice.bundle.model_card import render_model_card
from houseprice.config import Config
from pipeline import Pipeline

STATIC = (
    "Model details", "Intended use", "Out-of-scope uses", "Training data", "Ethical considerations",
    "Caveats and recommendations",
)  # fmt: skip


def sections(card: str) -> dict[str, str]:
    """Return heading → text of a card, with every digest, date and number masked."""
    parts = re.split(r"^## (.*)\n", re.sub(r"[0-9a-f]{12,}|[+−-]?\d[\d,.]*(-\d\d)*", "#", card), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_documented_card_agrees_with_the_configuration(root: Path, pipe: Pipeline, config: Config) -> None:
    """Columns, protocol, intended use and limits are those that this configuration and this code would write now."""
    documented = (root / "docs" / "model_card.md").read_text()
    manifest = json.loads((pipe.bundle / "manifest.json").read_bytes())
    manifest |= {"schema": config.schema_.model_dump(mode="json"), "coverage": config.interval.coverage}
    written = render_model_card(manifest)
    assert list(sections(documented)) == list(sections(written))
    for title in STATIC:
        assert sections(documented)[title] == sections(written)[title], title
    assert re.findall(r"^\| \w+ \| (?:date|integer|number|flag|ordinal|category) .*", documented, re.MULTILINE) == (
        re.findall(r"^\| \w+ \| (?:date|integer|number|flag|ordinal|category) .*", written, re.MULTILINE)
    )
    assert re.search(rf"aims to contain\s+{config.interval.coverage:.0%} of", documented)


def test_every_documented_gate_passed(root: Path) -> None:
    """The shipped configuration yields a model that may be published."""
    card = (root / "docs" / "model_card.md").read_text()
    gates = card.split("\n## Gates\n")[1].split("\n## ")[0]
    assert gates.count("| passed |") >= 14
    assert "failed" not in gates
