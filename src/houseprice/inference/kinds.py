"""Kind and form of each column, by its values."""

import re

import polars as pl

from houseprice.conversion import CellForm
from houseprice.conversion.numbers import read_number
from houseprice.conversion.value import is_missing_value
from houseprice.inference.date_columns import decide_date_columns
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft, is_code
from houseprice.inference.mark_decisions import FileMarks, decide_marks, marks_of_file
from houseprice.inference.number_forms import READABLE, NumberShapes, base_form, mixed_unit, number_shapes
from houseprice.inference.plane_coordinates import name_plane_coordinates
from houseprice.inference.profile import ROW, Profile, profile
from houseprice.inference.scales import decide_flag, decide_grades, decide_scale, name_grades_called_state
from houseprice.inference.serial_dates import decide_serial_dates
from houseprice.inference.units import SQUARE_METRES, unit_of_name
from houseprice.schema import LONGEST_TEXT

MONEY = frozenset(
    ("sale_price", "price", "list_price", "price_per_area", "rent", "assessment", "tax", "at_sale", "fee")
)
MEASURABLE = frozenset(("code", "neighbourhood", "city", "region", "street"))
"""Concepts of names that are mostly codes, but may be counts and distances, too."""
SHORTENED = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_DEGREES = r"-?\d{1,3}\.\d{2,}"
_COORDINATES = re.compile(
    rf"(?:SRID=\d+;)?POINT ?Z? ?\(.*\)|[(\[]?{_DEGREES}°? ?[,;] ?{_DEGREES}°?[)\]]?", re.IGNORECASE | re.ASCII
)
_SENTINEL = re.compile(r"-9{2,}(?:\.0+)?")
_WORDS_OF_TEXT, _MOST_TRIED = 4, 500
_MOST_TOO_LONG = 0.05
"""Share of the cells of a category that may be longer than it allows; their rows are rejected."""


def draft_columns(texts: pl.DataFrame, answers: dict[str, str]) -> list[Draft]:
    """Return a draft for each column, with its kind and form."""
    drafts = [Draft(profile(texts, name)) for name in texts.columns if name != ROW]
    name_plane_coordinates(drafts)
    name_grades_called_state(drafts)
    for draft in drafts:
        _start(draft)
    shapes = [draft.shapes for draft in drafts if draft.shapes]
    file = marks_of_file(shapes)
    decide_date_columns(drafts, answers)
    for draft in drafts:
        if draft.shapes and draft.usable:
            _number(draft, draft.shapes, file, answers)
    for draft in drafts:
        _tell_marks(draft)
    return drafts


def _start(draft: Draft) -> None:
    """Decide on what the values alone tell; numbers wait for the decimal sign of the file."""
    column = draft.profile
    values = column.as_values
    if not column.as_texts.filled:
        draft.exclude("it is empty", "certain")
    elif len(column.as_texts.texts) == 1 and column.as_texts.filled == column.rows:
        draft.exclude(f'every row holds "{column.as_texts.texts[0][:40]}"', "certain", column.first[:1])
    elif all(_URL.match(text) for text in column.as_texts.texts[:50]):
        draft.exclude(
            "it holds addresses of pages or pictures, which tell nothing about the house", "certain", column.first[:1]
        )
    elif all(_COORDINATES.fullmatch(text) for text in values.texts[:50]):
        draft.exclude(
            "it holds both coordinates in one text; write them in two columns to use them", "certain", column.first[:1]
        )
    elif example := _shortened(draft, values):
        reason = f"a spreadsheet shortened its codes, as {example}: different ones look the same"
        draft.exclude(reason, "certain", column.rows_of({example}))
    if not draft.usable:
        return
    if flag := decide_flag(column):
        draft.kind, (draft.form, finding) = "flag", flag
        draft.findings.append(finding)
    elif serial := decide_serial_dates(column):
        draft.kind, (draft.form, finding) = "date", serial
        draft.findings.append(finding)
    elif grades := decide_grades(column):
        draft.kind, (draft.levels, finding) = "ordinal", grades
        draft.findings.append(finding)
    elif not is_code(draft) or (draft.concept in MEASURABLE and (_is_measured(values) or _is_money(values))):
        draft.shapes = number_shapes(column, money=bool(MONEY & set(draft.concepts)))
    if draft.kind == "category" and draft.shapes is None:
        _text(draft)


