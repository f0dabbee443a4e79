"""Names of columns in further languages mean what their English words mean."""

# ruff: noqa: E501, RUF001 - a concept a line; names in other alphabets

import pytest

from houseprice.inference.names import words_of
from houseprice.inference.vocabulary import concepts_of


@pytest.mark.parametrize(
    ("concept", "names"),
    [
        ("sale_price", "Slutpris|Købesum|Cena transakcyjna|Prezzo dichiarato|Velaton hinta|Kupní cena|Satış Fiyatı|Цена продажи|成約価格|成交价|거래금액(만원)"),
        ("list_price", "Utgångspris|Udbudspris|Prisantydning|Prezzo richiesto|Cena ofertowa|Pyyntihinta|挂牌价|売出価格"),
        ("price_per_area", "Pris per kvm|Cena za m²|Neliöhinta|坪単価|单价|Cena/m2|Цена за м²"),
        ("assessment", "Ejendomsvurdering|Rendita catastale|WOZ-waarde|Кадастровая стоимость|公示価格"),
        ("living_area", "Boarea|Boligareal|Powierzchnia użytkowa|P-rom|Užitná plocha|専有面積|建筑面积|전용면적(㎡)|Общая площадь"),
        ("lot_area", "Tomtarea|Grundareal|Tomteareal (m²)|Powierzchnia działki|土地面積|Площадь участка"),
        ("year_built", "Byggår|Rok budowy|Rakennusvuosi|Bouwjaar|建築年|건축년도|Год постройки"),
        ("sale_date", "Såld|Salgsdato|Data transakcji|Data atto|取引時点|成交日期|Дата сделки|Satış Tarihi"),
        ("neighbourhood", "Dzielnica|Område|Kaupunginosa|İlçe|Район|小区"),
        ("rent", "Affitto|Husleje|賃料|월세"),
    ],
)  # fmt: skip
def test_a_name_of_another_language_has_its_concept(concept: str, names: str) -> None:
    """The longest term counts, so that a price per area is no price."""
    assert {name: concepts_of(name)[:1] for name in names.split("|")} == dict.fromkeys(names.split("|"), (concept,))


def test_words_that_only_begin_like_a_term_stay() -> None:
    """A term is a whole word where words have blanks between them."""
    assert words_of("prisoner") == "prisoner"
    assert words_of("Raumklima") == "raumklima"
