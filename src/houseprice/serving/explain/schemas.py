"""Response models of explanations and comparable sales."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from houseprice.serving.prediction import Day
from houseprice.serving.valuation import ValuedPrediction, not_null


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a column, or a group of columns, adds to the price."""

    name: Annotated[str, Field(description="The column, or the name of a group of columns")]
    columns: Annotated[list[str], Field(description="Columns of the request in the group")]
    values: Annotated[dict[str, Any], Field(description="Their values in the request; null when not given")]
    amount: Annotated[float, Field(description="Amount added to the base price, in the currency; may be negative")]
    text: Annotated[str, Field(description="The contribution in words")]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a price: base price and all amounts add up to it, to the cent."""

    predicted_price: Annotated[float, Field(description="Price on the valuation date, as from /predict")]
    base_price: Annotated[float, Field(description="Mean price of the background of sold houses")]
    base_houses: Annotated[int, Field(description="Number of houses in the background")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[Day | None, Field(description="Day that the price is for; null where sales have no date")]
    contributions: Annotated[list[Contribution], Field(description="Largest absolute amount first")]
    summary: Annotated[str, Field(description="The explanation in one sentence")]
    model_version: Annotated[str, Field(description="Version of the model")]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One step from the price paid for a sold house to its adjusted price."""

    name: Annotated[str, Field(description="`market`, or the column or group of columns in which the houses differ")]
    amount: Annotated[float, Field(description="Amount added, in the currency; may be negative")]


@dataclass(frozen=True, slots=True)
class Comparable:
    """A sold house that is similar to the one in the request; price and adjustments add up to the adjusted price."""

    id: Annotated[str, Field(description="Name of the sale, made of its values, for `include` and `exclude`")]
    sale_date: Annotated[Day | None, Field(description="Day on which it was sold; null where it is not known")]
    price: Annotated[float, Field(description="Price paid on that day")]
    time_adjusted_price: Annotated[
        float, Field(description="Price paid, carried to the valuation date by the market trend")
    ]
    adjusted_price: Annotated[
        float, Field(description="Time-adjusted price, moved to the attributes of the house in the request")
    ]
    adjustments: Annotated[
        list[Adjustment],
        Field(description="`market` first where sales have dates, then the differences, largest absolute amount first"),
    ]
    distance: Annotated[
        float, Field(description="Share of a price that the differences between the two houses are worth")
    ]
    weight: Annotated[float, Field(description="Share in the reconciled value; all weights add up to 1")]
    alike_in: Annotated[list[str], Field(description="Most important things in common")]
    different_in: Annotated[list[str], Field(description="Most important differences; may be empty")]
    text: Annotated[str, Field(description="Similarity and differences in one sentence")]
    house: Annotated[dict[str, Any], Field(description="The sold house, in the form of a request")]


@dataclass(slots=True)
class PredictionWithParts(ValuedPrediction):
    """The prediction of one house, with the parts that `include` asks for."""

    explanation: Annotated[
        Explanation | SkipJsonSchema[None],
        Field(description="As from /explain, when requested", json_schema_extra=not_null),
    ] = None
    comparables: Annotated[
        list[Comparable] | SkipJsonSchema[None],
        Field(description="As from /comparables, when requested", json_schema_extra=not_null),
    ] = None


@dataclass(frozen=True, slots=True)
class Comparables:
    """The sold houses that are most similar to the one in the request, most similar first."""

    comparables: list[Comparable]
    reconciled_value: Annotated[
        float | None, Field(description="Weighted mean of the adjusted prices; null without comparables")
    ]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[
        Day | None, Field(description="Day that the adjusted prices are for; null where sales have no date")
    ]
    model_version: Annotated[str, Field(description="Version of the model")]