def _shortened(draft: Draft, column: Profile) -> str:
    """Return a code that lost its last digits in a spreadsheet; "" when the column holds none."""
    found = [text for text in column.texts if SHORTENED.fullmatch(text)]
    is_code = draft.concept in ("id", "parcel", "postcode", "house_number")
    return found[0] if found and (is_code or len(found) > len(column.texts) / 2) else ""


def _is_measured(column: Profile) -> bool:
    """Return whether a column whose name says that it is a code holds numbers with fractions."""
    return any(re.search(r"\d[.,]\d*[1-9]", text) for text in column.texts[:200]) and not any(
        re.search(r"[^\W\d_]", text) for text in column.texts[:200]
    )


def _is_money(column: Profile) -> bool:
    """Return whether numbers with a currency stand in a column whose name says that it is a code."""
    shapes = number_shapes(column, money=True)
    return shapes is not None and bool(shapes.affixes.currencies) and not shapes.unknown


def _text(draft: Draft) -> None:
    """Tell scales, categories and free text apart."""
    column = draft.profile.as_texts
    if scale := decide_scale(draft.profile):
        draft.kind, (draft.levels, finding) = "ordinal", scale
        draft.findings.append(finding)
        return
    words = sum(text.count(" ") + 1 for text in column.texts) / len(column.texts)
    length = sum(map(len, column.texts)) / len(column.texts)
    spread = len(column.texts) / column.filled
    places = ("address", "street", "neighbourhood", "city", "region")
    too_long = sum(count for text, count in zip(column.texts, column.counts, strict=True) if len(text) > LONGEST_TEXT)
    is_long = too_long > _MOST_TOO_LONG * column.filled
    if is_long or (
        draft.concept not in places
        and spread > 0.5
        and words > _WORDS_OF_TEXT
        and (length > 30 or draft.concept == "description")
    ):
        draft.kind = "text"
        draft.findings.append(
            Finding(
                "kind",
                "certain" if words > 2 * _WORDS_OF_TEXT else "likely",
                f"free text, of {words:.0f} words in the mean",
                column.first[:1],
            )
        )
    else:
        draft.findings.append(Finding("kind", "certain", f"{len(column.texts):,} different texts", column.first[:2]))


def _number(draft: Draft, shapes: NumberShapes, file: FileMarks, answers: dict[str, str]) -> None:
    """Settle the form of a column of numbers."""
    coordinate = bool({"latitude", "longitude"} & set(draft.concepts[:2]))
    marks = decide_marks(shapes, draft.name, file=file, is_coordinate=coordinate, answers=answers)
    draft.questions += marks.questions
    draft.findings += marks.findings
    draft.form = base_form(shapes, marks.decimal, marks.thousands)
    if not marks.questions and _readable(shapes, draft.form) < READABLE:
        draft.shapes, draft.form, draft.findings = None, CellForm(), []
        _text(draft)
        return
    if coordinate:
        draft.form = _hemisphere(draft.form)
    around = shapes.affixes
    if around.strip or around.multipliers:
        written = ", ".join(f'"{text}"' for text in sorted(around.strip | around.multipliers))
        draft.findings.append(
            Finding("form", "certain", f"{written} stands beside the numbers", draft.profile.first[:1])
        )
    if shapes.ranges:
        draft.findings.append(
            Finding(
                "form",
                "certain" if shapes.range_words else "likely",
                "ranges are read as their middle",
                (shapes.ranges,),
            )
        )
    if shapes.number_words:
        words = ", ".join(f'"{word}" is {value:g}' for word, value in shapes.number_words.items())
        draft.findings.append(Finding("form", "likely", words, shapes.profile.rows_of(set(shapes.number_words))))
    if shapes.durations:
        draft.findings.append(Finding("form", "certain", "years and months are read as years", (shapes.durations,)))
    _unit(draft, shapes)
    if shapes.others:
        draft.form = draft.form.model_copy(update={"missing": tuple(sorted(shapes.others))[:20]})
        draft.findings.append(
            Finding(
                "missing",
                "likely",
                f"{', '.join(repr(text) for text in shapes.others[:3])} is no number and means missing",
                draft.profile.rows_of(set(shapes.others)),
            )
        )
    _sentinels(draft, shapes.profile)
    is_whole = draft.values.size > 0 and bool((draft.values == draft.values.round()).all())
    measured = (
        draft.unit in SQUARE_METRES
        or draft.currency
        or {"sale_price", "price", "living_area", "lot_area", "area", "list_price"} & set(draft.concepts[:1])
    )
    draft.kind = (
        "integer"
        if is_whole and not measured and not shapes.ranges and not shapes.durations and not shapes.affixes.multipliers
        else "number"
    )
    if (
        any("." in text for text in shapes.profile.texts)
        and draft.kind == "integer"
        and marks.thousands is None
        and marks.decimal is None
    ):
        draft.kind = "number"
    draft.findings.append(
        Finding("kind", "certain", "whole numbers" if draft.kind == "integer" else "numbers", draft.profile.first[:1])
    )


