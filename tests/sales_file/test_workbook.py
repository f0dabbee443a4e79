"""Excel workbooks, read as texts in one form."""

import zipfile
from datetime import date, datetime, time
from io import BytesIO

import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, Note, TextTable, parse, workbook
from sales_file.workbooks import MAIN, Error, Rows, sheet_xml
from sales_file.workbooks import workbook as written

ROWS: Rows = [
    ["id", "sold", "price", "area", "flat", "town"],
    [7129300520, date(2014, 10, 13), 221900, 118.5, True, "Bath"],
    [1, datetime(2014, 12, 9, 13, 30), 538000.0, 0.1, False, " NA "],
    [None, None, 604000, None, None, "01234"],
]


def table(content: bytes, **layout: object) -> TextTable:
    """Return what is read."""
    return parse(content, "a.xlsx", AUTO.model_copy(update=layout))


def refused(content: bytes, **layout: object) -> DataError:
    """Return the error that is raised."""
    with pytest.raises(DataError) as excinfo:
        table(content, **layout)
    return excinfo.value


def test_numbers_and_dates_become_texts_in_one_form() -> None:
    """Whole numbers have no decimals, days have no time, and texts are as typed."""
    found = table(written({"Sales": ROWS}))
    assert found.texts.rows() == [
        (1, "7129300520", "2014-10-13", "221900", "118.5", "true", "Bath"),
        (2, "1", "2014-12-09T13:30:00", "538000", "0.1", "false", "NA"),
        (3, None, None, "604000", None, None, "01234"),
    ]
    assert (found.layout.format, found.layout.sheet) == ("xlsx", "Sales")
    assert found.broken.is_empty()


def test_a_time_of_day_is_a_text() -> None:
    """Though nobody sells by it."""
    assert table(written({"a": [["at", "price"], [time(13, 30), 1]]})).texts["at"].to_list() == ["13:30:00"]


def test_the_first_sheet_is_read_unless_another_is_named() -> None:
    """And the others are told."""
    content = written({"Sales": ROWS, "Köln & Bonn": [["x", "y"], [1, 2]]})
    found = table(content)
    assert found.texts.height == 3
    note = next(note for note in found.notes if note.key == "sheet")
    assert (note.value, note.verdict) == ("Sales", "likely")
    assert "Köln & Bonn" in note.reason
    assert table(content, sheet="Köln & Bonn").columns == ["x", "y"]
    error = refused(content, sheet="sales")
    assert (error.code, error.details["sheets"]) == ("sheet_not_found", ["Sales", "Köln & Bonn"])


def test_a_hidden_sheet_is_not_the_first() -> None:
    """Nobody who looks at the workbook sees it."""
    book = written({"Codes": [["x", "y"], [1, 2]], "Sales": ROWS})
    name = "xl/workbook.xml"
    xml = zipfile.ZipFile(BytesIO(book)).read(name).replace(b'"Codes"', b"\"Codes\" state='hidden'")
    book = written({"Codes": [["x", "y"], [1, 2]], "Sales": ROWS}, {name: xml})
    assert table(book).layout.sheet == "Sales"
    assert table(book, sheet="Codes").columns == ["x", "y"]


@pytest.mark.parametrize("rows", [[], [["Sales of 2014"], ["by the county"]]])
def test_a_first_sheet_without_a_table_is_ambiguous(rows: Rows) -> None:
    """Which of the others is meant is not guessed."""
    error = refused(written({"Sheet1": rows, "Sales": ROWS}))
    assert (error.code, error.details["choices"]) == ("layout_ambiguous", ["Sales"])
    assert refused(written({"Sheet1": []})).code == "csv_empty"


def test_errors_in_cells_are_blank_and_told_by_their_places() -> None:
    """A formula that failed is no value."""
    content = written({"a": [["id", "price"], ["x", Error("#N/A")], ["y", 2], ["z", Error("#DIV/0!")]]})
    found = table(content)
    assert found.texts["price"].to_list() == [None, "2", None]
    (note,) = (note for note in found.notes if "B2" in note.reason)
    assert isinstance(note, Note)
    assert (note.value, note.verdict, note.lines) == (2, "certain", (2, 4))


