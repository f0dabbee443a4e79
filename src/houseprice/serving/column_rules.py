"""Rules of the values of each column, as pydantic applies them, and what OpenAPI says of them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, BeforeValidator, Field, GetPydanticSchema, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError, core_schema

from houseprice.conversion.form import CellForm
from houseprice.conversion.value import convert_value, is_missing_value
from houseprice.schema import LONGEST_TEXT, Column, Schema

PLAIN_TEXT = r"^[^.\s]+( [^.\s]+)*$"
"""Pattern of texts that have one form only: not written like 98178.0, and with one space at most between words."""
ISO_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MONTH_AND_DAY = "-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
REFERENCE = "reference"
"""Key of a house that is no column but the caller's own reference, unless the schema has a column of that name."""
LONGEST_REFERENCE = 200
_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f]*$"
LARGEST_CODE = 10**15 - 1
"""A code that is sent as a number: beyond it, readers of JSON begin to lose digits."""


def column_rule(schema: Schema, name: str, may_lack: bool) -> Any:
    """Return the rule of one column, with what OpenAPI says of it; `may_lack` is whether a house may leave it out."""
    column = schema.request[name]
    newest = "when left out, the newest day that the model has learned from" if name == schema.sale_date else ""
    rule, shown, about = _plain_rule(column), _shown(column), _about(column, newest if may_lack else "")
    if may_lack:
        rule, shown = rule | None, {"anyOf": [shown, {"type": "null"}]}
    if read := _reader(column, may_lack):
        rule = Annotated[rule, BeforeValidator(read)]
    rule = Annotated[rule, WithJsonSchema({**shown, **about})]
    return NotRequired[rule] if may_lack else rule


def reference_rule() -> Any:
    """Return the rule of a reference, with what OpenAPI says of it; a whole number is read as a text."""
    text = StringConstraints(max_length=LONGEST_REFERENCE, pattern=_NO_CONTROL_CHARACTERS, strip_whitespace=False)
    number = {"type": "integer", "minimum": -LARGEST_CODE, "maximum": LARGEST_CODE}
    shown = {
        "anyOf": [
            {"type": "string", "maxLength": LONGEST_REFERENCE, "pattern": r"^[^\u0000-\u001f\u007f]*$"},
            number,
            {"type": "null"},
        ],
        "description": "Your own name for this house: stored with the prediction where predictions are stored; it has "
        "no effect on the price",
    }
    return NotRequired[Annotated[Annotated[str, text] | None, BeforeValidator(_text), WithJsonSchema(shown)]]


def _reader(column: Column, may_lack: bool) -> Callable[[Any], Any] | None:
    """Return what reads a text in the form that a column declares for its cells; None where there is nothing to read.

    A missing mark says that a column is left out. Texts and dates are read by their rules, which know that form, too.
    """
    form, kind = column.form, column.cell_kind
    if form is None:
        return None
    is_read = not column.is_text and kind != "date"
    if not is_read and not (may_lack and form.missing):
        return None

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if may_lack and is_missing_value(value, form, kind):
            return None
        read_value = convert_value(value, kind, form) if is_read else None
        return value if read_value is None else read_value

    return read


def _plain_rule(column: Column) -> Any:
    bounds = Field(ge=column.minimum, le=column.maximum)
    rule: Any = float
    match column.kind:
        case "date":
            any_day = Annotated[date, BeforeValidator(_day_reader(column.form)), bounds]
            return _iso_first(any_day, column) if _reads_iso(column.form) else any_day
        case "flag":
            return _whole(0, 1, flags=True)
        case "integer":
            return _whole(column.minimum, column.maximum)
        case "number":
            return Annotated[float, bounds]
    if column.is_text:
        limits: dict[str, Any] = {"strict": True, "strip_whitespace": True, "min_length": 1, "max_length": LONGEST_TEXT}

        def code(value: Any) -> Any:
            value = _text(value)
            return column.canonical(value) if isinstance(value, str) else value

        any_text = core_schema.no_info_before_validator_function(code, core_schema.str_schema(**limits))
        is_free = not column.levels and not (column.form and column.form.case)
        plain = [core_schema.str_schema(**limits, pattern=PLAIN_TEXT)] if is_free else []
        rule = _one_of(str, *plain, any_text)
    if column.levels is None:
        return rule
    levels = frozenset(map(str, column.levels) if column.is_text else column.levels)

    def known(value: Any) -> Any:
        if value not in levels:
            raise ValueError("not one of the levels")
        return value

    return Annotated[rule, AfterValidator(known)]


def _whole(low: Any, high: Any, *, flags: bool = False) -> Any:
    """Return the rule of whole numbers, which become floats; true and false may be among them.

    Digits alone are read without a step in Python. Only what is written with a point or an exponent is asked whether it
    is whole: pydantic's own `multiple_of` lets 2.5e-42 pass.
    """

    def whole(value: float) -> float:
        if not value.is_integer():
            raise PydanticKnownError("multiple_of", {"multiple_of": 1})
        return value

    number = core_schema.float_schema(strict=False)
    digits = core_schema.chain_schema([core_schema.int_schema(strict=True, ge=low, le=high), number])
    words = core_schema.chain_schema([core_schema.bool_schema(strict=True), core_schema.float_schema(strict=False)])
    written = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=low, le=high)
    return _one_of(
        float, digits, *([words] if flags else []), core_schema.no_info_after_validator_function(whole, written)
    )


