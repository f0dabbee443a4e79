"""Which mark is the decimal sign of a column, and which separates thousands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from houseprice.inference.decisions import Finding, Question, Verdict
from houseprice.inference.number_forms import NumberShapes

_LEAST_COMPARED, _MOST_COUNTED = 5, 100
"""Numbers with a mark, and without one, that are compared at least; and how often one counts at most."""
_NEAR = 5.0
"""Ratio within which two medians are of one size."""
NAMES = {".": "point", ",": "comma", " ": "blank", "'": "apostrophe"}


@dataclass(frozen=True)
class MarkDecision:
    """Decimal sign and separator of thousands of a column; None where the column has no such mark."""

    decimal: str | None
    thousands: str | None
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class FileMarks:
    """Marks that columns of the file prove; None when none proves one, or they prove different ones."""

    decimal: str | None = None
    thousands: str | None = None


def marks_of_file(columns: Iterable[NumberShapes]) -> FileMarks:
    """Return the decimal sign and the separator of thousands that columns of the file prove."""
    decimal: set[str] = set()
    thousands: set[str] = set()
    for shapes in columns:
        decimal |= set(shapes.marks.decimal)
        thousands |= set(shapes.marks.thousands)
        if (
            shapes.signed
            and not shapes.marks.plain_thousands
            and not set(shapes.marks.decimal) & set(shapes.marks.either)
        ):
            thousands |= set(shapes.marks.either)
    thousands -= decimal
    return FileMarks(*(next(iter(found)) if len(found) == 1 else None for found in (decimal, thousands)))


def decide_marks(  # noqa: PLR0911 - a return for each proof
    shapes: NumberShapes, name: str, *, file: FileMarks, is_coordinate: bool, answers: dict[str, str]
) -> MarkDecision:
    """Return the marks of a column's numbers, proven by its values, likely by those of other columns, or asked."""
    marks = shapes.marks
    answered = answers.get(f"{name}.decimal") or _other(answers.get(f"{name}.thousands"))
    if answered in (".", ","):
        uses = {**marks.either, **marks.thousands}
        separator = next((mark for mark in uses if mark != answered), "none")
        return MarkDecision(
            answered, separator, (Finding("form", "certain", f'decimal sign, as answered: "{answered}"'),)
        )
    both = set(marks.decimal) & set(marks.thousands)
    if both or len(marks.decimal) > 1 or len(set(marks.thousands) & {".", ","}) > 1:
        return _contradiction(shapes, name)
    decimal, thousands = next(iter(marks.decimal), None), next(iter(marks.thousands), None)
    findings = []
    if decimal:
        findings.append(
            Finding(
                "form",
                "certain",
                f"decimal {NAMES[decimal]}: no thousands have such digits behind it",
                (marks.decimal[decimal],),
            )
        )
    if thousands:
        findings.append(
            Finding(
                "form", "certain", f"thousands are separated by a {NAMES[thousands]}", (marks.thousands[thousands],)
            )
        )
    open_marks = [mark for mark in marks.either if mark not in (decimal, thousands)]
    if not open_marks:
        return MarkDecision(decimal, thousands, tuple(findings))
    zeros = [mark for mark in open_marks if _starts_with_zero(shapes, mark)]
    if len(open_marks) == 2 and len(zeros) == 1 and not decimal and not thousands:
        other = open_marks[1 - open_marks.index(zeros[0])]
        reason = f"decimal {NAMES[zeros[0]]}: no thousands begin with 0"
        rows = (marks.either[zeros[0]], marks.either[other])
        return MarkDecision(zeros[0], other, (Finding("form", "certain", reason, rows),))
    if len(open_marks) > 1:
        return _contradiction(shapes, name)
    mark = open_marks[0]
    if decimal:
        findings.append(
            Finding(
                "form",
                "certain",
                f"{NAMES[mark]} separates thousands, as the decimal sign is the {NAMES[decimal]}",
                (marks.either[mark],),
            )
        )
        return MarkDecision(decimal, mark, tuple(findings))
    if thousands and thousands in ".,":
        findings.append(
            Finding(
                "form",
                "certain",
                f"decimal {NAMES[mark]}, as the {NAMES[thousands]} separates thousands",
                (marks.either[mark],),
            )
        )
        return MarkDecision(mark, thousands, tuple(findings))
    return _three_digits(shapes, name, mark, thousands, file=file, is_coordinate=is_coordinate)


