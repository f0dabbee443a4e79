"""Lines above a table, its header of one or two lines, or none, and what is below it."""

import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, Note, TextTable, parse
from houseprice.sales_file.header import is_typed

HEADER = "id,date,price,town\n"
ROWS = "1,2014-05-02,100000,Bath\n2,2014-05-03,200000,Ely\n3,2014-05-04,300000,Ripon\n"


def table(text: str, **layout: object) -> TextTable:
    """Return what is read."""
    return parse(text.encode(), "a.csv", AUTO.model_copy(update=layout))


def note_of(found: TextTable, key: str) -> Note:
    """Return the note about one key."""
    return next(note for note in found.notes if note.key == key)


def refused(text: str, **layout: object) -> DataError:
    """Return the error that is raised."""
    with pytest.raises(DataError) as excinfo:
        table(text, **layout)
    return excinfo.value


PLAIN = table(HEADER + ROWS).texts


def test_an_ordinary_header_is_certain() -> None:
    """Words above numbers and dates."""
    note = note_of(table(HEADER + ROWS), "header_lines")
    assert (note.value, note.verdict, note.lines) == (1, "certain", (1,))


def test_a_second_byte_order_mark_is_no_part_of_a_name() -> None:
    """It is left where one encoding was made another."""
    assert table("\ufeff\ufeff" + HEADER + ROWS).texts.equals(PLAIN)


@pytest.mark.parametrize(
    ("above", "count"),
    [
        ("House sales 2014\n", 1),
        ("House sales 2014,,,\n,,,\n", 1),
        ("House sales\nSource: county, 2015\n\n", 2),
        ('"Sales, all of them"\n\n\n', 1),
        ("\n\n , , , \n", 0),
    ],
)
def test_lines_above_the_header_are_passed_over(above: str, count: int) -> None:
    """Titles and sources; lines that hold nothing are not counted."""
    found = table(above + HEADER + ROWS)
    assert found.texts.equals(PLAIN)
    assert found.layout.lines_above_header == count
    assert table(above + HEADER + ROWS, **found.layout.model_dump()).texts.equals(PLAIN)


@pytest.mark.parametrize("rule", ["---,----------,-----,----\n", "===,===,===,===\n"])
def test_a_rule_below_the_header_is_no_row(rule: str) -> None:
    """As databases draw it."""
    found = table(HEADER + rule + ROWS + "\n(3 rows affected)\n")
    assert found.texts.drop("row").equals(PLAIN.drop("row"))
    assert found.layout.header_lines == 1


def test_a_table_in_markdown_is_read() -> None:
    """Its lines begin and end with a separator."""
    found = table("| id | price |\n|:---|---:|\n| a | 10 |\n| b | 20 |\n")
    assert found.texts.drop("row").rows() == [("a", "10"), ("b", "20")]


def test_comments_above_the_header_are_passed_over() -> None:
    """Even when they have as many commas; a column may be called # all the same."""
    found = table("# id, date, price, town\n# of 2014\n" + HEADER + ROWS)
    assert found.texts.equals(PLAIN)
    assert found.layout.lines_above_header == 2
    assert table("#,date,price,town\n" + ROWS).columns == ["#", "date", "price", "town"]


def test_two_header_lines_are_joined() -> None:
    """Units, or parts of a group."""
    found = table("id,date,price,town\n,,EUR,name\n" + ROWS)
    assert found.columns == ["id", "date", "price EUR", "town name"]
    assert found.texts["row"].to_list() == [1, 2, 3]
    assert note_of(found, "header_lines").verdict == "likely"
    assert note_of(found, "header_lines").lines == (1, 2)


def test_a_first_row_with_missing_marks_is_no_second_header() -> None:
    """Only words stand in a header."""
    assert table(HEADER + "1,NA,-,Bath\n" + ROWS).layout.header_lines == 1
    assert table(HEADER + "1,2014-05-01,unknown,Bath\n" + ROWS).layout.header_lines == 1


def test_without_a_header_the_columns_are_numbered_or_named() -> None:
    """What is found is told, and what is stated is taken."""
    found = table(ROWS)
    assert found.columns == ["column_1", "column_2", "column_3", "column_4"]
    assert note_of(found, "header_lines").verdict == "certain"
    assert found.texts.height == 3
    named = table(ROWS, header_lines=0, names=("id", "date", "price", "town"))
    assert named.texts.equals(PLAIN)
    assert table(ROWS, **named.layout.model_dump()).texts.equals(PLAIN)


