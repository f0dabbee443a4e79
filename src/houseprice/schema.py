"""Schema of a house sale: columns with kinds, units, ranges and roles.

It is declared in `configs/model_config.yaml`. The checks of the raw table, the request model of the API with its
OpenAPI document, the inputs of the ONNX graph and the model card are derived from it.
"""

import re
from contextlib import suppress
from datetime import date
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from houseprice.conversion.form import CellForm, Kind
from houseprice.conversion.value import normalized

Role = Literal[
    "target", "parcel", "sale_date", "living_area", "lot_area", "latitude", "longitude", "year_built",
    "year_renovated", "bedrooms", "bathrooms", "neighbour_living_area", "neighbour_lot_area", "location", "quality",
    "address",
]  # fmt: skip
Known = Literal["before_sale", "at_sale"]
RESERVED = (
    "row", "reasons", "split", "sale_group", "processed_sha256", "predicted_price", "interval_low", "interval_high",
    "fsd", "confidence", "warnings",
)  # fmt: skip
"""Columns that the pipeline adds to a table, whose names no column of a house may have."""

ROLE_KINDS: dict[str, tuple[Kind, ...]] = {
    "target": ("number", "integer"),
    "parcel": ("category",),
    "sale_date": ("date",),
    "latitude": ("number",),
    "longitude": ("number",),
    "living_area": ("number", "integer"),
    "lot_area": ("number", "integer"),
    "year_built": ("number", "integer"),
    "year_renovated": ("number", "integer"),
    "bedrooms": ("number", "integer"),
    "bathrooms": ("number", "integer"),
    "neighbour_living_area": ("number", "integer"),
    "neighbour_lot_area": ("number", "integer"),
    "address": ("category",),
}
"""Role → kinds that a column with it may have."""

LONGEST_TEXT = 200
"""Characters that a category may have, in a sale and in a request."""


NO_CURRENCY = "XXX"
"""The code that ISO 4217 gives to transactions without a currency; here, of prices whose currency is not known."""


def currency_in_words(code: str) -> str:
    """Return a currency as it stands in a sentence."""
    return "an unknown currency" if code == NO_CURRENCY else code


def amount_in_words(amount: float) -> str:
    """Return an amount in whole units; a small one, such as a price per area, with three digits."""
    return f"{amount:,.0f}" if abs(amount) >= 100 or amount == 0 else f"{amount:.3g}"


def money(amount: float, currency: str) -> str:
    """Return an amount with its currency where that is known."""
    return amount_in_words(amount) + ("" if currency == NO_CURRENCY else f" {currency}")


def canonical_code(text: str, decimal: str = ".") -> str:
    """Return a code as it is written by itself: programs that take 98178 for a number write 98178.0."""
    found = re.fullmatch(WHOLE_NUMBER.format(re.escape(decimal)), text)
    return found[1] if found else text


WHOLE_NUMBER = r"(-?[0-9]+){}0+"
"""Pattern of a whole number that is written with a fraction, with a place for the escaped decimal sign."""


