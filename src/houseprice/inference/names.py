"""Names of columns, folded to plain words so that they can be compared."""

import re
from functools import lru_cache

from houseprice.inference.translations import fold, translated

_WORD_STARTS = re.compile(r"(?<=[a-z0-9²])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PER = re.compile(
    r"\s*(?:/|\bper\b|\bpor\b|\bpro\b|\bje\b|\bal\b|\bau\b)\s*(?=(?:sq|m2|m²|кв|м2|kvm|平|mq|qm|ft|sf|unit|ping|month|mo\b|mes|mois|monat|metro|metre))"
)
_GROSS_INTERNAL = re.compile(r"\b(?:GIA(?=[\W_]*(?:m2|m²|ft))|[Gg][Ii][Aa](?=[\W_]*sq))")
"""Without a unit of area behind it, it is a price in Vietnamese."""
_SIGNS = {
    "US$": " usd ", "U$S": " usd ", "CA$": " cad ", "C$": " cad ", "AU$": " aud ", "A$": " aud ", "NZ$": " nzd ",
    "HK$": " hkd ", "S$": " sgd ", "R$": " brl ", "NT$": " twd ", "MX$": " mxn ", "€": " eur ", "$": " usd ",
    "£": " gbp ", "₹": " inr ", "₽": " rub ", "₺": " try ", "₩": " krw ", "₪": " ils ", "zł": " pln ", "Kč": " czk ",
    "œ": "oe", "Œ": "oe", "Ø": "o", "Æ": "ae", "ß": "ss", "ø": "o", "æ": "ae", "%": " percent ", "#": " number ",
}  # fmt: skip


@lru_cache(maxsize=4096)
def words_of(name: str) -> str:
    """Return the words of a name in small plain letters, with one blank between: "PrecioM²" is "precio m2"."""
    text = name.strip()
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = _GROSS_INTERNAL.sub("gross internal area", text)
    text = _WORD_STARTS.sub(" ", text)
    text = fold(text)
    text = text.replace("m^2", "m2").replace("ft^2", "ft2")
    text = _PER.sub(" per ", text.replace("_", " ").replace("-", " ").replace(".", " "))
    text = translated(re.sub(r"[^\w]+", " ", text).strip())
    return re.sub(r"[^a-z0-9]+", " ", text).strip()
