"""What each alarm is called, what it means and what to do, as the report says it."""

from typing import NamedTuple


class Wording(NamedTuple):
    """Title, meaning and remedy of an alarm."""

    title: str
    meaning: str
    remedy: str


WORDS = {
    "market_above": Wording(
        "Prices above the predictions",
        "All houses sell for more than is predicted: the market has moved on from the model's index.",
        "Retrain with the sales that have come in. Until then, predictions are too low by about the market drift.",
    ),
    "market_below": Wording(
        "Prices below the predictions",
        "All houses sell for less than is predicted: the market has moved on from the model's index.",
        "Retrain with the sales that have come in. Until then, predictions are too high by about the market drift.",
    ),
    "coverage": Wording(
        "Interval coverage",
        "Fewer prices lie in their prediction interval than it promises.",
        "Look at the inputs first: a fault there widens the errors. Otherwise retrain, which calibrates the intervals.",
    ),
    "error_scale": Wording(
        "Scale of the errors",
        "Errors are larger than those of the holdout were, for houses of the same expected error.",
        "Look at the inputs and slices first. If the houses have changed in kind, retrain with sales of that kind.",
    ),
    "slice": Wording(
        "One region or category",
        "Prices in one place have moved away from the predictions by themselves.",
        "Look at the sales of that slice; retrain with them. Do not use predictions there without a check until then.",
    ),
    "inputs": Wording(
        "Distribution of a column",
        "What is asked is distributed otherwise than the training sales in a column that matters.",
        "Ask the client what has changed: units, columns in another order, defaults. A real change of customers needs "
        "sales of such houses to learn from.",
    ),
    "unknown_category": Wording(
        "Unknown categories",
        "More requests than usual have a category that training has not seen, such as a new postcode.",
        "Correct the spelling at the client, or retrain once there are sales with it.",
    ),
    "outside_range": Wording(
        "Numbers outside of training",
        "More requests than usual have a number where training had none, such as an area in another unit.",
        "Ask the client what has changed, units first; houses of another size need sales of such houses to learn from.",
    ),
    "expected_error": Wording(
        "Expected error",
        "The model itself expects larger errors for what is asked than for the holdout.",
        "Houses of another kind are asked, or the newest training sale lies long back: retrain.",
    ),
    "dates": Wording(
        "Valuation dates",
        "Many valuation dates are far from the day on which they are asked.",
        "Check the clock of client and server, and the order of day, month and year.",
    ),
    "repeats": Wording(
        "Repeated requests",
        "Many requests of a day repeat another one with the same inputs.",
        "Look for a client that retries what was answered, or a job that runs twice.",
    ),
}
"""Name of an alarm → its words."""
ON_SALES = ("market_above", "market_below", "coverage", "error_scale", "slice")
"""Alarms on prices paid, whose observations are sales; those of the others are days."""
