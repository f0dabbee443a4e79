"""One cell, converted by the declared form of its column."""

import pytest

from houseprice.conversion import CellForm, Kind, convert_value, is_missing_value

KINDS: tuple[Kind, ...] = ("number", "integer", "category", "ordinal", "flag", "date", "text")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", [None, "", "  ", "\u00a0", "s/d", "S/D "])
def test_blanks_and_declared_marks_are_missing(text: str | None, kind: Kind) -> None:
    """Whatever the kind, a missing mark is no value."""
    form = CellForm(missing=("s/d",))
    assert is_missing_value(text, form, kind)
    assert convert_value(text, kind, form) is None


@pytest.mark.parametrize("text", ["NA", "nan", "None", "#N/A"])
def test_words_for_nothing_are_missing_but_for_texts(text: str) -> None:
    """A veneer of "None" is a kind of veneer."""
    assert is_missing_value(text, CellForm(), "number")
    assert not is_missing_value(text, CellForm(), "category")
    assert convert_value(text, "category", CellForm()) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("Yes", 1), ("no", 0), ("Sí", 1), ("SI", 1), ("Y", 1), ("n", 0), ("TRUE", 1), ("0", 0), ("1.0", 1), ("2", None)],
)
def test_flags_are_0_or_1(text: str, value: int | None) -> None:
    """Words of English and Spanish need no declaration."""
    assert convert_value(text, "flag", CellForm()) == value


def test_declared_words_of_flags_are_the_only_ones() -> None:
    """Old and new are flags where the column says so."""
    form = CellForm(true=("Nouveau",), false=("Ancien",))
    assert [convert_value(text, "flag", form) for text in ("nouveau", "ANCIEN", "yes")] == [1, 0, None]


@pytest.mark.parametrize("kind", ["category", "ordinal", "text"])
def test_texts_lose_the_blanks_that_nobody_sees(kind: Kind) -> None:
    """The same name with a non-breaking or doubled blank is the same name."""
    assert convert_value("  San\u00a0 Juan \ufeff", kind, CellForm()) == "San Juan"
