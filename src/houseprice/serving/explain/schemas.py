"""What explanations and comparisons give back: values only, as they stand in the answers."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from houseprice.serving.prediction import Prediction

Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one column, or some that only make sense together, does to the price."""

    name: Annotated[str, Field(description="The column, or the name of the columns that are told together")]
    columns: Annotated[list[str], Field(description="Columns of the request that it is about")]
    values: Annotated[dict[str, Any], Field(description="What the request held; null was not given")]
    amount: Annotated[float, Field(description="What it adds to the base price, in the currency; negative takes away")]
    text: Annotated[str, Field(description="The same in words")]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the price of a house comes about: base price and all amounts add up to it, to the cent."""

    predicted_price: Annotated[float, Field(description="Price on the valuation date, as /predict gives it")]
    base_price: Annotated[float, Field(description="Mean price of the sold houses that it is compared with")]
    base_houses: Annotated[int, Field(description="How many those are")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[Day, Field(description="Day that the price is for")]
    contributions: Annotated[list[Contribution], Field(description="Largest first, whichever way it goes")]
    summary: Annotated[str, Field(description="The whole in a sentence")]
    model_version: Annotated[str, Field(description="Which sealed model answered")]


@dataclass(frozen=True, slots=True)
class Comparable:
    """A sold house that the model finds like the one asked about."""

    sale_date: Annotated[Day, Field(description="Day on which it was sold")]
    price: Annotated[float, Field(description="What was paid that day")]
    adjusted_price: Annotated[float, Field(description="The same at the market's level of the valuation date")]
    distance: Annotated[
        float, Field(description="How far apart the two are: the share of a price that their differences stand for")
    ]
    alike_in: Annotated[list[str], Field(description="What matters most of what they have in common")]
    different_in: Annotated[list[str], Field(description="What sets them apart most; empty is good")]
    text: Annotated[str, Field(description="Why it is similar, in a sentence")]
    house: Annotated[dict[str, Any], Field(description="The sold house, as a request would hold it")]


def _not_null(shown: dict[str, Any]) -> None:
    """A part that was not asked for is left out; it is never null."""
    del shown["default"]


@dataclass(frozen=True, slots=True)
class Whole(Prediction):
    """What the model answers for one house, with the parts that were asked for by `include`."""

    explanation: Annotated[
        Explanation | SkipJsonSchema[None],
        Field(description="As /explain gives it, when asked for", json_schema_extra=_not_null),
    ] = None
    comparables: Annotated[
        list[Comparable] | SkipJsonSchema[None],
        Field(description="As in /comparables, the nearest first, when asked for", json_schema_extra=_not_null),
    ] = None


@dataclass(frozen=True, slots=True)
class Comparables:
    """The sold houses that are most like the one asked about, the nearest first."""

    comparables: list[Comparable]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[Day, Field(description="Day that the adjusted prices are for")]
    model_version: Annotated[str, Field(description="Which sealed model says what is alike")]
