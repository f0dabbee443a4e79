"""Excel workbooks (.xlsx): bytes in, a table of texts out.

Numbers and dates become texts in one form: no decimals without need, dates by ISO 8601. Before the library builds its
dense table, the sheets are unpacked within limits and searched: for cells far apart, which would need the memory of
all cells between them, and for errors such as #N/A, which the library takes for blank.
"""

import html
import io
import re
import zipfile
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import Any

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError, nearest
from houseprice.sales_file.content import xml_members
from houseprice.sales_file.footer import find_footer
from houseprice.sales_file.header import find_header
from houseprice.sales_file.notes import Note, ambiguous
from houseprice.sales_file.table_building import TableBuilder
from houseprice.sales_file.text_table import TextTable

MAX_CELLS = 30_000_000
"""Of a sheet, blank ones included: Excel's most rows with 28 columns."""
SAMPLE_ROWS = 500
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^>]*>")
_ERROR = re.compile(rb"<(?:\w+:)?c\s(?=[^>]*\bt=[\"']e[\"'])[^>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_SHOWN = 5


def read_workbook(content: bytes, where: str, layout: FileLayout) -> TextTable:
    """Return the rows of one sheet.

    Raises:
        DataError: The workbook is damaged (code `workbook_damaged`), has no such sheet (`sheet_not_found`), holds too
            much (`archive_too_large`, `table_too_large`), or the table's layout is ambiguous.
    """
    from python_calamine import CalamineError

    try:
        rows, name, names, notes = _rows(content, where, layout)
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, RuntimeError) as err:
        raise DataError(
            f'"{where}" is an Excel workbook that cannot be read ({err}); open it in Excel and save it anew, without a '
            "password.",
            code="workbook_damaged",
            path=where,
        ) from err
    texts = [[as_text(value) for value in row] for row in rows]
    if not any(map(any, texts)) and len(names) > 1 and layout.sheet is None:
        note = Note("sheet", name, "ambiguous", f'its first sheet, "{name}", holds nothing.')
        raise ambiguous(where, note, [other for other in names if other != name])
    header, found = find_header([(line, row) for line, row in enumerate(texts[:SAMPLE_ROWS], 1)], layout, where)
    builder = TableBuilder(_as_wide(header.names, len(texts[0])), where)
    builder.add(texts[header.end :])
    footer, below = find_footer(builder.tail(), len(header.names), builder.rows, layout)
    builder.drop_last(footer)
    read_as = FileLayout(
        format="xlsx",
        sheet=name,
        lines_above_header=header.above,
        header_lines=header.lines,  # type: ignore[arg-type]
        names=layout.names,
        footer_lines=footer,
    )
    return TextTable(builder.texts(), builder.broken(), read_as, (*notes, *found, *below, *builder.notes()))


def _rows(content: bytes, where: str, layout: FileLayout) -> tuple[list[list[Any]], str, list[str], list[Note]]:
    """Return the values of a sheet, its name, the names of all, and what was found."""
    from python_calamine import CalamineWorkbook

    parts = xml_members(content, where)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    name, notes = _sheet(workbook.sheet_names, layout, where)
    path = _paths(parts).get(name)
    if path not in parts:
        raise ValueError(f'its sheet "{name}" is in no form of .xlsx')
    notes += _checked(parts[path], where)
    return workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), name, workbook.sheet_names, notes


def as_text(value: Any) -> str:
    """Return the text of a cell's value, in one form for each kind of value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime) and value.time() == time.min:
        value = value.date()
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else str(value).strip()


def _sheet(names: list[str], layout: FileLayout, where: str) -> tuple[str, list[Note]]:
    if not names:
        raise DataError(f'"{where}" has no sheet.', code="sheet_not_found", path=where, sheets=[])
    if layout.sheet is not None:
        if layout.sheet not in names:
            raise DataError(
                f'"{where}" has no sheet "{layout.sheet}"{nearest(layout.sheet, names)}; it has '
                f"{', '.join(names[:10])}.",
                code="sheet_not_found",
                path=where,
                sheets=names,
            )
        return layout.sheet, []
    if len(names) == 1:
        return names[0], [Note("sheet", names[0], "certain", "It is the only sheet.")]
    reason = f"It is the first sheet of {len(names)}; the others are {', '.join(names[1:6])}."
    return names[0], [Note("sheet", names[0], "likely", reason)]


def _paths(parts: dict[str, bytes]) -> dict[str, str]:
    """Return where in the archive the XML of each sheet is."""
    book = parts.get("xl/workbook.xml", b"").decode("utf-8", errors="replace")
    links = parts.get("xl/_rels/workbook.xml.rels", b"").decode("utf-8", errors="replace")
    targets = {_attribute(tag, "Id"): _attribute(tag, "Target") for tag in _RELATION.findall(links)}
    found = {}
    for tag in _SHEET.findall(book):
        target = targets.get(_attribute(tag, r"(?:\w+:)?id"), "")
        absolute = target.startswith("/")
        found[_attribute(tag, "name")] = target.removeprefix("/") if absolute else str(PurePosixPath("xl") / target)
    return found


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"\s{name}=(?:\"([^\"]*)\"|'([^']*)')", tag)
    return html.unescape(match[1] if match[1] is not None else match[2]) if match else ""


def _checked(sheet: bytes, where: str) -> list[Note]:
    """Check that a sheet's cells are not too far apart, and return a note of those that hold an error."""
    columns: set[bytes] = set()
    lowest = 0
    for letters, row in _CELL.findall(sheet):
        columns.add(letters)
        lowest = max(lowest, int(row))
    width = max(map(_column, columns), default=0)
    if lowest * width > MAX_CELLS:
        raise DataError(
            f'"{where}" has a sheet of {lowest:,} rows and {width:,} columns, more than {MAX_CELLS:,} cells; remove '
            "what stands far from the table, or save the table as CSV.",
            code="table_too_large",
            path=where,
        )
    errors = [(letters.decode() + row.decode(), int(row)) for letters, row in _ERROR.findall(sheet)]
    if not errors:
        return []
    cells = ", ".join(cell for cell, _ in errors[:_SHOWN]) + (", …" if len(errors) > _SHOWN else "")
    reason = f"{len(errors)} cells hold an error such as #N/A and are taken for blank: {cells}."
    return [Note("", len(errors), "certain", reason, tuple(row for _, row in errors[:_SHOWN]))]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _as_wide(names: list[str], width: int) -> list[str]:
    return names + [""] * (width - len(names))
