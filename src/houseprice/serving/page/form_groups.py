"""The groups of the page's form: which one a column of a house belongs to."""

import re
import unicodedata
from typing import Literal

from houseprice.schema import Column, Role

Group = Literal["size", "rooms", "age", "place", "extras", "date"]
GROUPS: tuple[Group, ...] = ("size", "rooms", "age", "place", "extras", "date")
"""In the order of the form; `age` is that of age and condition."""
_BY_ROLE: dict[Role, Group] = {
    "sale_date": "date",
    "living_area": "size",
    "lot_area": "size",
    "bedrooms": "rooms",
    "bathrooms": "rooms",
    "year_built": "age",
    "year_renovated": "age",
    "quality": "age",
    "latitude": "place",
    "longitude": "place",
    "location": "place",
    "address": "place",
    "neighbour_living_area": "place",
    "neighbour_lot_area": "place",
}
_BEGINNINGS: tuple[tuple[Group, str], ...] = (
    (
        "age",
        r"year|yr|ages?\b|built|constructed|remod|renov|refurb|cond|qual|grade|state\b|energy|qc\b|qu\b"
        r"|ano|antig|estado|conserv|calid|reform|energ|baujahr|alter\b|zustand|annee|etat|idade",
    ),
    (
        "size",
        r"area|size|sqft|sqm|sf\b|lots?\b|land|plot|width|depth|frontage|height|surface|footage"
        r"|superf|parcela|terren|metros|tamano|flache|wohnfl|grundst|volum",
    ),
    (
        "rooms",
        r"rooms?|rms|bed|bath|kitchen|toilet|wc\b|floors?\b|stor(e?y|ies)|level"
        r"|habitac|dormit|bano|aseo|cocina|planta|piso|chambre|piece|zimmer|bad\b|etage|quarto|andar",
    ),
    (
        "place",
        r"zip|post|city|town|village|street|road|district|neighb|zon(e|ing)|region|county|suburb|municip|view|water|location"
        r"|barrio|calle|ciudad|distrit|provinc|vista|ubicac|localidad|commune|quartier|ville|stadt|ort\b|lage|bairro",
    ),
)
_GROUP_OF_WORD = tuple((group, re.compile(rf"\b(?:{words})")) for group, words in _BEGINNINGS)
_AREA_UNITS = re.compile(r"sq\b|square|m²|m2|ft²|ft2|acres?|hectares?|ha\b", re.IGNORECASE)


def form_group(name: str, column: Column) -> Group:
    """Return the group of a column: by its role, else by its unit, else by the words of its name and description."""
    if column.role in _BY_ROLE:
        return _BY_ROLE[column.role]
    if column.unit and _AREA_UNITS.match(column.unit):
        return "size"
    for text in (name, column.description):
        words = _plain_words(text)
        for group, pattern in _GROUP_OF_WORD:
            if pattern.search(words):
                return group
    return "extras"


def _plain_words(text: str) -> str:
    """Return the words of a text in small letters without accents, as in "year built" for "YearBuilt"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    plain = unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z]+", " ", plain)
