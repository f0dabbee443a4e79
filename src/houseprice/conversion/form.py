"""How the cells of a column are written: marks of numbers, forms of dates, words of flags, missing marks."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["number", "integer", "category", "ordinal", "flag", "date", "text"]

DATE_WORDS = ("epoch_seconds", "epoch_milliseconds", "excel_serial", "decimal_year", "year_quarter")
"""Forms of dates that no strptime format describes."""

DIRECTIVES = frozenset("YymdbBaAHIMSfzp%")
"""Directives of strptime that a date format may hold."""


class CellForm(BaseModel):
    """How the cells of one column are written; what is None or empty is taken from the defaults of the file.

    Attributes:
        decimal: the decimal sign.
        thousands: what stands between groups of three digits; `none` says that nothing does.
        strip: currency signs and units that may stand before or behind a number, in any case of letters.
        multipliers: what may stand behind a number and multiplies it, such as `k: 1000`, in this case of letters.
        factor: what a number is multiplied by after it was read, for a unit that is converted.
        number_words: texts that stand for a number, such as `Ground floor: 0`, in any case of letters.
        ranges: `midpoint` reads "10 TO 12" as 11, and "5+" as 5.
        duration: `years` reads "61 years 04 months" as 61.33.
        dates: strptime formats, or words of `DATE_WORDS`; the first that fits counts. A date without a day is the
            first of its month.
        month_names: name of a month → its number; replaced, in any case of letters, before a format is applied.
        true: words that mean yes, in any case of letters.
        false: words that mean no.
        missing: texts that mean that there is no value, in any case of letters.
        case: `lower` reads the letters of a category as small ones, where it is written in several ways.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'", "none"] | None = None
    strip: tuple[str, ...] = ()
    multipliers: dict[str, float] = {}
    factor: Annotated[float, Field(gt=0)] = 1.0
    number_words: dict[str, float] = {}
    ranges: Literal["midpoint"] | None = None
    duration: Literal["years"] | None = None
    dates: tuple[str, ...] | None = None
    month_names: dict[str, Annotated[int, Field(ge=1, le=12)]] = {}
    true: tuple[str, ...] | None = None
    false: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    case: Literal["lower"] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        faults = []
        if self.decimal is not None and self.decimal == self.thousands:
            faults.append(f'decimal and thousands are both "{self.decimal}"')
        if any(not text.strip() for text in (*self.strip, *self.multipliers)):
            faults.append("strip and multipliers hold no blank texts")
        if self.dates == ():
            faults.append("dates names at least one format")
        for form in self.dates or ():
            faults += _faults_of_format(form)
        both = {word.casefold() for word in self.true or ()} & {word.casefold() for word in self.false or ()}
        faults += [f'"{word}" means both true and false' for word in sorted(both)]
        if (self.true is None) != (self.false is None):
            faults.append("true and false are given together")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def with_defaults(self, defaults: Self) -> Self:
        """Return this form with what it leaves open taken from that of the file; missing marks are joined."""
        open_ones = {
            name: value
            for name, value in dict(defaults).items()
            if getattr(self, name) == type(self).model_fields[name].get_default(call_default_factory=True)
        }
        missing = tuple(dict.fromkeys((*defaults.missing, *self.missing)))
        # A form that sets one mark of numbers makes sense with the other only if they differ.
        if self.decimal is not None and self.thousands is None and defaults.thousands == self.decimal:
            open_ones.pop("thousands", None)
        if self.thousands is not None and self.decimal is None and defaults.decimal == self.thousands:
            open_ones["decimal"] = "," if self.thousands == "." else "."
        return self.model_copy(update={**open_ones, "missing": missing})


def _faults_of_format(form: str) -> list[str]:
    if form in DATE_WORDS:
        return []
    parts = form.split("%%")
    directives = [piece[:1] for part in parts for piece in part.split("%")[1:]]
    unknown = sorted({f"%{letter}" for letter in directives if letter not in DIRECTIVES})
    if unknown:
        return [f'the date format "{form}" holds {", ".join(unknown)}, which is not known']
    if not {"Y", "y"} & set(directives):
        known = ", ".join(DATE_WORDS)
        return [f'the date format "{form}" holds no year (%Y); formats are those of strptime, or one of {known}']
    return []
