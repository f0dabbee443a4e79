"""What the page knows of a model: the columns of its form with a typical house, and where the model comes from."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from houseprice.bundle.load import Bundle
from houseprice.bundle.manifest import Manifest
from houseprice.conversion.form import Kind
from houseprice.schema import NO_CURRENCY, Column, Role
from houseprice.serving.page.form_groups import GROUPS, Group, form_group
from houseprice.serving.page.typical_house import typical_house
from houseprice.serving.request import is_optional
from houseprice.serving.scorer import Scorer

MAX_CHOICES = 2000
"""Categories beyond which a column is free text in the form, as addresses are."""


class Learned(BaseModel):
    """Range of a column in the training sales."""

    minimum: float
    maximum: float


class Choice(BaseModel):
    """A value that a column may have."""

    value: str | int
    count: Annotated[int | None, Field(description="Training sales that have it")]


class PageColumn(BaseModel):
    """A column of a house, as the form shows it."""

    name: str
    group: Group
    kind: Literal["number", "integer", "ordinal", "category", "flag", "date"]
    role: Role | None
    unit: str | None
    description: str
    required: bool
    minimum: Annotated[
        int | float | str | None, Field(description="Least value that a request may hold; a date as text")
    ]
    maximum: Annotated[int | float | str | None, Field(description="Largest value that a request may hold")]
    learned: Annotated[Learned | None, Field(description="Range in the training sales")]
    choices: Annotated[
        list[Choice] | None, Field(description="Levels, lowest first, or categories, most frequent first")
    ]
    typical: Annotated[
        str | bool | int | float | None, Field(description="Value of the typical house; null is left empty")
    ]
    importance: Annotated[float, Field(ge=0, description="Share in the explanations of prices")]


class PageSales(BaseModel):
    """The sales of a bundle."""

    count: int
    map: Annotated[bool, Field(description="Whether they have coordinates, so that `/sales` answers")]


class PageConfig(BaseModel):
    """What the page is made from."""

    title: str
    currency: Annotated[str | None, Field(description="ISO 4217 code; null where it is not known")]
    model_version: str
    manifest_sha256: str
    reference_date: Annotated[str | None, Field(description="Newest training sale")]
    coverage: Annotated[float, Field(description="Nominal coverage of the intervals")]
    max_fsd: Annotated[float, Field(description="Forecast standard deviation above which a value is not recommended")]
    functional: Literal["median", "mean"]
    fitted_on: str
    sale_count: Annotated[int, Field(description="Sales that the model was fitted on")]
    columns: Annotated[list[PageColumn], Field(description="In the order of the form")]
    sales: Annotated[PageSales | None, Field(description="Null where the bundle holds no sales")]
    history: Annotated[bool, Field(description="Whether sales have dates, so that `/history` answers")]
    max_rows: Annotated[int, Field(description="Houses in one batch")]
    gates_passed: bool


def page_config(bundle: Bundle, scorer: Scorer, sale_count: int, max_rows: int, *, has_map: bool) -> PageConfig:
    """Return what the page knows of a bundle's model.

    Args:
        bundle: the model.
        scorer: predicts with it.
        sale_count: the sales that the bundle holds.
        max_rows: houses in one batch.
        has_map: whether the sales have places.

    Raises:
        ServingError: The model failed.
    """
    manifest, schema = bundle.manifest, bundle.manifest.schema_
    typical = typical_house(bundle, scorer)
    count = sale_count or _fitted_on(manifest)
    columns = [
        _page_column(bundle, name, column, typical.get(name), count, required=not is_optional(schema, name))
        for name, column in schema.request.items()
    ]
    currency = manifest.project["currency"]
    return PageConfig(
        title=manifest.project["name"],
        currency=None if currency == NO_CURRENCY else currency,
        model_version=manifest.model_version,
        manifest_sha256=manifest.digest,
        reference_date=manifest.reference_date,
        coverage=manifest.coverage,
        max_fsd=manifest.max_fsd,
        functional="mean" if manifest.functional == "mean" else "median",
        fitted_on=manifest.fitted_on,
        sale_count=count,
        columns=sorted(columns, key=lambda column: GROUPS.index(column.group)),
        sales=PageSales(count=sale_count, map=has_map) if sale_count else None,
        history=bool(schema.sale_date and bundle.explanation.get("market_index")),
        max_rows=max_rows,
        gates_passed=manifest.passed,
    )


def _fitted_on(manifest: Manifest) -> int:
    """Return how many sales the model was fitted on, by its metrics."""
    sides = manifest.metrics["sides"]
    return int(sides["train"]) + (int(sides["holdout"]) if manifest.fitted_on == "all sales" else 0)


def _page_column(bundle: Bundle, name: str, column: Column, typical: Any, sales: int, *, required: bool) -> PageColumn:
    reference: Mapping[str, Any] = bundle.reference.get(name, {})
    weights = bundle.explanation.get("weights", {})
    return PageColumn(
        name=name,
        group=form_group(name, column),
        kind=_kind(column.kind),
        role=column.role,
        unit=column.unit,
        description=column.description,
        required=required,
        minimum=_bound(column.minimum),
        maximum=_bound(column.maximum),
        learned=_learned(column, reference),
        choices=_choices(column, reference, sales),
        typical=typical,
        importance=weights.get(name, 0.0) if weights else reference.get("importance", 0.0),
    )


def _kind(kind: Kind) -> Literal["number", "integer", "ordinal", "category", "flag", "date"]:
    return "category" if kind == "text" else kind


def _bound(bound: float | date | None) -> int | float | str | None:
    return bound.isoformat() if isinstance(bound, date) else bound


def _learned(column: Column, reference: Mapping[str, Any]) -> Learned | None:
    ends = reference.get("minimum"), reference.get("maximum")
    if None in ends or column.kind not in ("number", "integer", "ordinal"):
        return None
    return Learned(minimum=float(ends[0]), maximum=float(ends[1]))  # type: ignore[arg-type]  # neither is None


def _choices(column: Column, reference: Mapping[str, Any], sales: int) -> list[Choice] | None:
    """Return what may be chosen; None where anything may be written."""
    counts: dict[str | int, int | None] = dict(reference.get("levels", {}))
    if column.levels is not None:
        if "values" in reference:  # numbers, each with its share
            known = sales * (1.0 - reference["blank_share"])
            shares = zip(reference["values"], reference["shares"][1:-1], strict=True)
            counts = {int(value): round(share * known) for value, share in shares}
        unseen = 0 if counts else None
        found = [Choice(value=level, count=counts.get(level, unseen)) for level in column.levels]
        return found if column.kind == "ordinal" else sorted(found, key=lambda choice: -(choice.count or 0))
    if column.kind != "category" or column.role == "address" or len(counts) > MAX_CHOICES:
        return None
    return [
        Choice(value=level, count=counts[level]) for level in sorted(counts, key=lambda level: -(counts[level] or 0))
    ]
