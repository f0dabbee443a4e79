"""The configuration that is written says what was understood, and nothing is lost on the way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus import CASES
from corpus.checking import table_of
from houseprice.config.yaml_core import read_yaml
from houseprice.conversion import CellForm
from houseprice.inference import ColumnDecision, Finding, Understanding, understand
from houseprice.inference.yaml_text import flow, write_yaml


def written(understood: Understanding) -> dict[str, object]:
    """Return the section `data` of what is written."""
    text = write_yaml(understood, name="a", raw=Path("a.csv"), layout={"separator": ";"})
    content = read_yaml(text)
    assert content["project"] == {"name": "a", "currency": understood.currency}
    data: dict[str, object] = content["data"]
    return data


@pytest.mark.parametrize("case", [case for case in CASES if not case.asked], ids=lambda case: case.name)
def test_every_decision_comes_back(case: object) -> None:
    """The form of each column, joined with that of the file, reads the cells as the decision does."""
    understood = understand(table_of(case))  # type: ignore[arg-type]
    data = written(understood)
    file = CellForm.model_validate(data.get("form", {}) | {"missing": data.get("missing", [])})  # type: ignore[operator]
    columns, excluded = data["columns"], data.get("excluded", {})
    joined = {source for column in understood.columns for source in column.sources}
    for column in understood.columns:
        if column.name in joined:
            assert column.name not in excluded  # type: ignore[operator]
        elif column.excluded:
            assert excluded[column.name] == column.excluded  # type: ignore[index]
        if column.excluded:
            continue
        found = columns[column.name]  # type: ignore[index]
        assert (found["kind"], found.get("role"), found.get("unit")) == (column.kind, column.role, column.unit)
        assert found.get("levels") == (list(column.levels) if column.levels else None)
        form = CellForm.model_validate(found.get("form", {})).with_defaults(file)
        assert form.dates == column.form.dates or column.kind != "date"
        assert set(form.missing) >= set(column.form.missing)
        for name in ("strip", "multipliers", "factor", "ranges", "duration", "month_names", "true", "false"):
            assert getattr(form, name) == getattr(column.form, name)
        if column.form.decimal:
            assert form.decimal == column.form.decimal
        if column.form.thousands:
            assert form.thousands == column.form.thousands


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
)
def test_any_value_can_be_written(value: object) -> None:
    """Names of columns hold quotes, colons, line ends and signs of other alphabets."""
    assert read_yaml(f"a: {flow(value)}") == {"a": value}


def test_a_comment_says_why() -> None:
    """Reason, verdict and rows stand above the column."""
    column = ColumnDecision("Precio", "number", findings=(Finding("role", "likely", "the name says so", (3, 8)),))
    text = write_yaml(Understanding((column,), "EUR", 10), name="a", raw=Path("a.csv"), layout={})
    lines = text.splitlines()
    place = next(number for number, line in enumerate(lines) if line.strip().startswith("Precio:"))
    assert lines[place - 1].strip() == "# role, likely: the name says so (rows 3, 8)"


def test_a_reason_cannot_break_the_file() -> None:
    """A line end in a cell stays within its comment."""
    column = ColumnDecision("a\nb: c", "category", findings=(Finding("kind", "certain", "x\n  y: z # {"),))
    data = written(Understanding((column,), "EUR", 1))
    assert data["columns"] == {"a\nb: c": {"kind": "category", "required": False}}
