"""Raw table in, trusted sales out: copies, counts, limits and any table at all, and no row is lost silently."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.errors import DataError, RejectedShareError
from houseprice.learning.csv_reader import parse
from houseprice.learning.processing import clean, pandera_schema
from houseprice.schema import Schema
from learning.houses import AS_WRITTEN, HOUSE, SCHEMA, cleaned, rules, written


def test_a_copy_of_a_sale_is_rejected_and_names_the_first() -> None:
    """A copy is the same in every column; another flat of the same block, day and price stays."""
    same = {"plot": "a"}
    table = cleaned(same, {}, same | {"rooms": "4"}, same | {"paid": "200"}, same, same | {"day": "2015-01-03"})
    assert table.rejected.select("row", "reasons").rows() == [(5, "duplicate of row 1")]


def test_a_sale_is_no_copy_of_one_that_was_rejected() -> None:
    """The good one of two is kept."""
    table = cleaned({"plot": "a", "area": "1"}, {"plot": "a"})
    assert table.rejected["row"].to_list() == [1]


def test_the_report_counts_what_was_read_kept_and_rejected() -> None:
    """Reasons are counted by kind, whatever the values were."""
    text = written([{}, {"area": "1"}, {"area": "2.5"}, {"state": "Good"}, {"state": "it is bad"}, {"paid": 'a "b"'}])
    text += "too,short\r\n" + text.splitlines()[1].replace("p0", "p9") + "\r\n"
    text = "\n".join(line + ",x" if line != "too,short" else line for line in text.splitlines())
    text = text.replace("terms,x", "terms,colour")
    report = clean(parse(text, "a.csv", SCHEMA, AS_WRITTEN), SCHEMA, rules()).report
    assert report == {
        "rows_read": 8,
        "rows_kept": 2,
        "rows_rejected": 6,
        "reasons": {
            "area: … is below 10": 2,
            "state: … is none of poor, fair, good": 2,
            "has 2 fields, expected 13": 1,
            "paid: … is not a number": 1,
        },
        "ignored_columns": ["colour"],
        "blanks": dict.fromkeys(HOUSE, 0),
        "excluded_columns": {},
        "empty_columns": [],
        "blanked": [],
    }


@pytest.mark.parametrize(("bad", "limit", "passes"), [(1, 0.1, True), (2, 0.1, False), (0, 0.0, True), (1, 0.0, False)])
def test_too_many_rejected_rows_are_an_error(bad: int, limit: float, passes: bool) -> None:
    """The limit itself is allowed, one row more is not; the message tells the share and the commonest reason."""
    rows = [{"area": "1"}] * bad + [{}] * (10 - bad)
    if passes:
        assert cleaned(*rows, max_rejected_share=limit).sales.height == 10 - bad
        return
    with pytest.raises(RejectedShareError, match=rf"{bad} × area: … is below 10, such as") as excinfo:
        cleaned(*rows, max_rejected_share=limit)
    assert excinfo.value.code == "too_many_rejected"
    assert (excinfo.value.details["rejected"], excinfo.value.details["total"]) == (bad, 10)


@pytest.mark.parametrize("rows", [[], [{"area": "1"}], [{"paid": ""}, {"paid": "x"}]])
def test_a_table_without_one_good_sale_is_an_error(rows: list[dict[str, str]]) -> None:
    """Even when any share may be rejected."""
    with pytest.raises(DataError) as excinfo:
        cleaned(*rows)
    assert excinfo.value.code == "no_accepted_rows"


@pytest.mark.parametrize("name", ["first", "index", "check", "Größe (m²)", 'say "x"', "a;b", "$", "len", "rows"])
def test_a_column_may_bear_any_name(name: str) -> None:
    """No name collides with one that is used in between."""
    columns = {key: column for key, column in SCHEMA.columns.items() if key != "rooms"}
    schema = Schema(columns=columns | {name: SCHEMA.columns["rooms"]})
    stream = io.StringIO()
    writer = csv.writer(stream)
    head = [*columns, name]
    writer.writerows(
        [head, *([f"p{n}", *list(HOUSE.values())[1:4], *list(HOUSE.values())[5:], n * 9] for n in range(4))]
    )
    table = clean(parse(stream.getvalue(), "a.csv", schema), schema, rules())
    assert table.sales[name].to_list() == [0, 9, 18]
    assert table.rejected["reasons"].to_list() == [f"{name}: 27 is above 20"]


def test_the_checks_are_made_from_the_declaration() -> None:
    """A typed table that the declaration allows passes them, and says which columns may be blank."""
    checks = pandera_schema(SCHEMA)
    assert list(checks.columns) == list(SCHEMA.columns)
    assert [name for name, column in checks.columns.items() if not column.nullable] == ["paid"]
    checks.validate(cleaned({}, {"rooms": ""}).sales)


GOOD = {
    "plot": ["p", "q", "007", ""], "day": ["2015-01-02", "1999-12-31"], "paid": ["100", "1e3"],
    "area": ["55", "10.5", ""],
    "rooms": ["0", "20", "3.0", ""], "garden": ["yes", "FALSE", ""], "state": ["poor", "good", ""],
    "stars": ["1", "3", ""], "quarter": ["north", "", "a,b"], "built": ["1990", "1999"],
    "renewed": ["0", "", "1999"], "terms": ["", "cash"],
}  # fmt: skip
BAD = {
    "plot": ["a\0"], "day": ["2015-13-01", "soon"], "paid": ["", "-1", "inf", "x"], "area": ["1", "1e9"],
    "rooms": ["21", "1.5", "-3"], "garden": ["maybe"], "state": ["Poor"], "stars": ["0", "x"], "quarter": ["\0"],
    "built": ["2030", "x"], "renewed": ["1800", "2030"], "terms": ["\0"],
}  # fmt: skip
ROW_TEXTS = st.tuples(*(st.sampled_from(GOOD[name] * 8 + BAD[name]) for name in HOUSE)).map(list)
RAGGED = st.lists(st.just("x"), min_size=2, max_size=15).filter(lambda row: len(row) != len(HOUSE))
ROWS = st.lists(ROW_TEXTS | ROW_TEXTS | RAGGED, min_size=1, max_size=12)


def table_of(header: list[str], rows: list[list[str]]) -> str:
    """Return a CSV."""
    stream = io.StringIO()
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue()


@given(ROWS, st.permutations(range(len(HOUSE))))
@settings(max_examples=40)
def test_every_row_is_kept_or_rejected_once_and_in_order(rows: list[list[str]], order: list[int]) -> None:
    """The counts add up, nothing doubtful is kept, and neither the order of the columns nor a second run matters."""
    raw = parse(table_of(list(HOUSE), rows), "a.csv", SCHEMA, AS_WRITTEN)
    try:
        table = clean(raw, SCHEMA, rules())
    except DataError:
        assert all(len(row) != len(HOUSE) or faulty(row) for row in rows)
        return
    report = table.report
    assert report["rows_read"] == len(rows) == report["rows_kept"] + report["rows_rejected"]  # type: ignore[operator]
    assert (report["rows_kept"], report["rows_rejected"]) == (table.sales.height, table.rejected.height)
    numbers = table.rejected["row"].to_list()
    assert numbers == sorted(set(numbers))
    assert all(table.rejected["reasons"].to_list())
    kept = [row for number, row in enumerate(rows, 1) if number not in numbers]
    assert table.sales["plot"].fill_null("").to_list() == [row[0] for row in kept]
    assert not any(faulty(row) for row in kept)
    pandera_schema(SCHEMA).validate(table.sales)
    assert table.sales.n_unique() == table.sales.height

    turned = [[row[place] for place in order] if len(row) == len(HOUSE) else row for row in rows]
    again = clean(
        parse(table_of([list(HOUSE)[place] for place in order], turned), "a.csv", SCHEMA, AS_WRITTEN), SCHEMA, rules()
    )
    assert again.sales.equals(table.sales)
    assert again.rejected.equals(table.rejected)
    assert again.report == report


def faulty(row: list[str]) -> bool:
    """ProgressCallback whether a field of a row is one of the bad ones."""
    return any(text in BAD[name] and text not in GOOD[name] for name, text in zip(HOUSE, row, strict=True))


@given(ROWS)
@settings(max_examples=12)
def test_a_row_is_judged_by_itself(rows: list[list[str]]) -> None:
    """But for copies, what becomes of a row does not hang on its neighbours."""

    def fate(some: list[list[str]]) -> list[str | None]:
        try:
            table = clean(
                parse(table_of(list(HOUSE), [HOUSE_ROW, *some]), "a.csv", SCHEMA, AS_WRITTEN), SCHEMA, rules()
            )
        except DataError:  # pragma: no cover - the first row is good
            pytest.fail("the good row was lost")
        reasons = dict(table.rejected.select("row", "reasons").iter_rows())
        return [reasons.get(number) for number in range(2, len(some) + 2)]

    together = fate(rows)
    for row, reason in zip(rows, together, strict=True):
        if reason is None or "duplicate" not in reason:
            assert fate([row]) == [reason]


HOUSE_ROW = ["another plot", *list(HOUSE.values())[1:]]


def test_what_was_kept_is_not_changed_by_cleaning_it_again() -> None:
    """A processed table is a raw table that nothing is wrong with."""
    first = cleaned({"rooms": "3.0", "garden": "no", "quarter": 'a "b", c'}, {"state": "", "area": "55.250"})
    again = clean(parse(first.sales.write_csv(), "a.csv", SCHEMA, AS_WRITTEN), SCHEMA, rules(max_rejected_share=0.0))
    assert again.sales.equals(first.sales)
    assert isinstance(first.sales.schema["day"], pl.Date)


def test_a_sale_under_another_identifier_is_rejected_and_names_the_first() -> None:
    """Where houses that look alike are mostly one sale, they are it twice."""
    houses = [{"area": str(50 + number), "paid": str(1000 + 37 * number)} for number in range(20)]
    table = cleaned(*houses, *houses[:5])
    assert table.rejected["row"].to_list() == [21, 22, 23, 24, 25]
    assert table.rejected["reasons"][0] == "duplicate of row 1 under another plot"


def test_houses_that_look_alike_are_no_duplicates() -> None:
    """New flats of one block, some of which are sold on one day at one price."""
    flats = [{"area": str(50 + 10 * (number % 2)), "paid": str(1000 + 50 * (number % 7))} for number in range(40)]
    apart = [{**flat, "day": f"2015-{1 + number // 28:02d}-{1 + number % 28:02d}"} for number, flat in enumerate(flats)]
    assert cleaned(*apart, apart[3], apart[5]).rejected.is_empty()


def test_sales_without_an_identifier_are_no_sale_under_another() -> None:
    """Nothing is known of them."""
    table = cleaned({"plot": ""}, {"plot": "", "area": "60"}, {"plot": "p9", "area": "61"})
    assert table.rejected.is_empty()


@pytest.mark.parametrize("limit", [0.0, 0.5])
def test_rows_are_set_aside_by_a_column(limit: float) -> None:
    """With the reason, in any case of letters; a blank tells nothing; they are not too many, since it is on purpose."""
    rows = [{"terms": terms} for terms in ("cash", "CASH ", "gift", "", "loan", "swap")]
    table = cleaned(*rows, only={"terms": ("cash", "loan")}, max_rejected_share=limit)
    assert dict(table.rejected.select("row", "reasons").rows()) == {
        3: 'terms: "gift" is not cash or loan', 6: 'terms: "swap" is not cash or loan'
    }  # fmt: skip
    assert table.set_aside == 2


def test_a_column_that_is_not_declared_sets_rows_aside() -> None:
    """It need be no feature."""
    lines = written([{}, {"area": "60"}]).splitlines()
    text = "\n".join([f"{lines[0]},fair", f"{lines[1]},Y", f"{lines[2]},N"])
    told = rules(only={"fair": ("y",)})
    assert clean(parse(text, "a.csv", SCHEMA), SCHEMA, told).rejected["row"].to_list() == [2]
