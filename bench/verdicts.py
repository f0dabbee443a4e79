"""Measured figures against their bounds, as a Markdown table and an exit code."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEAD = "| what | must | aim | found | verdict |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True)
class Line:
    """A bound, and the figure that was measured.

    Attributes:
        what: is measured.
        must: bound that has to be kept.
        aim: bound that we want, or None.
        found: the number, or None where there is none.
        unit: stands behind the numbers; "×" and "%" too.
        at_most: whether the bounds are upper ones.
        note: what else is worth knowing, or why there is no number.
        failed: whether the lack of a number is a failure, and not for want of what the machine cannot give.
    """

    what: str
    must: float
    aim: float | None
    found: float | None
    unit: str = ""
    at_most: bool = True
    note: str = ""
    failed: bool = False

    @property
    def verdict(self) -> str:
        """`aim met`, `must met`, `MISSED` or `not measured`."""
        if self.found is None:
            return "MISSED" if self.failed else "not measured"
        if self.aim is not None and self._keeps(self.aim):
            return "aim met"
        return "must met" if self._keeps(self.must) else "MISSED"

    def _keeps(self, bound: float) -> bool:
        if self.found is None:
            return False
        return self.found <= bound if self.at_most else self.found >= bound

    def markdown(self) -> str:
        """Return the line as one of a Markdown table."""
        sign = "≤" if self.at_most else "≥"
        bounds = [f"{sign} {_shown(bound, self.unit)}" if bound is not None else "–" for bound in (self.must, self.aim)]
        found = "–" if self.found is None else f"**{_shown(self.found, self.unit)}**"
        note = " ".join(self.note.replace("|", "/").split())
        return f"| {self.what} | {' | '.join(bounds)} | {found}{f' ({note})' if note else ''} | {self.verdict} |"

    def as_dict(self) -> dict[str, Any]:
        """Return the line for a script."""
        return {**asdict(self), "verdict": self.verdict}


def _shown(number: float, unit: str) -> str:
    """Return a number with three figures and its unit."""
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    text = f"{number:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}{f' {unit}' if unit else ''}"


def table(lines: Sequence[Line]) -> str:
    """Return the Markdown table."""
    return "\n".join([HEAD, *(line.markdown() for line in lines)])


def exit_code(lines: Sequence[Line]) -> int:
    """Return 1 when a must was missed, otherwise 0."""
    return int(any(line.verdict == "MISSED" for line in lines))
