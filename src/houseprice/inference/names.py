"""Names of columns, folded to plain words so that they can be compared."""

import re
import unicodedata
from functools import lru_cache

_WORD_STARTS = re.compile(r"(?<=[a-z0-9²])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PER = re.compile(
    r"\s*(?:/|\bper\b|\bpor\b|\bpro\b|\bje\b|\bal\b|\bau\b)\s*(?=(?:sq|m2|m²|mq|qm|ft|sf|unit|ping|month|mo\b|mes|mois|monat|metro|metre))"
)
_SIGNS = {"€": " eur ", "$": " usd ", "£": " gbp ", "ß": "ss", "ø": "o", "æ": "ae", "%": " percent ", "#": " number "}


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Return the words of a name in small plain letters, with one blank between: "PrecioM²" is "precio m2"."""
    text = _WORD_STARTS.sub(" ", name.strip())
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = text.replace("m^2", "m2").replace("ft^2", "ft2")
    text = _PER.sub(" per ", text.replace("_", " ").replace("-", " ").replace(".", " "))
    return re.sub(r"[^a-z0-9]+", " ", text).strip()
