"""What a configuration would reject of a file, as `houseprice init --check` prints it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from houseprice.config import Config
from houseprice.learning import csv_reader, processing
from houseprice.learning.csv_reader import REASONS, ROW

_EXAMPLES = 2


@dataclass(frozen=True)
class Rejections:
    """How many rows of a file would be accepted and rejected, and why.

    Attributes:
        reasons: reason → number of rows, and examples of it with their rows, the commonest first.
        blanks: column → number of accepted rows without a value.
        set_aside: how many of the rejected are so on purpose (`data.only`).
    """

    accepted: int
    rejected: int
    reasons: dict[str, tuple[int, list[tuple[int, str]]]]
    blanks: dict[str, int]
    set_aside: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        reasons = [
            {"reason": reason, "rows": count, "examples": [{"row": row, "reason": text} for row, text in examples]}
            for reason, (count, examples) in self.reasons.items()
        ]
        return {"accepted": self.accepted, "rejected": self.rejected, "reasons": reasons, "blanks": self.blanks}


def check(config: Config, source: Path) -> Rejections:
    """Return what would be rejected of a file, however much it is; nothing is written.

    Raises:
        DataError: The file cannot be read, lacks columns, or has no row that could be accepted.
    """
    raw = csv_reader.read(source, config.schema_, config.data.file, config)
    cleaned = processing.clean(raw, config.schema_, config.data.model_copy(update={"max_rejected_share": 1.0}))
    found: dict[str, list[tuple[int, str]]] = {}
    for row, reasons in cleaned.rejected.select(ROW, REASONS).iter_rows():
        for reason in reasons.split("; "):
            found.setdefault(re.sub(r'"[^"]*"|-?\d[\d.,-]*', "…", reason), []).append((row, reason))
    commonest = sorted(found.items(), key=lambda item: -len(item[1]))
    blanks = {name: cleaned.sales[name].null_count() for name in cleaned.sales.columns}
    return Rejections(
        cleaned.sales.height,
        cleaned.rejected.height,
        {_common(cases): (len(cases), _different(cases)) for _, cases in commonest},
        {name: count for name, count in blanks.items() if count},
        cleaned.set_aside,
    )


def _common(cases: list[tuple[int, str]]) -> str:
    """Return a reason without the values that differ from row to row."""
    reasons = {reason for _, reason in cases}
    return reasons.pop() if len(reasons) == 1 else re.sub(r'"[^"]*"|(?<=\s)-?\d[\d.,-]*', "…", cases[0][1])


def _different(cases: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return examples that differ."""
    first = {reason: row for row, reason in reversed(cases)}
    return sorted((row, reason) for reason, row in first.items())[:_EXAMPLES]


def summary(found: Rejections, source: str) -> RenderableType:
    """Return the counts, and the reasons with examples."""
    total = found.accepted + found.rejected
    head = Text(f"{source}: {found.accepted:,} of {total:,} rows would be accepted.")
    parts: list[RenderableType] = [head]
    if found.reasons:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("rows", justify="right")
        table.add_column("rejected because", overflow="fold")
        table.add_column("such as", overflow="fold")
        for reason, (count, examples) in found.reasons.items():
            such = "; ".join(f"row {row}: {text}" if text != reason else f"row {row}" for row, text in examples)
            table.add_row(f"{count:,}", Text(reason), Text(such))
        parts.append(table)
    if found.blanks:
        listed = ", ".join(f"{name} {count / found.accepted:.1%}" for name, count in found.blanks.items())
        parts.append(Text(f"Without a value among the accepted: {listed}."))
    return Group(*parts)


def is_too_much(found: Rejections, config: Config) -> bool:
    """Return whether a run with this configuration would fail for the rows that it rejects."""
    rejected = found.rejected - found.set_aside
    return rejected > config.data.max_rejected_share * (found.accepted + rejected)