def test_formulas_without_a_value_are_told_by_their_places() -> None:
    """As other programs write them, that compute nothing."""
    xml = sheet_xml([["id", "price"], ["x", 1], ["y", 2]])
    xml = xml.replace("<v>1</v>", "<f>1+1</f><v/>").replace("<v>2</v>", "<f>1+1</f><v>2</v>")
    found = table(written({"a": [[]]}, {"xl/worksheets/sheet1.xml": xml.encode()}))
    assert found.texts["price"].to_list() == [None, "2"]
    assert [note.lines for note in found.notes if "formulas" in note.reason] == [(2,)]


def test_titles_and_totals_are_found_as_in_a_csv() -> None:
    """Also where the table begins in another column."""
    rows = [["Sales of 2014"], [], *([None, *row] for row in ROWS), [None, "Total", None, 1363900], ["Source: county"]]
    found = table(written({"a": rows}))
    assert found.texts.equals(table(written({"a": ROWS})).texts)
    assert (found.layout.lines_above_header, found.layout.footer_lines) == (1, 2)
    assert table(written({"a": rows}), **found.layout.model_dump()).texts.equals(found.texts)


@pytest.mark.parametrize(
    "far",
    [
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        '<row r = "1048576" ><c r = "XFD1048576" ><v>1</v></c></row>',
        "<x:row r='1048576' xmlns:x='y'><x:c r='xfd1048576'/></x:row>",
        "<row r='99999999'><c r='A99999999'><v>1</v></c></row>",
        f"<row>{'<c/>' * 16384}</row><row r='1048576'><c><v>1</v></c></row>",
    ],
)
def test_cells_far_apart_are_refused_before_the_space_between_them_is_held(far: str) -> None:
    """One cell in the last row and column stands for 17 thousand million blank ones."""
    xml = sheet_xml(ROWS).replace("</sheetData>", f"{far}</sheetData>")
    assert refused(written({"a": ROWS}, {"xl/worksheets/sheet1.xml": xml.encode()})).code == "table_too_large"


def test_a_bomb_in_a_workbook_is_refused() -> None:
    """Its XML is unpacked within the limits of any archive."""
    blank = b" " * (64 * 2**20)
    assert refused(written({"a": ROWS}, {"xl/worksheets/sheet1.xml": blank})).code == "archive_too_large"
    assert refused(written({"a": ROWS}, {"xl/sharedStrings.xml": blank})).code == "archive_too_large"


def test_one_long_text_in_very_many_cells_is_refused() -> None:
    """Such as a megabyte that four thousand cells share."""
    cells = "".join(f"<row r='{row}'><c r='A{row}' t='s'><v>0</v></c></row>" for row in range(1, 4000))
    xml = sheet_xml([[]]).replace("</sheetData>", f"{cells}</sheetData>").encode()
    strings = f"<sst xmlns='{MAIN}'><si><t>{'x' * 2**20}</t></si></sst>".encode()
    book = written({"a": []}, {"xl/worksheets/sheet1.xml": xml, "xl/sharedStrings.xml": strings})
    assert refused(book).code == "archive_too_large"


def test_entities_are_not_expanded() -> None:
    """A billion laughs, or the content of another file."""
    entities = "<!DOCTYPE x [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"
    xml = entities + sheet_xml([["id", "price"], ["name", 1]]).replace("name", "&b;")
    try:
        shown = str(table(written({"a": ROWS}, {"xl/worksheets/sheet1.xml": xml.encode()})).texts.rows())
    except DataError as err:
        shown = str(err)
    assert "root" not in shown


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize("content", [b"", b"<", b"not XML"])
def test_a_damaged_workbook_is_refused(part: str, content: bytes) -> None:
    """With what to do."""
    assert refused(written({"a": ROWS}, {part: content})).code in ("workbook_damaged", "sheet_not_found", "csv_empty")


def test_a_cut_workbook_is_refused() -> None:
    """Its directory is at its end."""
    assert refused(written({"a": ROWS})[:-40]).code == "workbook_damaged"


def test_a_document_of_another_program_is_called_by_its_name() -> None:
    """They are ZIP archives as well."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    assert refused(stream.getvalue()).details["format"] == "office"


def test_the_text_of_each_kind_of_value() -> None:
    """Numbers as they were typed, as far as Excel holds them."""
    values = [1.0, 0.1, 1e21, -0.0, 2.0**53, 12345678901234567.0, True, None, "x ", 7]
    texts = ["1", "0.1", "1e+21", "0", "9007199254740992.0", "1.2345678901234568e+16", "true", "", "x", "7"]
    assert [workbook.as_text(value) for value in values] == texts
