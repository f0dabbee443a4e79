"""Words that stand for a number in columns of floors and rooms: ground floor, studio."""

import re

from houseprice.inference.profile import Profile
from houseprice.inference.translations import fold

_FLOORS = re.compile(
    r"\b(?:floors?|stor(?:e?y|ie)s?|level|etages?|piso|planta|andar|piano|pietro|kat|"
    r"verdieping|kerros|vaning|etaj|этаж)\b"
)
_WORDS_OF_FLOORS = {
    0.0: "ground|ground floor|rdc|rez de chaussee|rez-de-chaussee|erdgeschoss|eg|bajo|planta baja|pb|terreo|parter|"
    "piano terra|terra|begane grond|giris kati|zemin|zemin kat|bottenvaning|stueen|stuen|pohjakerros|prizemi",
    -1.0: "basement|lower ground|lower ground floor|semisotano|sotano|souterrain|untergeschoss|suterena|bodrum|"
    "bodrum kat",
}
_FLOOR_WORDS = {word: number for number, words in _WORDS_OF_FLOORS.items() for word in words.split("|")}
_STUDIOS = ("studio", "estudio", "bedsit", "monolocale")


def number_words(column: Profile) -> dict[str, float]:
    """Return text → number, for texts of a column whose name says that it counts what they mean."""
    if _FLOORS.search(fold(column.name).replace("_", " ")):
        known = _FLOOR_WORDS
    elif column.concepts[:1] in (("bedrooms",), ("rooms",)):
        known = dict.fromkeys(_STUDIOS, 1.0 if column.concepts[0] == "rooms" else 0.0)
    else:
        return {}
    return {text: known[fold(text)] for text in column.texts if fold(text) in known}
