"""Lines below a table that are no rows of it: totals, sources, remarks."""

import re
from collections.abc import Sequence

from houseprice.config.file_layout import FileLayout
from houseprice.sales_file.header import is_typed
from houseprice.sales_file.notes import Note, contradicted

MOST_BELOW = 20
"""Lines that are looked at, and that may stand below a table."""
_TOTAL = re.compile(
    r"(?:grand |sub)?(?:total|totals|totales|totaux|totais|gesamt|insgesamt)\b.{0,20}"
    r"|(?:sum|suma|summe|somme|soma|average|mean|mittelwert|promedio|media|moyenne|median|durchschnitt|gemiddelde|razem"
    r"|totaal|totale|totalt|celkem|yhteensä|toplam|итого|всего|合計|合计|總計|합계)[:\s]*",
    re.IGNORECASE,
)
_WHOLE_TOTAL = re.compile(
    r"(?:(?:grand |sub)?totals?|gesamt|totaal|totale|totalt|celkem|razem|итого|合計|合计|합계"
    r"|average|mean|median|mittelwert|durchschnitt|promedio|moyenne|gemiddelde)[:\s]*",
    re.IGNORECASE,
)
"""Words that make a row without a blank one of totals, when no other row begins with a word of that kind."""
_LEVELS = re.compile(r"(?:good|bad|poor|fair|excellent|very good|above average|below average)", re.IGNORECASE)
_REMARK = re.compile(
    r"(?:sources?|notes?|fuente|notas?|fonte|quelle|hinweis|anmerkung|remarque|copyright|end of|generated|exported"
    r"|downloaded|retrieved|data from|report|\(?\d+ (?:rows?|records?|filas|registros))\b|©|\*|\(c\)",
    re.IGNORECASE,
)

Tail = Sequence[tuple[int, list[str]]]
"""Number of a row, and its cells without blanks at the edges; the last ones of a table that hold anything."""


def find_footer(tail: Tail, width: int, rows: int, layout: FileLayout, where: str) -> tuple[int, list[Note]]:
    """Return how many of the last rows belong to a footer.

    Args:
        tail: the last rows.
        width: number of columns.
        rows: how many rows the table has, with the footer.
        layout: what is stated.
        where: name of the file in messages.

    Raises:
        DataError: A row of the table is where the layout states a footer (code `layout_contradicted`).
    """
    if isinstance(layout.footer_lines, int):
        return _stated(tail, width, min(layout.footer_lines, len(tail), rows), where)
    firsts = [cells[0] for _, cells in tail if cells[0]]
    numbered = len(firsts) > 2 and sum(map(is_typed, firsts)) >= 0.6 * len(firsts)
    count = reached = 0
    certain = True
    for place, (_, cells) in enumerate(reversed(tail), 1):
        if place > min(MOST_BELOW, rows - 1):
            break
        verdict = _footer_verdict(cells, width, numbered=numbered)
        if not verdict and cells[0] and _WHOLE_TOTAL.fullmatch(cells[0]) and any(map(is_typed, cells[1:])):
            alike = firsts.count(cells[0]) > 1 or any(map(_LEVELS.fullmatch, firsts))
            verdict = "" if alike else "likely"
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


def _stated(tail: Tail, width: int, count: int, where: str) -> tuple[int, list[Note]]:
    """Return a stated footer, unless one of its lines is a whole row: the next file of a source may have none."""
    below = tail[len(tail) - count :]
    for number, cells in below:
        whole = len(cells) == width > 1 and all(cells) and any(map(is_typed, cells))
        if whole and not _TOTAL.fullmatch(cells[0]):
            raise contradicted(where, "footer_lines", count, f"row {number} is a row of the table like the others.")
    if not count:
        return 0, []
    reason = f"The last {count} lines that hold anything are left out, as data.file.footer_lines states."
    return count, [Note("", count, "certain", reason, tuple(number for number, _ in below))]


def _footer_verdict(cells: list[str], width: int, *, numbered: bool) -> str:
    """Return how sure it is that a row belongs to a footer; "" for a row of the table, if only half of one.

    Where the first column is `numbered`, a word for a total in it is none of its values.
    """
    filled = [cell for cell in cells if cell]
    first = filled[0]
    if width == 1:
        return "likely" if _TOTAL.fullmatch(first) or _REMARK.match(first) else ""
    if _TOTAL.fullmatch(first) and (len(filled) < max(2, 0.8 * width) or (numbered and first == cells[0])):
        return "certain"
    if len(filled) > 0.34 * width and len(filled) > 2:
        return ""
    if _REMARK.match(first) and not any(map(is_typed, filled[1:])):
        return "certain"
    words = len(first.split()) > 2 and not is_typed(first)
    return "likely" if words and len(filled) == 1 else ""
