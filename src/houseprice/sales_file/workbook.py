"""Excel workbooks (.xlsx): bytes in, a table of texts out.

Numbers and dates become texts in one form: no decimals without need, dates by ISO 8601.
"""

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError, nearest
from houseprice.sales_file.content import MAX_BYTES, xml_members
from houseprice.sales_file.footer import find_footer
from houseprice.sales_file.header import find_header
from houseprice.sales_file.notes import Note, ambiguous
from houseprice.sales_file.table_building import TableBuilder
from houseprice.sales_file.text_table import TextTable
from houseprice.sales_file.workbook_parts import check_shared_strings, check_sheet, sheet_paths

SAMPLE_ROWS = 500
SAMPLE_CELLS = 100_000


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
    if layout.sheet is None and len(names) > 1 and max((sum(map(bool, row)) for row in texts), default=0) < 2:
        note = Note("sheet", name, "ambiguous", f'its first sheet, "{name}", holds no table.')
        raise ambiguous(where, note, [other for other in names if other != name])
    sample = texts[: min(SAMPLE_ROWS, max(50, SAMPLE_CELLS // max(1, len(texts[0]) if texts else 1)))]
    header, found = find_header(list(enumerate(sample, 1)), layout, where)
    builder = TableBuilder(_as_wide(header.names, len(texts[0])), where)
    builder.add(texts[header.end :])
    footer, below = find_footer(builder.tail(), len(header.names), builder.rows, layout, where)
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
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    parts = xml_members(content, where)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    hidden = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible]
    name, notes = _sheet(workbook.sheet_names, hidden, layout, where)
    path = sheet_paths(parts).get(name)
    if path not in parts:
        raise ValueError(f'its sheet "{name}" is in no form of .xlsx')
    notes += check_sheet(parts[path], where)
    check_shared_strings(parts[path], parts.get("xl/sharedStrings.xml", b""), where, MAX_BYTES)
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


def _sheet(names: list[str], hidden: list[str], layout: FileLayout, where: str) -> tuple[str, list[Note]]:
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
    first = next((name for name in names if name not in hidden), names[0])
    if len(names) == 1:
        return first, [Note("sheet", first, "certain", "It is the only sheet.")]
    others = [f"{name} (hidden)" if name in hidden else name for name in names if name != first]
    reason = f"It is the first of {len(names)} sheets; the others are {', '.join(others[:5])}."
    return first, [Note("sheet", first, "likely", reason)]


def _as_wide(names: list[str], width: int) -> list[str]:
    return names + [""] * (width - len(names))
