"""The code knows no data set: what a house is stands in configurations alone."""

import re
from pathlib import Path

from houseprice.config import Config

WORDS = {"id", "date", "price", "bedrooms", "bathrooms", "floors", "view", "condition", "grade", "lat", "long"}
"""Names of columns that are words of the trade, or of any program."""


def test_nothing_in_the_code_names_a_column_of_the_shipped_data(root: Path, config: Config) -> None:
    """Whatever a column is called, its role and its kind decide."""
    names = sorted(set(config.data.columns) - WORDS)
    assert len(names) > 8
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    suffixes = {".py", ".html", ".md", ".css", ".js", ".ts"}
    found = {
        f"{path.relative_to(root)}: {match[0]}"
        for path in (root / "src").rglob("*")
        if path.suffix in suffixes
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == set()
