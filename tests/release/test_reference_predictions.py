"""What the sealed model answers without a server."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from houseprice.bundle.load import open_bundle
from houseprice.errors import ArtifactError
from houseprice.release.reference_predictions import answers, difference, log_rmse


def test_a_house_reaches_the_graph_as_it_was_asked(tiny_bundle: Path) -> None:
    """Dates become days, texts stay texts, and what is missing is missing for the model, too."""
    house = {"date": "1970-01-11", "sqft_living": 1000, "floors": 1, "zipcode": "98103"}
    one, elsewhere, without, half = answers(
        open_bundle(tiny_bundle),
        [house, house | {"zipcode": "98178"}, house | {"floors": None}, house | {"date": "1970-01-11T12:00:00"}],
    )
    assert one == {"predicted_price": 300_020.0, "interval_low": 240_016.0, "interval_high": 375_025.0}
    assert elsewhere["predicted_price"] == one["predicted_price"] - 50_000
    assert without["predicted_price"] == one["predicted_price"] - 50_000
    assert half == one


def test_a_house_without_a_date_is_valued_at_the_reference_date(tiny_bundle: Path) -> None:
    """A request that gives no day gets the price of the newest day that was learned from."""
    house = {"sqft_living": 1000, "zipcode": "98103"}
    without, given = answers(open_bundle(tiny_bundle), [house, house | {"date": "2015-05-27"}])
    assert without == given


def test_no_houses_have_no_answers(tiny_bundle: Path) -> None:
    """Nobody asked, nothing answered."""
    assert answers(open_bundle(tiny_bundle), []) == []


def test_a_graph_that_asks_for_more_than_a_request_holds_is_refused(tiny_bundle: Path) -> None:
    """A model that needs a column which no request may carry cannot be asked offline, and that is said."""
    bundle = open_bundle(tiny_bundle)
    columns = {name: column for name, column in bundle.manifest.schema_.columns.items() if name != "floors"}
    schema = bundle.manifest.schema_.model_copy(update={"columns": columns})
    foreign = replace(bundle, manifest=bundle.manifest.model_copy(update={"schema_": schema}))
    with pytest.raises(ArtifactError, match='asks for "floors", which no request holds'):
        answers(foreign, [{"sqft_living": 1000, "zipcode": "98103"}])


def test_log_rmse_is_the_textbook_one() -> None:
    """One price right and one off by a factor of e gives the root of a half."""
    said = [{"predicted_price": 100.0}, {"predicted_price": 100.0 * math.e}]
    assert log_rmse(said, [100.0, 100.0]) == pytest.approx(math.sqrt(0.5))


@pytest.mark.parametrize(
    ("found", "expected", "far"),
    [
        (100.0, 100.0, 0.0),
        (101.0, 100.0, 0.01),
        (math.nan, 100.0, math.inf),
        (100.0, math.nan, math.inf),
        (math.inf,) * 3,
    ],
)
def test_what_is_no_number_differs_infinitely(found: float, expected: float, far: float) -> None:
    """Differences are relative, and NaN is never near anything."""
    assert difference(found, expected) == pytest.approx(far)


def test_another_model_answers_otherwise(tiny_bundle: Path, seal: Callable[..., Path]) -> None:
    """Two sealed models are told apart by their answers."""
    house = {"sqft_living": 1000, "zipcode": "98103"}
    assert answers(open_bundle(tiny_bundle), [house]) != answers(open_bundle(seal("other", 201.0)), [house])
