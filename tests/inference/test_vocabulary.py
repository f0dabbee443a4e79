"""What names of columns mean, in five languages."""

# ruff: noqa: E501 - a concept a line
import pytest

from houseprice.inference.names import words_of
from houseprice.inference.vocabulary import concepts_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SalePrice", "sale price"),
        ("Precio/m²", "precio per m2"),
        ("Año_de-construcción", "ano de construccion"),
        ("PRICE ($)", "price usd"),
        ("Größe", "grosse"),
        ("sqft_living15", "sqft living15"),
        ("  ", ""),
        ("總價元", "price"),
    ],
)
def test_names_are_folded_to_plain_words(name: str, words: str) -> None:
    """Signs of currencies and of powers keep their meaning."""
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("concept", "names"),
    [
        ("sale_price", "SALE_PRC last_sale_price TradePrice purchase_price sold_price_gbp prix_vente PrecioVenta Kaufpreis valeur_fonciere resale_price"),
        ("price", "price Precio Preis_EUR price_aprox_usd precio_uf median_house_value"),
        ("list_price", "ListPrice asking_price OrigPrice PrecioDeSalida PrixDemandé Angebotspreis Vraagprijs price_guide previous_price"),
        ("price_per_area", "UnitPrice PricePerTsubo price_per_sqft sqm_price pricePerMeter priceByArea price_usd_per_m2 square_meters_price Precio/m² prix_m2 ppsf"),
        ("of_price", "log_price price_range PriceCategory gross_yield"),
        ("rent", "totalRent monthly_rent Alquiler loyer Kaltmiete aluguel"),
        ("assessment", "market_value TotalValue avalue Zestimate ValorCatastral valeur_venale taxable_building assessed_value"),
        ("days_on_market", "DaysOnMarket days_since_listing DOM dias_en_mercado days_listed"),
        ("at_sale", "payment_method SaleCondition sale_type buyer_name SellerG agent_fee Comisión Makler num_offers mortgage_amount"),
        ("sale_date", "date_of_transfer SaleDate recording_date fecha_venta datesold Verkaufsdatum date_mutation DataVenda closing_date"),
        ("year_built", "BuildingYear year_build yr_built AnnoCostruzione annee_construction Baujahr AñoConstrucción ano_construcao"),
        ("living_area", "TOT_LVG_AREA total_livable_area GrLivArea AreaNet surface_reelle_bati Wohnfläche SuperficieConstruida floor_area_sqm"),
        ("lot_area", "LND_SQFOOT acre_lot Landsize surface_terrain Grundstücksfläche SuperficieParcela lot_size"),
        ("bedrooms", "bed bedroom_count Habitaciones n_dormitorios Quartos chambres Schlafzimmer BHK"),
        ("bathrooms", "bath number_of_bathrooms Baños banheiros Badezimmer salles_de_bain"),
        ("latitude", "lat LATITUDE Lattitude geo_lat latitud"),
        ("longitude", "lon lng long Longtitude geo_lon longitud"),
        ("postcode", "zip ZIPCODE postcode PLZ CodigoPostal code_postal CEP"),
        ("parcel", "PARCELNO ParcelID pin apn UPRN house_id ReferenciaCatastral id_parcelle propertyCode"),
        ("earlier_sale", "prev_sold_date PriorSaleDate"),
    ],
)  # fmt: skip
def test_a_name_means_what_the_field_means_by_it(concept: str, names: str) -> None:
    """The first concept is the special one."""
    assert {name: concepts_of(name)[:1] for name in names.split()} == dict.fromkeys(names.split(), (concept,))


@pytest.mark.parametrize("name", ["stories", "tenure", "median_income", "foo", "update", "candidate", "etage", ""])
def test_other_names_mean_nothing(name: str) -> None:
    """A column of any other name is judged by its values."""
    assert concepts_of(name) == ()
