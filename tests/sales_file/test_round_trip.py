"""Property tests: a random table in a random layout is read as the texts that were written, or refused."""

import csv
import gzip
import io
import string
from dataclasses import dataclass

import polars as pl
from hypothesis import assume, example, given
from hypothesis import strategies as st

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, ROW, FileLayout, TextTable, parse
from sales_file.workbooks import workbook

NAME = st.text(string.ascii_lowercase, min_size=3, max_size=8).filter(lambda name: name not in {"row", "nan", "null"})
WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=10)
NUMBER = st.decimals(-(10**6), 10**6, allow_nan=False, places=2).map(str)
DAY = st.dates().map(str)
ODD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@dataclass(frozen=True)
class Table:
    """A header and rows of texts."""

    header: list[str]
    rows: list[list[str]]

    @property
    def texts(self) -> list[tuple[str | None, ...]]:
        """The rows as they must be read: without blanks at the edges, and without rows of nothing."""
        frame = pl.DataFrame(self.rows, schema=dict.fromkeys(self.header, pl.String), orient="row")
        frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
        return frame.filter(pl.any_horizontal(pl.all().is_not_null())).rows()


@st.composite
def tables(draw: st.DrawFn, least_rows: int = 3) -> Table:
    """Return a table with a column of numbers, one of days, and others of words."""
    header = draw(st.lists(NAME, min_size=3, max_size=6, unique=True))
    cells = [NUMBER, DAY, *[WORD] * (len(header) - 2)]
    order = draw(st.permutations(range(len(header))))
    row = st.tuples(*(cells[place] for place in order)).map(list)
    return Table(header, draw(st.lists(row, min_size=least_rows, max_size=12)))


def written(table: Table, separator: str, ending: str, quoting: int) -> str:
    """Return a table as CSV."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=ending, quoting=quoting).writerows(
        [table.header, *table.rows]
    )
    return stream.getvalue()


def rows_of(found: TextTable) -> list[tuple[str | None, ...]]:
    """Return the texts without their row."""
    return found.texts.drop(ROW).rows()


@given(
    tables(),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    st.sampled_from(["", "House sales of the county\n", "\n\n", "Sales\nfirst half of 2014\n\n"]),
)
def test_a_table_is_read_as_it_was_written(
    table: Table, separator: str, ending: str, quoting: int, codec: str, above: str
) -> None:
    """Without anything stated: what is found is right, or it is refused as ambiguous."""
    content = (above + written(table, separator, ending, quoting)).encode(codec)
    try:
        found = parse(content, "a.csv")
    except DataError as err:
        assert err.code == "layout_ambiguous"  # noqa: PT017 - either outcome is right
        return
    assert found.columns == table.header
    assert rows_of(found) == table.texts
    assert parse(content, "a.csv", found.layout).texts.equals(found.texts)


@given(st.lists(st.lists(ODD, min_size=3, max_size=3), max_size=6), st.sampled_from(",;\t|"))
@example([['"', "'", "\\"], ["a\nb", "c\rd", "\r\n"]], ",")
def test_any_text_comes_back_when_the_layout_is_stated(rows: list[list[str]], separator: str) -> None:
    """Whatever stands in the fields."""
    table = Table(["one", "two", "three"], rows)
    layout = FileLayout(
        encoding="utf-8", separator=separator, quoting="double", lines_above_header=0, header_lines=1, footer_lines=0
    )
    assume(all(row != table.header for row in rows))
    found = parse(written(table, separator, "\n", csv.QUOTE_ALL).encode(), "a.csv", layout)
    assert rows_of(found) == table.texts


@given(tables())
def test_a_workbook_is_read_as_it_was_written(table: Table) -> None:
    """Its texts, that is."""
    cells = [[text.strip() or None for text in row] for row in table.rows]
    assume(all(character.isprintable() for row in table.rows for text in row for character in text))
    found = parse(workbook({"Sales": [table.header, *cells]}), "a.xlsx", AUTO)
    assert found.columns == table.header
    assert rows_of(found) == table.texts


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(b"PK\x03\x04")
@example(gzip.compress(b"a,b\n1,2\n"))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    """Nothing else is raised, whatever a file holds."""
    try:
        found = parse(content, "a.csv")
    except DataError:
        return
    assert found.texts[ROW].is_unique().all()
    assert not set(found.texts[ROW]) & set(found.broken[ROW])
