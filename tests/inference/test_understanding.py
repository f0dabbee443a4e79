"""Decisions have verdicts, reasons and rows, and are the same every time."""

import polars as pl
import pytest

from corpus.checking import with_role
from houseprice.errors import ConfigError
from houseprice.inference import understand
from houseprice.inference.answers import parse_answers


def table(**columns: list[str | None]) -> pl.DataFrame:
    """Return a table of texts."""
    return pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})


DAYS = [f"{day:02d}/03/2014" for day in range(1, 25)]
PRICES = [str(150_000 + 7_919 * (row * row % 23)) for row in range(24)]
AREAS = [str(60 + row * row % 37) for row in range(24)]


def test_a_decision_names_the_rows_that_prove_it() -> None:
    """Row 13 is the first whose day is no month."""
    understood = understand(table(date=DAYS, sale_price=PRICES, area=AREAS))
    (order,) = [finding for finding in understood.columns[0].findings if finding.about == "form"]
    assert order.verdict == "certain"
    assert order.rows[0] == 13


def test_the_rows_are_those_of_the_file() -> None:
    """Where rows were broken, the numbers of the others stay."""
    rows = pl.Series("row", range(101, 125))
    understood = understand(table(date=DAYS, sale_price=PRICES, area=AREAS).with_columns(rows))
    assert understood.columns[0].findings[0].rows[0] == 113


def test_a_question_says_what_answers_it() -> None:
    """Its key is what --set takes, and its answers are the values."""
    texts = table(date=[day for day in DAYS[:12] for _ in "ab"], sale_price=PRICES, area=AREAS)
    (question,) = understand(texts).questions
    assert (question.code, question.key, question.column) == ("date_order_ambiguous", "date_order", "date")
    assert set(question.answers) == {"dmy", "mdy"}
    assert question.rows
    for answer in question.answers:
        assert understand(texts, {question.key: answer}).questions == ()


def test_a_column_that_is_ambiguous_does_not_count_as_decided() -> None:
    """Its verdict is the least sure of all."""
    texts = table(date=[day for day in DAYS[:12] for _ in "ab"], sale_price=PRICES, area=AREAS)
    assert [column.verdict for column in understand(texts).columns] == ["ambiguous", "certain", "likely"]


@pytest.mark.parametrize(
    ("answer", "attribute", "value"),
    [
        ("area.kind=category", "kind", "category"),
        ("area.unit=m²", "unit", "m²"),
        ("area.role=lot_area", "role", "lot_area"),
        ("area.exclude=measured after the sale", "excluded", "measured after the sale"),
    ],
)
def test_what_a_person_tells_is_taken(answer: str, attribute: str, value: str) -> None:
    """Whatever the file says, a person knows better."""
    texts = table(sale_price=PRICES, area=AREAS)
    column = understand(texts, parse_answers((answer,), texts.columns)).columns[1]
    assert getattr(column, attribute) == value


def test_a_column_that_would_be_left_out_can_be_kept() -> None:
    """The gates hold the line."""
    texts = table(sale_price=PRICES, list_price=[str(int(price) + 5000) for price in PRICES])
    assert understand(texts).columns[1].excluded
    kept = understand(texts, {"list_price.exclude": "no"}).columns[1]
    assert (kept.excluded, kept.kind) == ("", "number")


@pytest.mark.parametrize(
    "wrong", ["date_order", "date_order=abc", "target=nothing", "colour=red", "area.size=2", "=x", "area.decimal=;"]
)
def test_an_answer_to_nothing_is_refused(wrong: str) -> None:
    """A typing error is no answer."""
    with pytest.raises(ConfigError) as excinfo:
        parse_answers((wrong,), ["area"])
    assert excinfo.value.code == "answer_unknown"


def test_the_same_file_is_understood_the_same_way() -> None:
    """Nothing depends on chance."""
    texts = table(date=DAYS, sale_price=PRICES, area=AREAS, place=["a", "b"] * 12)
    assert understand(texts) == understand(texts)


def test_a_file_without_a_date_a_place_or_a_currency_is_told_so() -> None:
    """The model is then judged in another way."""
    bare = table(sale_price=PRICES, area=AREAS)
    assert len(understand(bare, {"currency": "EUR"}).notes) == 2
    understood = understand(bare)
    assert len(understood.notes) == 3
    assert with_role(understood, "sale_date") is None