def _iso_first(any_day: Any, column: Column) -> Any:
    """Return the rule of dates that reads what is written YYYY-MM-DD without a step in Python."""
    bounds: dict[str, Any] = {"ge": column.minimum, "le": column.maximum}
    text, day = core_schema.str_schema(strict=True, pattern=ISO_DAY), core_schema.date_schema(strict=False, **bounds)
    plain = core_schema.chain_schema([text, day])

    def rule(_source: Any, handler: Any) -> Any:
        return core_schema.union_schema([plain, handler(any_day)], mode="left_to_right")

    return Annotated[date, GetPydanticSchema(rule)]


def _reads_iso(form: CellForm | None) -> bool:
    """Return whether a text like 2021-12-31 can only be that day."""
    return form is None or not form.dates or "%Y-%m-%d" in form.dates


def _one_of(kind: type, *choices: Any) -> Any:
    """Return the rule that accepts what one of some schemas accepts, tried in order; errors are those of the last."""
    rule = core_schema.union_schema(list(choices), mode="left_to_right")
    return Annotated[kind, GetPydanticSchema(lambda _source, _handler: rule)]


def _shown(column: Column) -> dict[str, Any]:
    """Return the JSON schema of a column, without null and description."""
    if column.levels is not None:
        return {"enum": list(column.levels)}
    match column.kind:
        case "date":
            return {"type": "string", "format": "date", "pattern": _years(column)}
        case "flag":
            return {"enum": [True, False, 1, 0]}
        case "category":
            text = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S"}
            number = {"type": "integer", "minimum": -LARGEST_CODE, "maximum": LARGEST_CODE}
            return {"anyOf": [text, number]}
    limits = {"minimum": column.minimum, "maximum": column.maximum}
    return {"type": column.kind, **{key: value for key, value in limits.items() if value is not None}}


def _about(column: Column, more: str) -> dict[str, str]:
    """Return the description of a column: what it is, its unit, and how a text is read; empty where nothing is said."""
    what = ", ".join(part for part in (column.description, f"in {column.unit}" if column.unit else "") if part)
    joined = f"made of {', '.join(column.sources)}, joined by a space" if len(column.sources) > 1 else ""
    said = "; ".join(part for part in (what, joined, *_written(column), more) if part)
    if not column.description:
        said = said[:1].upper() + said[1:]
    return {"description": said} if said else {}


def _written(column: Column) -> list[str]:
    """Return how a text is read, for a column that declares how its cells are written."""
    form = column.form
    if form is None:
        return []
    blank = f"written as {' or '.join(form.missing)} where nothing is known" if form.missing else ""
    if column.is_text:
        return [blank]
    if column.kind == "date":
        more = [_shown_date(one) for one in form.dates or () if one != "%Y-%m-%d"]
        return [f"a text may also be written as {' or '.join(more)}" if more else "", blank]
    marks = [
        f'decimal sign "{form.decimal}"' if form.decimal else "",
        f'thousands separated by "{form.thousands}"' if form.thousands not in (None, "none") else "",
        f"with {' or '.join(form.strip)}" if form.strip else "",
        f"followed by {' or '.join(form.multipliers)}" if form.multipliers else "",
        ", ".join(f"{word} for {number:g}" for word, number in form.number_words.items()),
        f"in a unit that is multiplied by {form.factor:g}" if form.factor != 1.0 else "",
        f"{' or '.join(form.true)} for true, {' or '.join(form.false)} for false" if form.true and form.false else "",
        blank,
    ]
    said = ", ".join(mark for mark in marks if mark)
    return [f"a text is read as in the training file{f' ({said})' if said else ''}"]


def _shown_date(form: str) -> str:
    """Return a form of dates with an example."""
    return f"{date(2021, 12, 31).strftime(form)} ({form})" if "%" in form else form


def _years(column: Column) -> str:
    """Return a pattern of the days whose year is within a column's bounds; JSON schema has no other way."""
    if column.minimum is None and column.maximum is None:
        return f"^(?:[1-9][0-9]{{3}}|0[1-9][0-9]{{2}}|00[1-9][0-9]|000[1-9]){_MONTH_AND_DAY}"
    low, high = (
        date.fromisoformat(str(bound)).year if bound else usual
        for bound, usual in ((column.minimum, 1), (column.maximum, 9999))
    )
    # A bound in the middle of a year leaves that year out, rather than promise days that are refused.
    if column.minimum and not str(column.minimum).endswith("-01-01"):
        low += 1
    if column.maximum and not str(column.maximum).endswith("-12-31"):
        high -= 1
    decades = sorted({year // 10 for year in range(low, high + 1)})
    kept = "|".join(f"{decade:03d}[{max(low - decade * 10, 0)}-{min(high - decade * 10, 9)}]" for decade in decades)
    return f"^({kept}){_MONTH_AND_DAY}"


def _day_reader(form: CellForm | None) -> Callable[[Any], Any]:
    """Return what reads a day: as ISO, with or without a time of day, or in a declared form."""
    formats = (form.dates if form else None) or ("%Y-%m-%d",)

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if form is not None and "%Y-%m-%d" not in formats and (day := convert_value(value, "date", form)) is not None:
            return day
        try:
            return datetime.fromisoformat(value.strip()).date()
        except ValueError:
            if form is not None and (day := convert_value(value, "date", form)) is not None:
                return day
            raise

    return read


def _text(value: Any) -> Any:
    """Read a code that was sent as a number, such as a postal code, as the text that it is."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 or abs(value) > LARGEST_CODE:
        return value
    return str(int(value))
