"""XML of an Excel workbook, searched before the library builds its dense table.

The library would need the memory of all cells between two that are far apart, and takes for blank what holds an error
such as #N/A, or a formula that was never computed.
"""

import html
import re
from itertools import pairwise
from pathlib import PurePosixPath

from houseprice.errors import DataError
from houseprice.sales_file.notes import Note

MAX_CELLS = 30_000_000
"""Of a sheet, blank ones included: Excel's most rows with 28 columns."""
_PLACE = rb"\br\s*=\s*[\"']\s*([A-Za-z]*)([0-9]+)"
_ROW = re.compile(rb"<(?:\w+:)?row\b[^<>]*")
_CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*")
_PLACED = re.compile(rb"<(?:\w+:)?(?:c|row)\b[^<>]*?" + _PLACE)
_ERROR = re.compile(rb"<(?:\w+:)?c\b(?=[^<>]*\bt\s*=\s*[\"']e[\"'])[^<>]*?" + _PLACE)
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\b[^<>]*?" + _PLACE + rb"[\"'][^<>]*>\s*"
    rb"<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_SHARED = re.compile(rb"<(?:\w+:)?c\b(?=[^<>]*\bt\s*=\s*[\"']s[\"'])[^<>]*>(?:\s*<(?:\w+:)?v\s*>\s*([0-9]{1,9})\s*<)?")
_STRING = re.compile(rb"<(?:\w+:)?si\b")
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^<>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^<>]*>")
_SHOWN = 5


def sheet_paths(parts: dict[str, bytes]) -> dict[str, str]:
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


def check_sheet(sheet: bytes, where: str) -> list[Note]:
    """Check that a sheet's cells are not too far apart, and return notes of those that wrongly hold no value."""
    lowest, width = _extent(sheet)
    if lowest * width > MAX_CELLS:
        raise DataError(
            f'"{where}" has a sheet of {lowest:,} rows and {width:,} columns, more than {MAX_CELLS:,} cells; remove '
            "what stands far from the table, or save the table as CSV.",
            code="table_too_large",
            path=where,
        )
    return [
        *_told(_ERROR.findall(sheet), "cells hold an error such as #N/A and are taken for blank"),
        *_told(
            _UNCOMPUTED.findall(sheet), "formulas have no value and are taken for blank; save the file in Excel first"
        ),
    ]


def check_shared_strings(sheet: bytes, strings: bytes, where: str, limit: int) -> None:
    """Check how much text the cells hold together: many may stand for one long text of the whole workbook."""
    lengths = [len(part) for part in _STRING.split(strings)[1:]]
    longest = max(lengths, default=0)
    held = 0
    for index in _SHARED.findall(sheet):
        held += lengths[int(index)] if index and int(index) < len(lengths) else longest
    if held > limit:
        raise DataError(
            f'"{where}" has a sheet whose cells hold {held:,} bytes of text, more than {limit:,}; save a part of it.',
            code="archive_too_large",
            path=where,
            limit=limit,
        )


def _extent(sheet: bytes) -> tuple[int, int]:
    """Return the lowest row and the rightmost column with a cell, whether cells say their place or only their order."""
    starts = [match.start() for match in _ROW.finditer(sheet)]
    counts = [len(_CELL.findall(sheet, start, end)) for start, end in pairwise([*starts, len(sheet)])]
    columns: set[bytes] = set()
    lowest = len(starts)
    for letters, row in _PLACED.findall(sheet):
        columns.add(letters)
        lowest = max(lowest, int(row))
    return lowest, max([*map(_column, columns), *counts], default=0)


def _told(cells: list[tuple[bytes, bytes]], what: str) -> list[Note]:
    if not cells:
        return []
    named = ", ".join((letters + row).decode() for letters, row in cells[:_SHOWN]) + (
        ", …" if len(cells) > _SHOWN else ""
    )
    lines = tuple(int(row) for _, row in cells[:_SHOWN])
    return [Note("", len(cells), "certain", f"{len(cells)} {what}: {named}.", lines)]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