def _level(value: Any) -> Any:
    """Accept whole numbers and texts; a boolean such as YAML's yes is not a level."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("expected a whole number or a text")
    return value


def _bound(value: Any) -> Any:
    """Accept numbers and dates, the latter also as texts."""
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    if isinstance(value, bool) or not (isinstance(value, int | date) or (isinstance(value, float) and isfinite(value))):
        raise ValueError("expected a finite number, or a date as 2015-05-27")
    return value


Level = Annotated[int | str, BeforeValidator(_level)]
Bound = Annotated[int | float | date, BeforeValidator(_bound)]


_NUMBER = ("decimal", "thousands", "strip", "multipliers", "factor", "number_words", "ranges", "duration", "missing")
FORMS: dict[Kind, tuple[str, ...]] = {
    "number": _NUMBER,
    "integer": _NUMBER,
    "date": ("dates", "month_names", "missing"),
    "flag": ("true", "false", "missing"),
    "category": ("decimal", "missing", "case"),
    "ordinal": ("decimal", "missing"),
    "text": ("missing",),
}
"""Kind → what there is to say about how its cells are written."""


class Column(BaseModel):
    """One column of the raw table.

    `known` tells when its value is known: a column that is only known at the sale may not be a feature.
    `minimum` and `maximum` are what a request may hold; a sale outside the narrower `learn_minimum` and
    `learn_maximum` is rejected from training. `form` says how its cells are written, and `from` (here `sources`) which
    columns of the file it is made of, joined by a space; without, that of its own name. Only requests care whether it
    is `required`: of a sale, nothing but the price must be known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True)

    kind: Kind
    description: str = ""
    form: CellForm | None = None
    sources: Annotated[tuple[str, ...], Field(alias="from")] = ()
    unit: str | None = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    learn_minimum: Bound | None = None
    learn_maximum: Bound | None = None
    levels: tuple[Level, ...] | None = None
    role: Role | None = None
    known: Known = "before_sale"
    required: bool = True

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        faults = []
        if self.kind == "ordinal" and not self.levels:
            faults.append("an ordinal column needs its levels, lowest first")
        if self.levels is not None and self.kind not in ("ordinal", "category"):
            faults.append(f'levels belong to ordinal and category columns, not to kind "{self.kind}"')
        if self.levels and len({type(level) for level in self.levels}) > 1:
            faults.append("levels must be all numbers or all texts")
        if self.levels and len(set(self.levels)) < len(self.levels):
            faults.append("a level is given twice")
        if len(set(self.sources)) < len(self.sources):
            faults.append("from names a column twice")
        if self.levels and self.form is not None and self.form.case:
            faults.append("form.case belongs to categories without levels")
        if self.levels and any(len(str(level)) > LONGEST_TEXT for level in self.levels):
            faults.append(f"a level is longer than {LONGEST_TEXT} characters")
        ends = (self.minimum, self.learn_minimum, self.learn_maximum, self.maximum)
        bounds = [bound for bound in ends if bound is not None]
        if bounds and self.kind not in ("number", "integer", "date"):
            faults.append(f'a range belongs to number, integer and date columns, not to kind "{self.kind}"')
        elif any(isinstance(bound, date) != (self.kind == "date") for bound in bounds):
            faults.append(f"the range of a {self.kind} column is given with values of another kind")
        else:
            pairs = [(low, high) for low, high in pairwise(bounds) if low > high]  # type: ignore[operator]  # of one kind
            faults += [f"{low} is above {high}; a range narrows from allowed to learned" for low, high in pairs]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_text(self) -> bool:
        """Whether the column is text for the model; every other kind reaches it as a number."""
        return self.kind in ("category", "text") or (
            self.kind == "ordinal" and isinstance((self.levels or ("",))[0], str)
        )

    @property
    def cell_kind(self) -> Kind:
        """Kind by which its cells are read: levels that are numbers are whole ones."""
        return "integer" if self.kind == "ordinal" and not self.is_text else self.kind

    def with_form(self, defaults: CellForm) -> Self:
        """Return this column with what its form leaves open taken from that of the file, as far as its kind has it."""
        form = (self.form or CellForm()).with_defaults(defaults)
        kept = CellForm(**{name: getattr(form, name) for name in FORMS[self.kind]})
        if kept.decimal == ".":  # as it is where nothing is said
            kept = kept.model_copy(update={"decimal": None})
        return self.model_copy(update={"form": None if kept == CellForm() else kept})

    @cached_property
    def canonical_levels(self) -> dict[str, str]:
        """Canonical code of each declared level, and the level itself → the level."""
        levels = [str(level) for level in self.levels or ()]
        return {canonical_code(level): level for level in levels} | {level: level for level in levels}

    def canonical(self, text: str, decimal: str = ".") -> str:
        """Return a text of this column in its one form: a declared level, or else a code without a ".0" behind it."""
        text = normalized(text)
        if self.form is not None and self.form.case:
            text = text.lower()
        code = canonical_code(text, decimal)
        return self.canonical_levels.get(text, self.canonical_levels.get(code, code))


class Schema(BaseModel):
    """The columns of a house sale, in the order in which they are declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, Column]

    @model_validator(mode="after")
    def _has_its_roles(self) -> Self:
        faults = [
            f'"{name}" is reserved for a column that the pipeline adds' for name in RESERVED if name in self.columns
        ]
        seen: dict[str, str] = {}
        for name, column in self.columns.items():
            if column.role in seen:
                faults.append(f'role "{column.role}" is given to both "{seen[column.role]}" and "{name}"')
            elif column.role is not None:
                seen[column.role] = name
        if "target" not in seen:
            faults.append('no column has the role "target"')
        elif not self.columns[seen["target"]].required:
            faults.append(f'"{seen["target"]}" has the role "target" and must be required')
        for role, name in seen.items():
            if (kinds := ROLE_KINDS.get(role)) and self.columns[name].kind not in kinds:
                faults.append(f'"{name}" has the role "{role}" and must be of kind {" or ".join(kinds)}')
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def named(self, role: Role) -> str:
        """Return the name of the column that has a role.

        Raises:
            KeyError: No column has it.
        """
        for name, column in self.columns.items():
            if column.role == role:
                return name
        raise KeyError(role)

    def roles(self) -> dict[str, str]:
        """Return role → column name."""
        return {column.role: name for name, column in self.columns.items() if column.role}

    @cached_property
    def target(self) -> str:
        """Name of the sale price."""
        return self.named("target")

    @cached_property
    def parcel(self) -> str | None:
        """Name of the column that identifies the house of a sale; None where there is none."""
        return self.roles().get("parcel")

    @cached_property
    def sale_date(self) -> str | None:
        """Name of the date of the sale, in a request the valuation date; None where sales have no date."""
        return self.roles().get("sale_date")

    @cached_property
    def request_roles(self) -> dict[str, str]:
        """Role → name of each column of a request that has one."""
        return {role: name for role, name in self.roles().items() if name in self.request}

    @cached_property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """Columns → the columns of the file that each is made of."""
        return {name: column.sources or (name,) for name, column in self.columns.items()}

    @cached_property
    def file_columns(self) -> tuple[str, ...]:
        """The columns of the file that are read, each once."""
        return tuple(dict.fromkeys(source for sources in self.sources.values() for source in sources))

    @cached_property
    def request(self) -> dict[str, Column]:
        """The columns of a request: all that are known before the sale, and the date.

        The identifier and free texts are left out, from which no feature is made.
        """
        out = {self.target, self.parcel}
        return {
            name: column
            for name, column in self.columns.items()
            if name not in out and column.kind != "text" and (column.known == "before_sale" or name == self.sale_date)
        }
