"""Rows that are no sales, or parts of one; and cells of forms that few files have."""

# ruff: noqa: RUF001 - letters of other alphabets
from collections.abc import Callable

import pytest

from houseprice.conversion import CellForm, convert_value
from houseprice.inference import understand
from inference.tables import HOUSES, by_role, column, table


@pytest.mark.parametrize(
    ("sale", "other"),
    [("Sales", "Mortgages"), ("Vente", "Echange"), ("Compraventa", "Donación"), ("Verkauf", "Tausch")],
)
def test_transfers_that_are_no_sales_are_set_aside(sale: str, other: str) -> None:
    """A gift has no price in the market; a resale is a sale."""
    texts = [other if house.number % 9 == 0 else sale for house in HOUSES]
    found = understand(table(nature=texts))
    assert found.only == {"nature": (sale,)}
    assert column(found, "nature").excluded
    assert understand(table(nature=["Resale" if text == other else text for text in texts])).only == {}


def test_a_fee_by_the_month_is_no_rent() -> None:
    """It is known before the sale; the rent of a house is not its price."""
    monthly: list[str | None] = [f"{house.door} €/mois" for house in HOUSES]
    found = understand(table(Charges=monthly, loyer=monthly))
    assert (column(found, "Charges").excluded, bool(column(found, "loyer").excluded)) == ("", True)


def test_half_rooms_are_numbers() -> None:
    """As Swiss portals write them."""
    rooms = [f"{house.rooms}½" if house.flag else str(house.rooms) for house in HOUSES]
    found = column(understand(table(Zimmer=rooms)), "Zimmer")
    assert (found.kind, found.role) == ("number", "bedrooms")
    assert found.form != CellForm(), "a request is read by a form only where the column has one"


def test_an_energy_class_that_is_not_told_is_missing() -> None:
    """The others keep their order."""
    classes = ["NC" if house.flag else "GFEDCBA"[house.grade] for house in HOUSES]
    found = column(understand(table(DPE=classes)), "DPE")
    assert (found.kind, found.form.missing) == ("ordinal", ("NC",))


