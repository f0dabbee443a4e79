"""Where a table begins and what its columns are called: lines above the header, and the lines of the header."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError
from houseprice.sales_file.notes import Note, Verdict, ambiguous, contradicted

MOST_ABOVE = 30
"""Lines that may stand above the header."""
_TYPED = re.compile(
    r"[-+−(]?\s*[€$£¥₹]?\s*[-+−]?\d[\d.,' \u00a0\u202f]*(?:[eE][-+]?\d+)?\s*(?:%|[A-Za-z²³€$£]{0,4})\.?\)?"  # numbers
    r"|\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?(?:[T ].*)?"  # dates
    r"|\d{1,2}[- ][^\W\d]{3,10}\.?,?[- ]\d{2,4}"
)
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "--", "?", ".", "s/d", "nd", "n.d.", "#n/a", "missing"}
_RULE = re.compile(r":?[-=_+]{3,}:?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SHARE = 0.8
"""Of a column's values that are numbers or dates, for them to be what the column holds."""

Record = tuple[int, list[str]]
"""Number of a line, and its cells without blanks at the edges."""


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Attributes:
        names: of the columns, "" where there is none.
        above: how many lines above it hold something.
        lines: of how many lines it consists.
        end: how many of the records, blank ones included, come before the first row.
    """

    names: list[str]
    above: int
    lines: int
    end: int


def find_header(records: Sequence[Record], layout: FileLayout, where: str) -> tuple[Header, list[Note]]:
    """Return the header of a table that begins with these records.

    Raises:
        DataError: No record holds anything (code `csv_empty`), the layout states what the file lacks
            (`layout_contradicted`), or more than one reading is possible (`layout_ambiguous`).
    """
    filled = [(index, line, cells) for index, (line, cells) in enumerate(records) if any(cells) and not _is_rule(cells)]
    if not filled:
        raise DataError(f'"{where}" is empty; provide a table with a header row.', code="csv_empty")
    rows = [cells for _, _, cells in filled]
    notes: list[Note] = []
    stated = layout.lines_above_header
    above = stated if isinstance(stated, int) else _above(rows)
    if above and above != stated:
        places = tuple(line for _, line, _ in filled[:above])
        reason = f"Above the header stands {_shown(rows[above - 1])}, which has fewer fields than the table."
        notes.append(Note("lines_above_header", above, "certain" if above <= 3 else "likely", reason, places))
    if above >= len(rows):
        raise DataError(
            f'"{where}" has no header below the {above} lines of data.file.lines_above_header.', code="csv_empty"
        )
    if layout.header_lines == "auto":
        lines, note = _header_lines(filled[above:], where)
        notes.append(note)
    else:
        lines = layout.header_lines
    if above and not lines and layout.lines_above_header == "auto" and sum(map(bool, rows[above - 1])) > 1:
        reason = f"{_shown(rows[above - 1])} may be the header, though it has fewer fields than the rows below."
        note = Note("lines_above_header", above, "ambiguous", reason, (filled[above - 1][1],))
        raise ambiguous(where, note, [above - 1, above])
    if above + lines > len(rows):
        raise DataError(f'"{where}" ends within its header.', code="csv_empty")
    end = filled[above + lines - 1][0] + 1 if above + lines else 0
    if end < len(records) and any(records[end][1]) and _is_rule(records[end][1]):
        end += 1
    names = _names(rows[above : above + lines], rows[above:], layout)
    below = rows[above + lines :]
    if lines and below:
        names, widened = _widened(names, below)
        notes += widened
    elif layout.names and len(names) != (width := Counter(map(len, below)).most_common(1)[0][0]):
        raise contradicted(where, "names", list(names), f"its rows have {width} fields.")
    return Header(names, above, lines, end), notes


def _is_rule(cells: list[str]) -> bool:
    """Return whether a line only draws a rule below the header, as databases and Markdown do."""
    return all(_RULE.fullmatch(cell) for cell in cells if cell)


def is_typed(cell: str) -> bool:
    """Return whether a text is a number, possibly with a unit, or a date."""
    return _TYPED.fullmatch(cell) is not None


def _above(rows: list[list[str]]) -> int:
    """Return how many rows come before the first that is filled like the table."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    used = [sum(map(bool, row)) for row in rows]
    typical = sorted(used)[len(used) // 2]
    for place, row in enumerate(rows[:MOST_ABOVE]):
        below = next((other for other in rows[place:] if not other[0].startswith("#")), [])
        comment = row[0].startswith("#") and _is_words(below)
        if len(row) >= width - 1 and used[place] > 0.5 * min(typical, width) and not comment:
            return place
    return 0


def _is_words(row: list[str]) -> bool:
    """Return whether a row holds words alone."""
    return bool(row) and all(cell and not is_typed(cell) for cell in row)


def _header_lines(filled: Sequence[tuple[int, int, list[str]]], where: str) -> tuple[int, Note]:
    """Return of how many lines the header consists, by the columns whose values are numbers or dates."""
    rows = [cells for _, _, cells in filled]
    lines = tuple(line for _, line, _ in filled)

    def note(value: int, verdict: Verdict, reason: str, count: int = 1) -> Note:
        return Note("header_lines", value, verdict, reason, lines[:count])

    if len(rows) == 1:
        return 1, note(1, "likely", "The file has one line, which is taken for a header.")
    typed, text = _against(rows[0], _typed_columns(rows[1:]))
    if not typed and not text:
        if _repeats(rows):
            found = note(1, "ambiguous", f"its first line, {_shown(rows[0])}, holds what later lines hold as well.")
            raise ambiguous(where, found, [0, 1])
        return 1, note(1, "likely", "No column holds numbers alone, and the first line is unlike the others.")
    if typed and not text:
        return _without_header(rows, typed, note, where)
    if typed and len(typed) > 0.25 * len(text):
        found = note(
            1, "ambiguous", f"its first line, {_shown(rows[0])}, has numbers in some columns and words in others."
        )
        raise ambiguous(where, found, [0, 1])
    if len(rows) > 3 and len(rows[1]) == len(rows[0]) and not any(map(is_typed, rows[1])):
        _, also_text = _against(rows[1], _typed_columns(rows[2:]))
        if also_text and len(also_text) >= 0.3 * len(text):
            reason = f"The second line, {_shown(rows[1])}, holds words where the other lines hold numbers."
            return 2, note(2, "likely", reason, 2)
    reason = f"The first line holds words where the others hold numbers or dates, such as {_shown([rows[0][text[0]]])}."
    return 1, note(1, "certain", reason)


def _without_header(
    rows: list[list[str]], typed: list[int], note: Callable[[int, Verdict, str], Note], where: str
) -> tuple[int, Note]:
    first = [rows[0][column] for column in typed]
    if len(first) > 1 and len(set(first)) == len(first) and all(_YEAR.fullmatch(cell) for cell in first):
        found = note(1, "ambiguous", f"its first line, {_shown(rows[0])}, may be names of years or the first row.")
        raise ambiguous(where, found, [0, 1])
    words = [cell for cell in rows[0] if cell and cell.lower() not in _MISSING and not is_typed(cell)]
    if len(typed) == 1 and len(words) > 2 and not _repeats(rows):
        found = note(1, "ambiguous", f"its first line, {_shown(rows[0])}, may be a header with a number in it.")
        raise ambiguous(where, found, [0, 1])
    return 0, note(0, "certain", f"The first line holds numbers like the others, such as {_shown(first[:1])}.")


def _typed_columns(rows: list[list[str]]) -> list[int]:
    """Return the columns whose values are numbers or dates."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    found = []
    for column in range(width):
        cells = [row[column] for row in rows if column < len(row) and row[column].lower() not in _MISSING]
        if cells and sum(map(is_typed, cells)) >= _SHARE * len(cells):
            found.append(column)
    return found


def _against(row: list[str], columns: list[int]) -> tuple[list[int], list[int]]:
    """Return in which of the typed columns a row holds a number or date, and in which a word."""
    cells = {column: row[column] for column in columns if column < len(row) and row[column].lower() not in _MISSING}
    typed = [column for column, cell in cells.items() if is_typed(cell)]
    return typed, [column for column in cells if column not in typed]


def _repeats(rows: list[list[str]]) -> bool:
    """Return whether half of the first row's cells stand in their columns again."""
    again = [
        any(column < len(row) and row[column] == cell for row in rows[1:])
        for column, cell in enumerate(rows[0])
        if cell
    ]
    return sum(again) >= 0.5 * len(again)


def _names(header: list[list[str]], rows: list[list[str]], layout: FileLayout) -> list[str]:
    if not header:
        width = Counter(map(len, rows)).most_common(1)[0][0]
        return list(layout.names) or [f"column_{number}" for number in range(1, width + 1)]
    width = max(map(len, header))
    padded = [row + [""] * (width - len(row)) for row in header]
    names = [" ".join(filter(None, parts)) for parts in zip(*padded, strict=True)]
    return [name.lstrip("\ufeff") for name in names]  # a second byte order mark, where one encoding was made another


def _widened(names: list[str], rows: list[list[str]]) -> tuple[list[str], list[Note]]:
    """Return the names with one for the field that all rows have besides: blank at the end, or the row's own name."""
    longer = [row for row in rows if len(row) == len(names) + 1]
    if names[-1:] == [""] and sum(len(row) == len(names) - 1 for row in rows) >= 0.95 * len(rows):
        return names[:-1], [Note("", "", "certain", "The header, but no row, ends with a separator.")]
    if len(longer) < 0.95 * len(rows):
        return names, []
    if not any(row[-1] for row in longer):
        return [*names, ""], [Note("", "", "certain", "All rows, but not the header, end with a separator.")]
    if len({row[0] for row in longer}) == len(longer):
        return ["", *names], [Note("", "", "likely", "All rows begin with a name of their own, as R writes them.")]
    return names, []


def _shown(cells: Sequence[str]) -> str:
    return '"' + ", ".join(cell for cell in cells if cell)[:60] + '"'