def test_a_header_with_fewer_fields_than_the_rows_is_ambiguous() -> None:
    """It is no title, and the rows have names that are not told."""
    text = "id,date\n" + ROWS
    error = refused(text)
    assert (error.code, error.details["key"]) == ("layout_ambiguous", "lines_above_header")
    assert table(text, lines_above_header=0).broken.height == 3
    assert table(text, lines_above_header=1).texts.height == 3
    assert table("All sales\n" + ROWS).layout.header_lines == 0


def test_names_for_another_number_of_columns_are_refused() -> None:
    """Rather than all rows to be broken."""
    error = refused(ROWS, header_lines=0, names=("id", "date"))
    assert (error.code, error.details["key"]) == ("layout_contradicted", "names")


@pytest.mark.parametrize(
    "text",
    [
        "town,2013,2014\nBath,100,110\nEly,90,95\nRipon,80,90\n",
        "2013,2014\n100,110\n90,95\n",
        "name,town\n" + "Smith,Bath\nname,Ely\nJones,town\n",
        "Bath,flat\nEly,house\nBath,house\nEly,flat\n",
    ],
)
def test_a_first_line_that_may_be_a_row_is_ambiguous(text: str) -> None:
    """Years may be names; words may be values."""
    error = refused(text)
    assert (error.code, error.details["key"]) == ("layout_ambiguous", "header_lines")
    assert table(text, header_lines=1).texts.height + 1 == table(text, header_lines=0).texts.height


def test_a_table_of_words_has_likely_a_header() -> None:
    """Whose words do not come again."""
    found = table("town,kind\nBath,flat\nEly,house\nBath,house\nEly,flat\n")
    assert found.columns == ["town", "kind"]
    assert note_of(found, "header_lines").verdict == "likely"


@pytest.mark.parametrize(
    ("below", "count"),
    [
        ("Total,,600000,\n", 1),
        ("\nTotal,,600000,\nSource: county\n", 2),
        ("\n\nSource: county of Avon; sales of 2014\n", 1),
        (",,,\nNotes\n* without new houses\n** provisional\n", 3),
        ("TOTAL: 3 sales,,600000,\n", 1),
        ("Quelle: Amt\n", 1),
        (",,,\n\n", 0),
    ],
)
def test_lines_below_the_table_are_no_rows(below: str, count: int) -> None:
    """Totals and remarks, which would be rejected or, worse, learned."""
    found = table(HEADER + ROWS + below)
    assert found.texts.equals(PLAIN)
    assert found.broken.is_empty()
    assert found.layout.footer_lines == count
    assert table(HEADER + ROWS + below, **found.layout.model_dump()).texts.equals(PLAIN)


def test_a_stated_footer_takes_no_row_of_the_table() -> None:
    """The next file of a source may have no footer."""
    error = refused(HEADER + ROWS, footer_lines=1)
    assert (error.code, error.details["key"]) == ("layout_contradicted", "footer_lines")
    found = table(HEADER + ROWS + "checked by,,,Smith\n", footer_lines=1)
    assert found.texts.equals(PLAIN)
    assert any(note.lines == (4,) for note in found.notes)


@pytest.mark.parametrize("last", ["4,2014-05-", "4", "4,2014-05-05,400000", "4,2014-05-05,400000,Bath,x,y"])
def test_a_row_that_was_cut_short_is_no_footer(last: str) -> None:
    """It is told by its number."""
    found = table(HEADER + ROWS + last)
    assert found.broken["row"].to_list() == [4]
    assert found.texts.equals(PLAIN)


def test_a_total_below_numbers_is_no_row_however_full_it_is() -> None:
    """Its word is no number of a house."""
    found = table("id,price\n1,100\n2,200\n3,300\nTotal,600\n")
    assert found.texts["id"].to_list() == ["1", "2", "3"]
    assert found.layout.footer_lines == 1


@pytest.mark.parametrize("word", ["Grand Total", "Average:", "Totaal", "合计"])
def test_a_total_without_a_blank_is_no_row(word: str) -> None:
    """No other row begins with such a word."""
    text = f"street,price,area\nEly,100,10\nHigh,200,20\nMill,300,30\n{word},600,60\n"
    found = table(text)
    assert (found.texts["street"].to_list(), found.layout.footer_lines) == (["Ely", "High", "Mill"], 1)


