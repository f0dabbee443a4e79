"""Drafts of the decisions: what each column is by its values, before it is compared with the others."""

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from houseprice.conversion import CellForm, Kind
from houseprice.conversion.series import convert
from houseprice.inference.decisions import Finding, Question
from houseprice.inference.names import words_of
from houseprice.inference.number_forms import NumberShapes
from houseprice.inference.profile import Profile
from houseprice.inference.translations import fold

MOST_SAMPLED = 4000
LEAST_DIFFERENT = 0.1
"""Share of the addresses that are different, where each is that of a house."""


@dataclass
class Draft:
    """A column while it is being decided on."""

    profile: Profile
    kind: Kind = "category"
    form: CellForm = field(default_factory=CellForm)
    unit: str | None = None
    currency: str | None = None
    role: str | None = None
    levels: tuple[int | str, ...] | None = None
    shapes: NumberShapes | None = None
    excluded: str = ""
    order: str = ""
    known: str = "before_sale"
    bounds: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.profile.name

    @property
    def concepts(self) -> tuple[str, ...]:
        """What the name may mean."""
        return self.profile.concepts

    @property
    def concept(self) -> str:
        """What the name means first of all; "" when no list holds it."""
        return self.concepts[0] if self.concepts else ""

    @property
    def words(self) -> str:
        """The plain words of the name."""
        return words_of(self.name)

    @property
    def plain_name(self) -> str:
        """The name in small letters without marks, in its own language."""
        return fold(self.name)

    @property
    def is_number(self) -> bool:
        """Whether the column is one of numbers."""
        return self.kind in ("number", "integer")

    @property
    def usable(self) -> bool:
        """Whether nothing speaks against the column yet."""
        return not self.excluded

    @cached_property
    def sample(self) -> NDArray[np.float64]:
        """Values of evenly spaced rows, NaN where there is none; the same rows for every column."""
        step = max(1, -(-self.profile.raw.len() // MOST_SAMPLED))
        texts = self.profile.raw.gather_every(step)
        return convert(texts, "number", self.form).cast(pl.Float64).fill_null(float("nan")).to_numpy()

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The values of the sample without the missing ones."""
        return self.sample[~np.isnan(self.sample)]

    def median(self) -> float:
        """Return the median of the values; NaN when there is none."""
        return float(np.median(self.values)) if self.values.size else float("nan")

    def share(self, low: float, high: float) -> float:
        """Return the share of values in a range; 0 when there is none."""
        return float(np.mean((self.values >= low) & (self.values <= high))) if self.values.size else 0.0

    def exclude(self, reason: str, verdict: str = "likely", rows: tuple[int, ...] = ()) -> None:
        """Propose to leave the column out."""
        self.excluded = reason
        self.findings.append(Finding("excluded", verdict, reason, rows))  # type: ignore[arg-type]

    def take(self, role: str, verdict: str, reason: str, rows: tuple[int, ...] = ()) -> None:
        """Assign a role to the column."""
        self.role = role
        self.findings.append(Finding("role", verdict, reason, rows))  # type: ignore[arg-type]


def is_code(draft: Draft) -> bool:
    """Return whether digits are names, not amounts: postcodes, identifiers, numbers of houses."""
    texts = draft.profile.as_values.texts
    if any(re.fullmatch(r"0\d{2,}", text) for text in texts) and all(re.fullmatch(r"\d+", text) for text in texts):
        return True
    codes = (
        "postcode",
        "parcel",
        "id",
        "house_number",
        "neighbourhood",
        "city",
        "region",
        "street",
        "address",
        "code",
        "currency",
        "url",
        "description",
    )
    return draft.concept in codes


def names_places(draft: Draft) -> bool:
    """Return whether a column that is called address names places with many sales in each, and no single houses."""
    column = draft.profile.as_texts
    return len(column.texts) < LEAST_DIFFERENT * column.filled
