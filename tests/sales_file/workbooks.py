"""Small Excel workbooks, written cell by cell, so that tests hold what no friendly writer makes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
EPOCH = datetime(1899, 12, 30)
Rows = Sequence[Sequence[Any]]


class Error(str):
    """The text of an error in a cell, such as #N/A."""

    __slots__ = ()


def workbook(sheets: Mapping[str, Rows], extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return a workbook with these sheets; `extra` members are added, or replace what is there."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{number}' r:id='rId{number}'/>"
        for number, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f"<Relationship Id='rId{number}' Type='{OFFICE}/worksheet' Target='worksheets/sheet{number}.xml'/>"
        for number in numbers
    )
    links += f"<Relationship Id='rIdS' Type='{OFFICE}/styles' Target='styles.xml'/>"
    formats = "".join(f"<xf numFmtId='{number}'/>" for number in (0, 14, 22, 21))
    members = {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": f"<Relationships xmlns='{PACKAGE}/relationships'><Relationship Id='r1' "
        f"Type='{OFFICE}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{OFFICE}'><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{PACKAGE}/relationships'>{links}</Relationships>",
        "xl/styles.xml": f"<styleSheet xmlns='{MAIN}'><cellXfs count='4'>{formats}</cellXfs></styleSheet>",
    }
    members |= {
        f"xl/worksheets/sheet{number}.xml": sheet_xml(rows)
        for number, rows in zip(numbers, sheets.values(), strict=True)
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**members, **(extra or {})}.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sheet_xml(rows: Rows) -> str:
    """Return the XML of a sheet; None leaves its cell out."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = (_cell(f"{column_name(place)}{number}", value) for place, value in enumerate(row) if value is not None)
        lines.append(f"<row r='{number}'>{''.join(cells)}</row>")
    return f"<worksheet xmlns='{MAIN}'><sheetData>{''.join(lines)}</sheetData></worksheet>"


def column_name(place: int) -> str:
    """Return the letters of a column, from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(name: str, value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Error):
        return f"<c r='{name}' t='inlineStr'><is><t xml:space='preserve'>{escape(value)}</t></is></c>"
    attributes, text = "", repr(value)
    if isinstance(value, Error):
        attributes, text = "t='e'", escape(value)
    elif isinstance(value, bool):
        attributes, text = "t='b'", str(int(value))
    elif isinstance(value, datetime):
        attributes, text = "s='2'", repr((value - EPOCH).total_seconds() / 86400)
    elif isinstance(value, date):
        attributes, text = "s='1'", str((value - EPOCH.date()).days)
    elif isinstance(value, time):
        attributes, text = "s='3'", repr((value.hour * 3600 + value.minute * 60) / 86400)
    return f"<c r='{name}' {attributes}><v>{text}</v></c>"


def _content_types(numbers: Sequence[int]) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f"<Override PartName='/xl/worksheets/sheet{number}.xml' ContentType='{kind}.worksheet+xml'/>"
        for number in numbers
    )
    return (
        f"<Types xmlns='{PACKAGE}/content-types'>"
        "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        f"<Override PartName='/xl/workbook.xml' ContentType='{kind}.sheet.main+xml'/>{sheets}</Types>"
    )