def test_a_subtotal_between_rows_is_kept_apart() -> None:
    """It is told by its number."""
    found = table("street,price,area\nEly,100,10\nSubtotal,100,10\nHigh,200,20\nMill,300,30\n")
    assert (found.texts.height, found.broken["row"].to_list()) == (3, [2])


def test_a_level_of_a_scale_is_no_total() -> None:
    """The state of a house may be average, in the last row, too."""
    text = "state,price,area\nGood,100,10\nPoor,200,20\nGood,300,30\nAverage,600,60\n"
    assert table(text).texts.height == 4


@pytest.mark.parametrize("last", ["Total,2014-05-04,4", "Source Lane,,4", "Media Luna,,4", "Mean Street,2014-05-04,"])
def test_a_last_row_with_the_name_of_a_remark_is_a_row(last: str) -> None:
    """When it holds a number or a date as the others do."""
    text = f"street,date,price\nTotal,2014-05-02,1\nEly,2014-05-03,2\nNote Hill,2014-05-03,3\n{last}\n"
    assert table(text).texts.height == 4


def test_joined_files_repeat_their_header() -> None:
    """The header's copy is kept apart."""
    found = table(HEADER + ROWS + HEADER + ROWS)
    assert found.broken.rows() == [(4, "repeats the header")]
    assert found.texts["row"].to_list() == [1, 2, 3, 5, 6, 7]


def test_columns_without_a_name_are_told_when_they_hold_anything() -> None:
    """As the index that other programs write."""
    found = table(",id,price,\n0,a,1,\n1,b,2,\n")
    assert found.columns == ["id", "price"]
    assert [note.value for note in found.notes if "no name" in note.reason] == [1]


def test_rows_that_begin_with_their_name_are_read() -> None:
    """R writes a header without a name for them."""
    found = table('"id","price"\n"1","a",10\n"2","b",20\n"3","c",30\n')
    assert found.columns == ["id", "price"]
    assert found.texts["id"].to_list() == ["a", "b", "c"]


def test_rows_that_end_with_a_separator_are_read() -> None:
    """Though the header does not."""
    found = table("id,price\na,10,\nb,20,\nc,30,\n")
    assert found.texts.rows() == [(1, "a", "10"), (2, "b", "20"), (3, "c", "30")]


def test_a_header_that_alone_ends_with_a_separator_is_read() -> None:
    """The name that it would give is blank."""
    found = table("id,price,\na,10\nb,20\nc,30\n")
    assert found.texts.rows() == [(1, "a", "10"), (2, "b", "20"), (3, "c", "30")]


def test_a_column_called_row_does_not_hide_the_rows_numbers() -> None:
    """It is left out, and told."""
    found = table("row,price\n7,10\n8,20\n")
    assert found.texts.rows() == [(1, "10"), (2, "20")]
    assert "row" in [note.value for note in found.notes]


def test_very_many_columns_are_refused() -> None:
    """No house has so many."""
    names = ",".join(f"c{number}" for number in range(20_000))
    assert refused(f"{names}\n{names.replace('c', '')}\n").code == "table_too_large"


@pytest.mark.parametrize("name", ["*", "^a$", "a\0"])
def test_a_name_that_is_a_pattern_is_refused(name: str) -> None:
    """Polars would take it for many columns, or none."""
    assert refused(f"{name},price\n1,2\n").code == "column_name_invalid"


@pytest.mark.parametrize("text", ["", "\n\n", ",,,\n,,\n", "\ufeff", "sep=;\n"])
def test_a_file_without_anything_is_empty(text: str) -> None:
    """Whatever separators it has."""
    assert refused(text).code == "csv_empty"


@pytest.mark.parametrize(
    "cell",
    ["1", "-1.5", "1,234.50", "1.234,50 €", "$1,234", "£350k", "1.2M", "70 m²", "12%", "1e-6", "(120)", "2014-05-02",
     "02/05/2014", "2.5.14", "2014-05-02T10:00:00Z", "13 Oct 2014", "2017-01", "octubre"][:17],
)  # fmt: skip
def test_numbers_and_dates_are_told_from_words(cell: str) -> None:
    """In the forms that people write."""
    assert is_typed(cell)


@pytest.mark.parametrize(
    "cell", ["", "price", "1st floor", "1stFlrSF", "sqft_lot15", "5 Main Street", "N/A", "m²", "A1"]
)
def test_words_are_no_numbers(cell: str) -> None:
    """Even with digits."""
    assert not is_typed(cell)
