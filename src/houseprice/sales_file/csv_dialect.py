"""Separator and quoting of a CSV, by the shape and the cells that each candidate gives."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from houseprice.config.file_layout import FileLayout
from houseprice.sales_file.notes import Note, Verdict, ambiguous

SEPARATORS = (",", ";", "\t", "|")
QUOTINGS: dict[str, dict[str, Any]] = {
    "double": {},
    "backslash": {"escapechar": "\\", "doublequote": False},
    "none": {"quoting": csv.QUOTE_NONE},
    "single": {"quotechar": "'"},
}
_SEP_LINE = re.compile(r'\A\ufeff?"?sep=(.)"?[,;\t|]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_NUMBER = re.compile(r"[-+−]?[\s€$£%]*[0-9][0-9.,'\s\u00a0]*[\s€$£%]*")
_LEAST_EVEN = 0.5
"""Share of lines that have the same number of fields, at least, when the first has no separator."""
_NEAR = 0.9
"""Share of the best candidate's score from which another is as good."""


@dataclass(frozen=True)
class Dialect:
    """Separator and quoting, and whether a blank may stand before a quote."""

    separator: str
    quoting: str
    spaced: bool = False

    def reader(self, lines: Iterable[str]) -> Any:
        """Return a strict reader of the records in some lines."""
        options = QUOTINGS[self.quoting]
        return csv.reader(lines, delimiter=self.separator, skipinitialspace=self.spaced, strict=True, **options)


@dataclass(frozen=True)
class Candidate:
    """What a dialect makes of the first records: the commonest number of fields, and how well that fits."""

    dialect: Dialect
    width: int
    score: float


def find_dialect(sample: str, layout: FileLayout, where: str, *, whole: bool) -> tuple[Dialect, list[Note]]:
    """Return the dialect of a CSV; `sample` is its beginning, which ends with a line, or the `whole` of it.

    Raises:
        DataError: Two separators fit alike (code `layout_ambiguous`).
    """
    notes: list[Note] = []
    separators: tuple[str, ...] = SEPARATORS if layout.separator == "auto" else (layout.separator,)
    if layout.separator == "auto" and (stated := separator_line(sample)):
        separators = (stated,)
        notes.append(Note("separator", stated, "certain", f'The line "sep={stated}" states it.', (1,)))
    quotings = [layout.quoting] if layout.quoting != "auto" else ["double"]
    found = _fits(sample, separators, quotings, whole=whole)
    if layout.quoting == "auto" and max((fit.score for fit in found), default=0.0) < _LEAST_EVEN:
        quotings = ["backslash"] * ('\\"' in sample) + ["none"]
        found += _fits(sample, separators, quotings, whole=whole)
    if not found:
        return Dialect(separators[0], quotings[0]), notes  # what is wrong is told when the whole is read
    best = max(found, key=lambda fit: (fit.score, fit.dialect.separator not in sample))  # of equal ones the first
    others = [fit for fit in found if fit.dialect.separator != best.dialect.separator]
    if len(separators) > 1:
        notes.append(_separator_note(best, others, where, plain=not any(sign in sample for sign in SEPARATORS)))
    dialect = best.dialect
    if layout.quoting == "auto":
        dialect, quoting_notes = _quoting(sample, dialect, whole=whole)
        notes += quoting_notes
    return dialect, notes


def separator_line(sample: str) -> str:
    """Return the separator that a first line such as `sep=;` states, or nothing."""
    match = _SEP_LINE.match(sample)
    return match[1] if match and match[1] in SEPARATORS else ""


def records(sample: str, dialect: Dialect, *, whole: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a text with the line on which each ends; one that a sample cuts in two is left out.

    Raises:
        csv.Error: The dialect cannot be read.
    """
    lines = _LINE.findall(sample)
    reader = dialect.reader(lines)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error:
        if whole or reader.line_num < len(lines):
            raise


def _fits(sample: str, separators: Iterable[str], quotings: Iterable[str], *, whole: bool) -> list[Candidate]:
    dialects = [Dialect(separator, quoting) for quoting in quotings for separator in separators]
    return [fit for dialect in dialects if (fit := _fit(sample, dialect, whole=whole))]


def _fit(sample: str, dialect: Dialect, *, whole: bool) -> Candidate | None:
    """Return how well a dialect fits: the share of records with the commonest width, and of cells without signs."""
    try:
        found = [record for _, record in records(sample, dialect, whole=whole) if any(map(str.strip, record))]
    except csv.Error:
        return None
    if not found:
        return None
    widths = Counter(len(record) for record in found)
    width = max(widths, key=lambda width: (widths[width] * (width > 1), width))
    if width == 1 or (len(found[0]) == 1 and widths[width] < _LEAST_EVEN * len(found)):
        return Candidate(dialect, 1, 0.0)
    cells = [cell for record in found if len(record) == width for cell in record if cell.strip()]
    others = re.compile("[" + re.escape("".join(set(SEPARATORS) - {dialect.separator})) + "]")
    clean = sum(not others.search(cell) or bool(_NUMBER.fullmatch(cell.strip())) for cell in cells)
    return Candidate(dialect, width, widths[width] / len(found) * clean / max(1, len(cells)))


def _separator_note(best: Candidate, others: list[Candidate], where: str, *, plain: bool) -> Note:
    sign = best.dialect.separator
    if best.width == 1:
        if plain:
            return Note("separator", sign, "certain", "No line holds a separator: the file has one column.")
        return Note("separator", sign, "likely", "No separator gives lines of equal length: the file has one column.")
    rival = max(others, key=lambda fit: fit.score, default=None)
    verdict: Verdict = "certain"
    reason = f"It gives {best.width} fields in most lines, which hold few other separators."
    if rival and rival.width > 1 and rival.score > 0.5 * best.score:
        reason = f"{sign!r} gives {best.width} fields in most lines, {rival.dialect.separator!r} {rival.width}."
        verdict = "likely" if rival.score < _NEAR * best.score else "ambiguous"
    note = Note("separator", sign, verdict, reason)
    if rival and verdict == "ambiguous":
        raise ambiguous(where, note, [sign, rival.dialect.separator])
    return note


def _quoting(sample: str, dialect: Dialect, *, whole: bool) -> tuple[Dialect, list[Note]]:
    """Return the dialect with single quotes, and a note, when most fields stand within such."""
    if dialect.quoting != "double":
        return dialect, []
    spaced = Dialect(dialect.separator, "double", spaced=True)
    if re.search(rf'{re.escape(dialect.separator)} +"', sample) and (fit := _fit(sample, spaced, whole=whole)):
        usual = _fit(sample, dialect, whole=whole)
        dialect = spaced if usual is None or fit.score >= usual.score else dialect
    cells = [cell.strip() for _, record in records(sample, dialect, whole=whole) for cell in record if cell.strip()]
    if sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells) > 0.5 * len(cells):
        note = Note("quoting", "single", "likely", "Most fields stand within single quotes.")
        return Dialect(dialect.separator, "single"), [note]
    return dialect, []