def _hemisphere(form: CellForm) -> CellForm:
    """Return the form of degrees in which a letter of the south or the west makes a number negative."""
    negative = {text: -1.0 for text in form.strip if text.strip("° ").casefold() in ("s", "w")}
    strip = tuple(text for text in form.strip if text not in negative)
    return form.model_copy(update={"strip": strip, "multipliers": form.multipliers | negative})


def _readable(shapes: NumberShapes, form: CellForm) -> float:
    """Return the share of the rows, of some texts, that the form reads."""
    some = list(zip(shapes.profile.texts, shapes.profile.counts, strict=True))[:_MOST_TRIED]
    read = sum(count for text, count in some if read_number(text, form) is not None)
    return read / sum(count for _, count in some)


def _unit(draft: Draft, shapes: NumberShapes) -> None:
    around = shapes.affixes
    units = sorted({unit for unit, _ in around.units})
    areas = [unit for unit in units if unit in SQUARE_METRES]
    if len(around.currencies) == 1:
        draft.currency = next(iter(around.currencies))
        draft.unit = draft.currency
    if len(areas) > 1:
        draft.unit = mixed_unit(around)
        draft.findings.append(
            Finding("unit", "certain", f"{' and '.join(areas)} are converted to {draft.unit}", draft.profile.first[:1])
        )
    elif units:
        draft.unit = units[0]
        draft.findings.append(
            Finding("unit", "certain", f"{units[0]} stands beside the numbers", draft.profile.first[:1])
        )
    elif draft.concept not in MONEY and (unit := unit_of_name(draft.words)):
        draft.unit = unit
        draft.findings.append(Finding("unit", "likely", f"the name says {unit}"))
    if shapes.durations:
        draft.unit = "years"


def _sentinels(draft: Draft, column: Profile) -> None:
    """Find numbers that stand for "missing": -999 in a column without other negative ones, year 0."""
    signed = [text for text in column.texts if text.lstrip("(").startswith(("-", "\u2212"))]
    marks = [text for text in signed if _SENTINEL.fullmatch(text)]
    if len(marks) != len(signed):
        marks = []
    if draft.concept == "year_built":
        marks += [text for text in column.texts if re.fullmatch(r"0+(?:\.0+)?|9999", text)]
    if marks and len(marks) < len(column.texts):
        missing = (*draft.form.missing, *sorted(marks))
        draft.form = draft.form.model_copy(update={"missing": missing})
        draft.findings.append(
            Finding("missing", "likely", f"{', '.join(sorted(marks))} means missing", column.rows_of(set(marks)))
        )


def _tell_marks(draft: Draft) -> None:
    """Put the missing marks of a column into its form."""
    is_text = draft.kind in ("category", "text")
    column = draft.profile.as_texts if is_text else draft.profile.as_values
    if not draft.usable or not column.marks:
        return
    found = [mark for mark in column.marks if mark not in (draft.levels or ())]
    if not found:
        return
    marks = [mark for mark in found if not is_missing_value(mark, draft.form, draft.kind)]
    if marks:
        draft.form = draft.form.model_copy(update={"missing": (*draft.form.missing, *marks)})
    shown = ", ".join(f'"{mark}"' for mark in found[:3])
    draft.findings.append(Finding("missing", "certain", f"{shown} means missing", column.mark_rows))