def _three_digits(  # noqa: PLR0911 - a return for each proof
    shapes: NumberShapes, name: str, mark: str, thousands: str | None, *, file: FileMarks, is_coordinate: bool
) -> MarkDecision:
    """Decide on a column in which every number with a mark has three digits behind it, as 525.000."""
    row = (shapes.marks.either[mark],)
    other = "," if mark == "." else "."
    if mark in "' ":
        return MarkDecision(
            None, mark, (Finding("form", "certain", f"thousands are separated by a {NAMES[mark]}", row),)
        )
    if _starts_with_zero(shapes, mark) or thousands or is_coordinate:
        reason = "thousands have another mark" if thousands else "the numbers have parts of degrees"
        reason = "no thousands begin with 0" if _starts_with_zero(shapes, mark) else reason
        verdict: Verdict = "likely" if is_coordinate else "certain"
        return MarkDecision(
            mark, thousands or "none", (Finding("form", verdict, f"decimal {NAMES[mark]}: {reason}", row),)
        )
    if shapes.signed and not shapes.marks.plain_thousands:
        reason = f"{NAMES[mark]} separates thousands: money has no three decimals"
        return MarkDecision(other, mark, (Finding("form", "certain", reason, row),))
    if likely := _by_plain_numbers(shapes, mark):
        separates = likely == "thousands"
        meaning = "separates thousands" if separates else "is the decimal sign"
        reason = f"{NAMES[mark]} {meaning}: the numbers without one are of that size"
        decided = (other, mark) if separates else (mark, "none")
        return MarkDecision(*decided, (Finding("form", "likely", reason, row),))
    if any(unit == "sq ft" for unit, _ in shapes.affixes.units):
        reason = f"{NAMES[mark]} separates thousands: square feet have no three decimals"
        return MarkDecision(other, mark, (Finding("form", "likely", reason, row),))
    if (file.decimal == other or file.thousands == mark) and not shapes.marks.plain_thousands:
        proof = f"have a decimal {NAMES[other]}" if file.decimal == other else "prove"
        reason = f"{NAMES[mark]} separates thousands, as other columns {proof}"
        return MarkDecision(other, mark, (Finding("form", "likely", reason, row),))
    example = next((text for text in shapes.profile.texts if mark in text), "")
    question = Question(
        "decimal_ambiguous",
        f"{name}.decimal",
        f'"{example}" in "{name}" may have thousands or decimals: every number with a {NAMES[mark]} has three digits '
        "behind it.",
        {mark: f"{example} has three decimals", other: f"{example} is {example.replace(mark, '')}"},
        name,
        row,
    )
    return MarkDecision(None, None, (), (question,))


def _by_plain_numbers(shapes: NumberShapes, mark: str) -> str:
    """Return what a mark is by the size of the numbers without one: thousands, decimal; "" when they do not tell.

    Only one of the two readings may be as large as they are, with a wide gap to the other.
    """
    if shapes.affixes.multipliers or len(shapes.affixes.units) > 1:
        return ""
    found: tuple[list[int], list[int]] = ([], [])
    for text, count in zip(shapes.profile.texts, shapes.profile.counts, strict=True):
        if body := re.search(r"\d(?:[\d.,]*\d)?", text):
            found[mark in body[0]].extend([int(re.sub(r"\D", "", body[0]))] * min(count, _MOST_COUNTED))
    plain, marked = found
    if min(len(plain), len(marked)) < _LEAST_COMPARED or not median(plain):
        return ""
    ratio = median(marked) / median(plain)
    if 1 / _NEAR < ratio < _NEAR:
        return "thousands"
    return "decimal" if 1 / _NEAR < ratio / 1000 < _NEAR else ""


def _starts_with_zero(shapes: NumberShapes, mark: str) -> bool:
    pattern = re.compile(rf"(?:^|[^\d.,])0{re.escape(mark)}\d")
    return any(pattern.search(text) for text in shapes.profile.texts)


def _contradiction(shapes: NumberShapes, name: str) -> MarkDecision:
    """Ask about a column in which one mark is both; neither answer reads all of it."""
    marks = shapes.marks
    rows = tuple(sorted({*marks.decimal.values(), *marks.thousands.values(), *marks.either.values()}))[:3]
    texts = " and ".join(f'"{text}"' for text in dict.fromkeys(_text_at(shapes, row) for row in rows))
    question = Question(
        "decimal_mixed",
        f"{name}.decimal",
        f'"{name}" holds numbers of two forms ({texts}); write them in one form, or say which is meant: the others are '
        "rejected.",
        {".": "the point is the decimal sign", ",": "the comma is the decimal sign"},
        name,
        rows,
    )
    return MarkDecision(None, None, (), (question,))


def _text_at(shapes: NumberShapes, row: int) -> str:
    return next((text for text, at in zip(shapes.profile.texts, shapes.profile.first, strict=True) if at == row), "")


def _other(thousands: str | None) -> str | None:
    return {".": ",", ",": "."}.get(thousands or "")