def test_a_sale_in_several_rows_is_told() -> None:
    """Each of its rows has the price of all; flats of one house that are sold on other days are no such rows."""
    two = [HOUSES[number // 2] for number in range(200)]
    columns: dict[str, list[str | None]] = {
        "sale_price": [str(house.price) for house in two],
        "sale_date": [house.day.isoformat() for house in two],
        "address": [f"{house.number} {house.street}" for house in two],
        "part": ["house" if number % 2 else "garage" for number in range(200)],
    }
    assert any(note.about == "file" and note.rows == (1, 2) for note in understand(table(**columns)).notes)
    columns["sale_date"] = [house.day.isoformat() for house in HOUSES]
    assert not any(note.rows for note in understand(table(**columns)).notes)


def test_states_that_no_list_has_are_no_sales() -> None:
    """Where other rows say that they were sold, and others that they were not."""
    states = [("sold", "sold", "for_sale", "ready_to_build")[house.number % 4] for house in HOUSES]
    found = understand(table(status=states))
    assert found.only == {"status": ("sold",)}
    assert column(found, "status").excluded


@pytest.mark.parametrize(
    ("written", "marks"),
    [
        (lambda price: f"${price:,}" if price % 300 == 0 else str(price), (".", ",")),
        (
            lambda price: f"{price / 1e4:.3f}".replace(".", ",") if price % 300 == 0 else str(price // 10**4),
            (",", "none"),
        ),
    ],
)
def test_a_mark_is_read_by_the_size_of_the_numbers_without_one(
    written: Callable[[int], str], marks: tuple[str, str]
) -> None:
    """Only one reading is as large as they are."""
    found = column(
        understand(table(price_paid=[written(house.price) for house in HOUSES]), {"target": "sale_price"}), "price_paid"
    )
    assert (found.form.decimal, found.form.thousands, found.questions) == (*marks, ())


@pytest.mark.parametrize(
    "months",
    [
        "januari februari mars april maj juni juli augusti september oktober november december",
        "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    ],
)
def test_months_are_known_by_name(months: str) -> None:
    """In the languages in which names of columns are known."""
    names = months.split()
    days = [f"{house.day.day} {names[house.day.month - 1]} {house.day.year}" for house in HOUSES]
    assert column(understand(table(sale_date=days)), "sale_date").role == "sale_date"


def test_years_of_eras_are_years() -> None:
    """As Japanese land registers write them."""
    built = [f"昭和{house.built - 1925}年" if house.built > 1925 else None for house in HOUSES]
    assert column(understand(table(建築年=built)), "建築年").role == "year_built"


def test_the_name_of_a_street_is_in_the_address_and_not_its_kind() -> None:
    """A number and a kind of street stand in many places."""
    found = understand(
        table(
            number_of_street=[str(house.door) for house in HOUSES],
            type_of_street=[("Road", "Lane")[house.door % 2] for house in HOUSES],
            street=[house.street for house in HOUSES],
            city=[("Kiel", "Bremen")[house.place % 2] for house in HOUSES],
        ).rename({"number_of_street": "street number"})
    )
    assert by_role(found, "address").sources == ("street number", "street", "city")


@pytest.mark.parametrize(("per", "code"), [("€/mes", "rents_mixed"), ("€/m²", "per_area_mixed")])
def test_prices_of_two_kinds_in_one_column_are_asked_about(per: str, code: str) -> None:
    """Totals are no rents; where all are of one kind, nothing is asked."""
    texts = [f"{house.price // 200} {per}" if house.flag else f"{house.price} €" for house in HOUSES]
    found = understand(table(Precio=texts).drop("sale_price"))
    assert [question.code for question in found.questions] == [code]


def test_kinds_with_a_number_before_them_are_no_numbers() -> None:
    """And those that are no sales are set aside."""
    kinds = ["11.Doação" if house.number % 20 == 0 else "1.Compra e venda" for house in HOUSES]
    found = understand(table(nature=kinds))
    assert column(found, "nature").kind is None
    assert found.only == {"nature": ("1.Compra e venda",)}


def test_words_of_prices_that_were_asked_stand_before_numbers() -> None:
    """And those of prices that are not told mean that there is none."""
    words = ("Guide Price ", "Offers over ", "OIEO ", "")
    prices = [f"{words[house.door % 4]}£{house.price:,}" if house.number % 5 else "Contact Agent" for house in HOUSES]
    found = column(understand(table(price=prices).drop("sale_price")), "price")
    assert (found.role, found.form.missing) == ("target", ("Contact Agent",))
    assert [one.verdict for one in found.findings if one.about == "role"] == ["likely"]


@pytest.mark.parametrize(
    ("name", "ground", "other"),
    [
        ("Étage", "RDC", "{}e étage"),
        ("Bulunduğu Kat", "Giriş Katı", "{}. Kat"),
        ("floor", "Ground", "{}"),
        ("bedrooms", "Studio", "{}"),
    ],
)
def test_words_that_stand_for_a_number_are_numbers(name: str, ground: str, other: str) -> None:
    """A ground floor is no floor that is unknown."""
    floors: list[str | None] = [other.format(house.floor) if house.floor else ground for house in HOUSES]
    found = column(understand(table(**{name: floors})), name)
    assert found.kind in ("integer", "number")
    assert (found.form.number_words, found.form.missing) == ({ground: 0.0}, ())
    at = next(house.floor for house in HOUSES if house.floor)
    assert [convert_value(text, "integer", found.form) for text in (ground, other.format(at))] == [0, at]


def test_ages_long_before_a_house_is_built_are_missing() -> None:
    """A house may be sold a year before it is built, and no more than a few."""
    ages = ["-131" if house.number == 9 else "-1" if house.number == 8 else str(2014 - house.built) for house in HOUSES]
    found = column(understand(table(building_age=ages)), "building_age")
    assert found.form.missing == ("-131",)
    years_before_now = [str(house.built - 2014) for house in HOUSES]
    assert column(understand(table(building_age=years_before_now)), "building_age").form.missing == ()
