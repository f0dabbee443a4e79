"""Comparison of what was understood of a file of the corpus with what is right."""

from dataclasses import dataclass
from datetime import date
from math import isclose, isnan
from typing import Any

import polars as pl

from corpus.spec import ANY, NUMBERS, Case, Col
from houseprice.conversion import convert
from houseprice.inference import ColumnDecision, Understanding, understand
from houseprice.inference.answers import parse_answers
from houseprice.sales_file import parse


@dataclass(frozen=True)
class Outcome:
    """One decision: right, asked about, or wrong; wrong values and kept leaks are silently wrong."""

    case: str
    column: str
    about: str
    right: bool
    silent: bool = False
    found: str = ""


def table_of(case: Case) -> pl.DataFrame:
    """Return the file of a case, as it is read."""
    return parse(case.content(), f"{case.name}.csv").texts


def check(case: Case, texts: pl.DataFrame) -> list[Outcome]:
    """Return what is right and wrong: first whether it was asked, then every decision after the answers."""
    before = understand(texts)
    codes = {question.code for question in before.questions}
    outcomes = [
        Outcome(
            case.name, "", "asked", codes == case.asked, silent=bool(case.asked - codes), found=", ".join(sorted(codes))
        )
    ]
    unanswerable = case.asked and not case.answers
    if unanswerable:
        return outcomes
    understood = understand(texts, parse_answers(case.answers, texts.columns))
    by_name = {column.name: column for column in understood.columns}
    for col in case.cols:
        outcomes += _column(case, col, by_name[col.name], texts)
    for role, sources in case.joined.items():
        found = with_role(understood, role)
        outcomes.append(
            Outcome(
                case.name,
                role,
                "joined",
                found is not None and found.sources == sources,
                found=str(found and found.sources),
            )
        )
    if case.currency:
        outcomes.append(
            Outcome(case.name, "", "currency", understood.currency == case.currency, found=understood.currency)
        )
    outcomes.append(_dated(case, understood, texts))
    return [one for one in outcomes if one.about]


def with_role(understood: Understanding, role: str) -> ColumnDecision | None:
    """Return the column that has a role, if one has it."""
    return next((column for column in understood.columns if column.role == role), None)


def _dated(case: Case, understood: Understanding, texts: pl.DataFrame) -> Outcome:
    """Check the values of a joined date of sale."""
    found = with_role(understood, "sale_date")
    if found is None or not found.sources or "sale_date" not in case.joined:
        return Outcome(case.name, "", "", right=True)
    joined = texts.select(pl.concat_str([pl.col(name) for name in found.sources], separator=" "))
    values = convert(joined.to_series(), "date", found.form).to_list()
    right = values == [house.day.replace(day=1) for house in case.houses()]
    return Outcome(case.name, "sale_date", "values", right, silent=not right)


def _column(case: Case, col: Col, found: ColumnDecision, texts: pl.DataFrame) -> list[Outcome]:
    if col.kinds == ANY:
        return []
    if not col.kinds:
        right = bool(found.excluded)
        return [
            Outcome(case.name, col.name, "excluded", right, silent=not right, found=f"{found.kind} {found.role or ''}")
        ]
    kept = Outcome(case.name, col.name, "excluded", not found.excluded, found=found.excluded)
    if found.excluded:
        return [kept]
    outcomes = [kept, Outcome(case.name, col.name, "kind", found.kind in col.kinds, found=str(found.kind))]
    if col.role != "?":
        silent = found.role != col.role and "target" in (found.role, col.role)
        outcomes.append(
            Outcome(case.name, col.name, "role", found.role == col.role, silent=silent, found=str(found.role))
        )
    if col.unit:
        outcomes.append(Outcome(case.name, col.name, "unit", found.unit == col.unit, found=str(found.unit)))
    if col.levels:
        outcomes.append(Outcome(case.name, col.name, "levels", found.levels == col.levels, found=str(found.levels)))
    if col.truth and found.kind and (found.kind in ("date", "flag", *NUMBERS)):
        outcomes.append(_values(case, col, found, texts))
    return outcomes


def _values(case: Case, col: Col, found: ColumnDecision, texts: pl.DataFrame) -> Outcome:
    assert col.truth is not None
    assert found.kind is not None
    values = convert(texts[col.name], found.kind, found.form).to_list()
    marks = {col.mark.strip() or None} if col.blank else set()
    wrong = [
        (text, value, col.truth(house))
        for text, value, house in zip(texts[col.name], values, case.houses(), strict=True)
        if text not in marks and not _same(value, col.truth(house))
    ]
    wrong += [
        (text, value, None)
        for text, value in zip(texts[col.name], values, strict=True)
        if text in marks and value is not None
    ]
    return Outcome(case.name, col.name, "values", not wrong, silent=bool(wrong), found=str(wrong[:2]))


def _same(value: Any, truth: Any) -> bool:
    if truth is None or (isinstance(truth, float) and isnan(truth)):
        return value is None
    if isinstance(truth, date) or value is None:
        return bool(value == truth)
    return isclose(float(value), float(truth), rel_tol=2e-3)
