"""Values that are errors, tokens or sentinels, and columns that are not what their names say."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from corpus.checking import with_role
from houseprice.conversion import CellForm, convert_value
from houseprice.inference import understand
from inference.tables import HOUSES, by_role, column, table

Floats = npt.NDArray[np.float64]


@pytest.mark.parametrize("token", ["0", "1", "-5", "100"])
def test_token_prices_are_not_learned_from(token: str) -> None:
    """They are rejected, and the share that may be is written."""
    prices = [token if house.number % 8 == 0 else str(house.price) for house in HOUSES]
    understood = understand(table(sale_price=prices))
    bound = column(understood, "sale_price").learn_minimum
    assert bound is not None
    assert 100 < bound < min(house.price for house in HOUSES)
    assert understood.max_rejected_share is not None
    assert understood.max_rejected_share > 1 / 8


def test_ordinary_prices_need_no_bound() -> None:
    """Nothing is rejected that was sold."""
    understood = understand(table())
    assert column(understood, "sale_price").learn_minimum is None
    assert understood.max_rejected_share is None


def test_coordinates_far_from_all_others_are_not_learned_from() -> None:
    """A latitude of 0 is no place near the others."""
    latitudes = ["0" if house.number == 9 else str(house.lat) for house in HOUSES]
    found = column(understand(table(lat=latitudes, lon=[str(house.lon) for house in HOUSES])), "lat")
    assert found.learn_minimum is not None
    assert 0 < found.learn_minimum <= min(house.lat for house in HOUSES)


def test_an_area_of_0_is_missing() -> None:
    """No house has it."""
    areas = ["0" if house.number == 9 else str(house.living) for house in HOUSES]
    assert "0" in column(understand(table(living_area=areas)), "living_area").form.missing


def test_numbers_that_stand_for_missing_are_told() -> None:
    """-999 and a year of construction of 0 are no values."""
    understood = understand(
        table(
            depth=["-999" if house.flag else str(house.door) for house in HOUSES],
            year_built=["0" if house.flag else str(house.built) for house in HOUSES],
            floor=["-1" if house.flag else str(house.floor) for house in HOUSES],
        )
    )
    assert column(understood, "depth").form.missing == ("-999",)
    assert column(understood, "year_built").form.missing == ("0",)
    assert column(understood, "floor").form.missing == ()


def test_a_parcel_of_a_building_is_not_that_of_a_house() -> None:
    """Flats of different size share it."""
    found = column(understand(table(parcel_id=[f"P{house.number // 3}" for house in HOUSES])), "parcel_id")
    assert "building" in found.excluded
    assert found.findings[-1].rows


def test_a_parcel_that_is_sold_again_is_that_of_a_house() -> None:
    """It has the same size in every sale."""
    twice = [HOUSES[number // 2] for number in range(200)]
    understood = understand(
        table(
            parcel_id=[f"P{house.number}" for house in twice],
            living_area=[str(house.living) for house in twice],
        )
    )
    assert column(understood, "parcel_id").role == "parcel"


@pytest.mark.parametrize("factor", [0.9, 1.0, 1000.0])
def test_a_near_copy_of_the_price_is_left_out_whatever_it_is_called(factor: float) -> None:
    """It would be known only with the price."""
    found = column(understand(table(foo=[f"{house.price * factor:.0f}" for house in HOUSES])), "foo")
    assert found.excluded


def test_an_honest_column_is_kept() -> None:
    """However well it tells the price."""
    found = column(understand(table(rooms_total=[str(house.rooms) for house in HOUSES])), "rooms_total")
    assert not found.excluded


def test_numbers_in_another_alphabet_of_names_are_looked_at_by_their_values() -> None:
    """One column is as large as prices."""
    texts = table().rename({"sale_price": "價格", "living_area": "面積"})
    assert with_role(understand(texts), "target") == column(understand(texts), "價格")


@pytest.mark.parametrize("rows", [20, 80])
def test_a_file_of_few_rows_is_understood(rows: int) -> None:
    """Nothing needs thousands of rows."""
    assert with_role(understand(table().head(rows)), "target") is not None


def test_a_column_that_is_nearly_empty_is_kept() -> None:
    """Missing values are the normal case."""
    found = column(
        understand(table(pool_area=[str(house.door) if house.number % 20 == 0 else None for house in HOUSES])),
        "pool_area",
    )
    assert (found.excluded, found.kind) == ("", "integer")


def test_many_columns_of_every_kind_at_once() -> None:
    """80 columns, among them empty and constant ones."""
    more = {f"feature {index}": [str(house.door * index % 13) for house in HOUSES] for index in range(2, 80)}
    understood = understand(table(**more, empty=[None] * 200, same=["x"] * 200))
    assert column(understood, "empty").excluded
    assert column(understood, "same").excluded
    assert understood.questions == ()


def test_a_column_with_a_name_of_the_pipeline_is_left_out() -> None:
    """The configuration could not be loaded with it."""
    assert column(understand(table(split=["train", "test"] * 100)), "split").excluded


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("price_range", ["low", "middle", "high", "highest"]),
        ("price_class", ["A", "B", "C", "D"]),
        ("log_price", ["12.1", "12.3", "12.7", "11.9"]),
        ("sold", ["yes", "no", "yes", "yes"]),
        ("status", ["sold", "for_sale", "sold", "sold"]),
        ("price_drop", ["0", "5000", "0", "1000"]),
    ],
)
def test_what_is_made_of_the_price_or_the_sale_is_left_out(name: str, texts: list[str]) -> None:
    """A class of prices is the price, too."""
    assert column(understand(table(**{name: texts * 50})), name).excluded


@pytest.mark.parametrize(
    "curve", [np.sqrt, np.log, lambda price: price**2, lambda price: np.argsort(np.argsort(price))]
)
def test_a_curve_of_the_price_is_left_out_whatever_it_is_called(curve: Callable[[Floats], Floats]) -> None:
    """Its root, its logarithm, its rank."""
    values = curve(np.array([float(house.price) for house in HOUSES]))
    assert column(understand(table(foo=[f"{value:.3f}" for value in values])), "foo").excluded


def test_a_ratio_of_the_price_to_a_count_is_left_out() -> None:
    """A count has few different values."""
    rooms = [house.number % 4 + 1 for house in HOUSES]
    ratios = [f"{house.price / count:.2f}" for house, count in zip(HOUSES, rooms, strict=True)]
    understood = understand(table(bedrooms=[str(count) for count in rooms], foo=ratios))
    assert column(understood, "foo").excluded
    assert not column(understood, "bedrooms").excluded


def test_texts_that_differ_in_case_alone_are_one() -> None:
    """Letters are read as small ones, when learning and in a request; codes of one letter stay."""
    town = [str.upper, str.lower, str.title]
    understood = understand(
        table(
            town=[town[house.number % 3](f"upper place {house.place}") for house in HOUSES],
            class_code=["a" if house.flag else "A" for house in HOUSES],
            street=[f"Street {house.place}" for house in HOUSES],
        )
    )
    assert column(understood, "town").form.case == "lower"
    assert column(understood, "class_code").form.case is None
    assert column(understood, "street").form.case is None


def test_one_endless_cell_leaves_its_column_a_category() -> None:
    """Its row is rejected with the reason; a column of free texts is one of texts."""
    places = [f"Place {house.place}" for house in HOUSES]
    remarks = [f"{number} words about it " * 20 for number in range(200)]
    understood = understand(table(suburb=[*places[:-1], "x" * 300], remarks=remarks))
    assert (column(understood, "suburb").kind, column(understood, "suburb").role) == ("category", "location")
    assert column(understood, "remarks").kind == "text"


def test_a_price_without_values_is_told() -> None:
    """Not that no column is called a price."""
    (question,) = understand(table(sale_price=[None] * 200)).questions
    assert (question.code, question.column) == ("target_empty", "sale_price")


@pytest.mark.parametrize(
    ("name", "fair", "other"),
    [
        ("arms_length", "Y", "N"),
        ("Arm's Length Sale", "yes", "no"),
        ("Not Full Market Price", "No", "Yes"),
        ("sale_qualification", "Q", "U"),
        ("valid_sale", "1", "0"),
        ("QUAL", "Q", "U"),
    ],
)
def test_sales_not_at_arms_length_are_set_aside(name: str, fair: str, other: str) -> None:
    """By the column that says so, which is told, and is no feature."""
    understood = understand(table(**{name: [other if house.number % 9 == 0 else fair for house in HOUSES]}))
    assert understood.only == {name: (fair,)}
    assert column(understood, name).excluded
    assert [note.about for note in understood.notes if note.rows] == ["only"]


@pytest.mark.parametrize("texts", [["Y"] * 200, ["Y", "N", "N", "N"] * 50, ["Normal", "Family"] * 100])
def test_a_column_that_sets_most_sales_aside_means_something_else(texts: list[str]) -> None:
    """Or nothing that is known."""
    assert understand(table(arms_length=texts)).only == {}


@pytest.mark.parametrize("every", [4, 50])
def test_years_that_cannot_be_are_no_reason_to_reject_their_rows(every: int) -> None:
    """They are blanked; where there are none, a request may not hold any either."""
    years = ["20014" if house.number % every == 0 else str(house.built) for house in HOUSES]
    found = column(understand(table(year_built=years)), "year_built")
    assert (found.role, found.minimum, found.maximum) == ("year_built", None, None)
    clean = column(understand(table(year_built=[str(house.built) for house in HOUSES])), "year_built")
    assert (clean.minimum, clean.maximum) == (1000, 2100)


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (lambda price: f"-{price}", "target_not_positive"),
        (lambda price: "0" if price % 3 else "-1", "target_not_positive"),
        (lambda price: "".join(chr(ord("a") + int(digit)) for digit in str(price)), "target_unreadable"),
    ],
)
def test_prices_that_are_none_are_told(write: Callable[[int], str], code: str) -> None:
    """Not that no column is called a price."""
    (question,) = understand(table(sale_price=[write(house.price) for house in HOUSES])).questions
    assert (question.code, question.column) == (code, "sale_price")


def test_digits_of_other_alphabets_are_numbers() -> None:
    """Arabic ones and full-width ones."""
    arabic = str.maketrans("0123456789", "".join(map(chr, range(0x660, 0x66A))))
    wide = str.maketrans("0123456789", "".join(map(chr, range(0xFF10, 0xFF1A))))
    prices, areas = [str(house.price) for house in HOUSES], [str(house.living) for house in HOUSES]
    texts = table(
        sale_price=[one.translate(wide) for one in prices], living_area=[one.translate(arabic) for one in areas]
    )
    understood = understand(texts)
    assert by_role(understood, "target").name == "sale_price"
    assert by_role(understood, "living_area").kind == "number"
    assert convert_value(areas[0].translate(arabic), "number", CellForm()) == float(areas[0])
