"""Lines below a table that are no rows of it: totals, sources, remarks."""

import re
from collections.abc import Sequence

from houseprice.config.file_layout import FileLayout
from houseprice.sales_file.header import is_typed
from houseprice.sales_file.notes import Note

MOST_BELOW = 20
"""Lines that are looked at, and that may stand below a table."""
_TOTAL = re.compile(r"(?:grand |sub)?(?:total|totals|totales|totaux|totais|summe|gesamt|insgesamt|sum|suma|somme|soma|"
                    r"average|mean|mittelwert|promedio|media|moyenne)\b.{0,20}", re.IGNORECASE)  # fmt: skip
_REMARK = re.compile(
    r"(?:source|sources|note|notes|fuente|nota|notas|fonte|quelle|hinweis|anmerkung|remarque|copyright|©|\*|"
    r"end of|generated|exported|downloaded|retrieved|data from|report|\(c\)|\(?\d+ (?:rows?|records?|filas|registros))",
    re.IGNORECASE,
)

Tail = Sequence[tuple[int, list[str]]]
"""Number of a row, and its cells without blanks at the edges; the last ones of a table that hold anything."""


def find_footer(tail: Tail, width: int, rows: int, layout: FileLayout) -> tuple[int, list[Note]]:
    """Return how many of the last rows belong to a footer.

    Args:
        tail: the last rows.
        width: number of columns.
        rows: how many rows the table has, with the footer.
        layout: what is stated.
    """
    if isinstance(layout.footer_lines, int):
        return min(layout.footer_lines, len(tail), rows), []
    count = reached = 0
    certain = True
    for place, (_, cells) in enumerate(reversed(tail), 1):
        if place > min(MOST_BELOW, rows - 1):
            break
        verdict = _footer_verdict(cells, width)
        if verdict:
            count, reached = place, place
            certain &= verdict == "certain"
        elif place - reached > 2:
            break
    if not count:
        return 0, []
    first = next(cell for cell in tail[-count][1] if cell)
    reason = f'The table ends before "{first[:60]}", which is a total or a remark and no row of it.'
    numbers = tuple(number for number, _ in tail[-count:])
    return count, [Note("footer_lines", count, "certain" if certain else "likely", reason, numbers)]


def _footer_verdict(cells: list[str], width: int) -> str:
    """Return how sure it is that a row belongs to a footer; "" for a row of the table, if only half of one."""
    filled = [cell for cell in cells if cell]
    first = filled[0]
    if width == 1:
        return "likely" if _TOTAL.fullmatch(first) or _REMARK.match(first) else ""
    if _TOTAL.fullmatch(first) and len(filled) < max(2, 0.8 * width):
        return "certain"
    if len(filled) > 0.34 * width and len(filled) > 2:
        return ""
    if _REMARK.match(first):
        return "certain"
    words = len(first.split()) > 2 and not is_typed(first)
    return "likely" if words and len(filled) == 1 else ""
