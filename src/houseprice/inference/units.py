"""Signs and words that stand before or behind numbers: currencies, units, multipliers."""

# ruff: noqa: E501, RUF001 - tables are read by lines
import re
from dataclasses import dataclass

CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "us$": "USD", "usd": "USD", "u$s": "USD", "dollars": "USD",
    "£": "GBP", "gbp": "GBP", "a$": "AUD", "au$": "AUD", "aud": "AUD", "c$": "CAD", "ca$": "CAD", "cad": "CAD", "nz$": "NZD", "nzd": "NZD",
    "s$": "SGD", "sgd": "SGD", "hk$": "HKD", "hkd": "HKD", "nt$": "TWD", "twd": "TWD", "ntd": "TWD", "r$": "BRL", "brl": "BRL", "mx$": "MXN", "mxn": "MXN",
    "r": "ZAR", "czk.": "CZK", "ron": "RON", "lei": "RON", "bgn": "BGN", "лв": "BGN", "лв.": "BGN", "uah": "UAH", "грн": "UAH", "грн.": "UAH", "isk": "ISK", "sar": "SAR", "qar": "QAR", "egp": "EGP", "mad": "MAD", "dh": "MAD", "ngn": "NGN", "₦": "NGN", "kes": "KES", "ksh": "KES", "pkr": "PKR", "lkr": "LKR", "bdt": "BDT", "uyu": "UYU", "원": "KRW", "人民币": "CNY",
    "¥": "JPY", "jpy": "JPY", "円": "JPY", "cny": "CNY", "rmb": "CNY", "元": "CNY", "chf": "CHF", "fr.": "CHF", "sfr.": "CHF", "₹": "INR", "inr": "INR", "rs": "INR", "rs.": "INR",
    "sek": "SEK", "nok": "NOK", "dkk": "DKK", "kr": "SEK", "kr.": "DKK", "zł": "PLN", "zl": "PLN", "pln": "PLN", "kč": "CZK", "czk": "CZK", "ft": "HUF", "huf": "HUF",
    "₽": "RUB", "р.": "RUB", "rub": "RUB", "руб": "RUB", "руб.": "RUB", "₺": "TRY", "tl": "TRY", "try": "TRY", "aed": "AED", "zar": "ZAR", "₩": "KRW", "krw": "KRW", "₪": "ILS", "ils": "ILS",
    "clp": "CLP", "cop": "COP", "ars": "ARS", "pen": "PEN", "s/": "PEN", "s/.": "PEN", "uf": "CLF", "rm": "MYR", "myr": "MYR", "₱": "PHP", "php": "PHP", "฿": "THB", "thb": "THB", "₫": "VND", "vnd": "VND", "rp": "IDR", "idr": "IDR",
}  # fmt: skip
"""Sign or word, folded → ISO 4217 code; "$" is taken for dollars of the United States."""

UNITS = {
    "m²": "m²", "m2": "m²", "m^2": "m²", "sqm": "m²", "sq m": "m²", "sq. m": "m²", "sq. m.": "m²", "sq.m": "m²", "sq.m.": "m²", "sq mt": "m²", "sq. mtrs": "m²", "qm": "m²", "mq": "m²", "mts2": "m²", "mts²": "m²", "mt²": "m²", "m²t": "m²",
    "平米": "m²", "平方米": "m²", "平方公尺": "m²", "㎡": "m²", "呎": "sq ft", "平方呎": "sq ft", "尺": "sq ft", "平方尺": "sq ft", "kvm": "m²", "кв.м": "m²", "кв.м.": "m²", "кв. м": "m²", "кв. м.": "m²", "м²": "m²", "м2": "m²", "τ.μ.": "m²", "mp": "m²", "metros cuadrados": "m²", "square meters": "m²", "square metres": "m²", "square meter": "m²", "square metre": "m²", "metros quadrados": "m²", "mètres carrés": "m²", "quadratmeter": "m²", "metros": "m",
    "sqft": "sq ft", "sq ft": "sq ft", "sq. ft": "sq ft", "sq. ft.": "sq ft", "sq.ft": "sq ft", "sq.ft.": "sq ft", "sq ft.": "sq ft", "sqft.": "sq ft", "ft²": "sq ft", "ft2": "sq ft", "sf": "sq ft", "square feet": "sq ft", "square foot": "sq ft", "sq feet": "sq ft",
    "acres": "acres", "acre": "acres", "ac": "acres", "acs": "acres", "ac.": "acres", "ha": "ha", "hectares": "ha", "hectare": "ha", "hectáreas": "ha", "hectareas": "ha", "hektar": "ha",
    "ping": "ping", "坪": "ping", "평": "ping", "sq yd": "sq yd", "sq. yd": "sq yd", "sq. yd.": "sq yd", "sq yds": "sq yd", "sq. yards": "sq yd", "sq yards": "sq yd", "gaj": "sq yd", "m": "m", "mt": "m", "mts": "m", "km": "km", "kms": "km", "mi": "mi", "miles": "mi", "mile": "mi", "ft": "ft", "feet": "ft", "min": "min", "mins": "min", "minutes": "min", "minutos": "min",
    "%": "%", "years": "years", "year": "years", "yrs": "years", "yr": "years", "años": "years", "anos": "years", "ans": "years", "jahre": "years",
}  # fmt: skip
"""Unit as it is written, folded → unit."""

SQUARE_METRES = {
    "m²": 1.0,
    "sq ft": 0.09290304,
    "acres": 4046.8564224,
    "ha": 10000.0,
    "ping": 3.305785,
    "sq yd": 0.83612736,
}
"""Unit of area → square metres (international foot, yard and acre)."""

MULTIPLIERS = {
    "k": 1e3, "tsd": 1e3, "tsd.": 1e3, "mil": 1e3, "thousand": 1e3, "t": 1e3, "tys.": 1e3, "tys": 1e3, "тыс": 1e3, "тыс.": 1e3, "tis.": 1e3, "млн": 1e6, "млн.": 1e6, "mkr": 1e6, "mkr.": 1e6, "tkr": 1e3, "jt": 1e6, "juta": 1e6, "miliar": 1e9, "mld": 1e9, "mld.": 1e9, "tỷ": 1e9, "triệu": 1e6, "亿": 1e8, "m": 1e6, "mm": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "mio.": 1e6, "million": 1e6,
    "millions": 1e6, "millón": 1e6, "millon": 1e6, "millones": 1e6, "milhão": 1e6, "milhões": 1e6, "milhoes": 1e6, "millionen": 1e6, "mill": 1e6, "mill.": 1e6, "bn": 1e9, "b": 1e9, "billion": 1e9,
    "l": 1e5, "lac": 1e5, "lacs": 1e5, "lakh": 1e5, "lakhs": 1e5, "cr": 1e7, "cr.": 1e7, "crore": 1e7, "crores": 1e7, "万": 1e4, "萬": 1e4, "億": 1e8, "억": 1e8, "만": 1e4,
}  # fmt: skip
"""Word or letter behind a number, folded → what it multiplies by."""

COUNTED = frozenset(
    [
        "bd",
        "bds",
        "bed",
        "beds",
        "br",
        "bedroom",
        "bedrooms",
        "ba",
        "bath",
        "baths",
        "bathroom",
        "bathrooms",
        "room",
        "rooms",
        "hab",
        "hab.",
        "habs",
        "habitación",
        "habitaciones",
        "dorm",
        "dorm.",
        "dorms",
        "dormitorio",
        "dormitorios",
        "baño",
        "baños",
        "bano",
        "banos",
        "zimmer",
        "zi.",
        "pièces",
        "pièce",
        "pieces",
        "p",
        "quartos",
        "quarto",
        "banheiros",
        "banheiro",
        "floor",
        "floors",
        "planta",
        "piso",
        "pisos",
        "etage",
        "étage",
        "kat",
        "piętro",
        "andar",
        "ème",
        "car",
        "cars",
        "garage",
        "garages",
        "bhk",
        "days",
        "day",
        "días",
        "dias",
        "tage",
        "storey",
        "storeys",
        "stories",
        "story",
        "no",
        "nos",
        "nr",
        "units",
        "stores",
        "vagas",
        "vaga",
        "suites",
        "suite",
        "ambientes",
        "ambiente",
        "kamers",
        "kamer",
        "slaapkamers",
        "badkamers",
        "chambres",
        "chambre",
    ]
)
"""Words of what is counted, which say nothing but the column's name."""

_OFFERED = (
    r"(?:guide|asking|fixed|starting) price|offers? (?:over|around|above|from|in excess of|in the region of)|"
    r"o\.?i\.?e\.?o|o\.?i\.?r\.?o|in excess of|from|starting (?:at|from)|desde|a partir d[eu]|dès|vanaf|ab"
)
OFFERED = re.compile(rf"(?:{_OFFERED})\b.*", re.IGNORECASE)
"""What stands before a price that was asked."""
_ABOUT = re.compile(
    r"(?:approx(?:imately)?|ca|circa|cca|about|around|c|env|environ|aprox|aproximadamente|rund|etwa|ongeveer|約|约|약|"
    rf"{_OFFERED})\.?:?(?:\s+|$)|[~≈±]\s*",
    re.IGNORECASE,
)
"""Words before a number that is not exact, or that was asked."""
_PER_AREA = re.compile(
    r"^(?:/|per|por|pro|je|за)\s*(?:m²|m2|sqm|sq ?m|sqft|sq ?ft|sf|ft²|ft2|qm|mq|kvm|平米|平方米|㎡|坪|평|кв\.? ?м|м²|м2|sq\.? ?ft)\.?$",
    re.IGNORECASE,
)
_PER_MONTH = re.compile(
    r"^(?:/|per|por|pro|al|par)\s*(?:month|mo\.?|mes|mês|mois|monat|mån(?:ad)?|måned|md|mnd|mies|kk|hó|мес|月|월|maand|mese|week|wk|semana)$|^p(?:cm|/m|\.?m\.?|/mo)$",
    re.IGNORECASE,
)


_ORDINAL = re.compile(r"^(?:st|nd|rd|th|er|ère|ème|eme|e|è|[ºª°.])\s+")
"""What makes a number that of a floor, before the word of what is counted."""


@dataclass(frozen=True)
class Affixes:
    """What stands around the numbers of a column, split into what it means.

    Attributes:
        strip: texts to take away.
        multipliers: texts that multiply, as they are written.
        currencies: codes that were found.
        units: units that were found, with the text of each as it is written.
        per: "area" or "month" when the numbers are money per that.
        unknown: texts that mean nothing known.
    """

    strip: frozenset[str] = frozenset()
    multipliers: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    units: frozenset[tuple[str, str]] = frozenset()
    per: str = ""
    unknown: frozenset[str] = frozenset()

    def __or__(self, other: "Affixes") -> "Affixes":
        """Return both together."""
        return Affixes(
            self.strip | other.strip,
            self.multipliers | other.multipliers,
            self.currencies | other.currencies,
            self.units | other.units,
            self.per or other.per,
            self.unknown | other.unknown,
        )


_WORDS = sorted({*CURRENCIES, *UNITS, *MULTIPLIERS}, key=len, reverse=True)


def split_affix(text: str, *, money: bool, behind: bool) -> Affixes:  # noqa: PLR0911 - a return for each meaning
    """Return what a text before or behind a number means; `money` says whether the column is of money."""
    text = text.strip()
    if not text:
        return Affixes()
    if not behind and (about := _ABOUT.match(text)):
        rest = split_affix(text[about.end() :], money=money, behind=behind)
        return Affixes(strip=frozenset((about[0].strip(),))) | rest
    folded = text.casefold()
    if behind:
        if _PER_AREA.match(text):
            return Affixes(strip=frozenset((text,)), per="area")
        if _PER_MONTH.match(text):
            return Affixes(strip=frozenset((text,)), per="month")
        folded = _ORDINAL.sub("", folded)
        if folded in COUNTED or folded.rstrip(".s") in COUNTED:
            return Affixes(strip=frozenset((text,)))
    for word in _WORDS:
        if not folded.startswith(word) or _is_part(word, text[len(word) : len(word) + 1]):
            continue
        rest = split_affix(text[len(word) :], money=money, behind=behind)
        written = text[: len(word)]
        return _meaning(word, written, money=money or bool(rest.currencies), behind=behind) | rest
    return Affixes(unknown=frozenset((text,)))


def _is_part(word: str, following: str) -> bool:
    """Return whether a word goes on; Chinese, Japanese and Korean ones stand together without blanks."""
    return following.isalpha() and word[-1:].isalpha() and max(word[-1:], following) < "\u2e80"


def _meaning(word: str, written: str, *, money: bool, behind: bool) -> Affixes:
    is_multiplier = word in MULTIPLIERS and behind and (money or word not in ("m", "mm", "t", "l", "b", "p"))
    if is_multiplier and not (word in UNITS and not money):
        return Affixes(multipliers=frozenset((written,)))
    if word == "r" and (behind or not money):
        return Affixes(unknown=frozenset((written,)))
    if word in CURRENCIES and (
        money or word not in ("ft", "m", "try", "rm", "rs", "tl", "uf", "rp", "kr", "r", "dh", "mad", "lei")
    ):
        return Affixes(strip=frozenset((written,)), currencies=frozenset((CURRENCIES[word],)))
    if word in UNITS:
        return Affixes(strip=frozenset((written,)), units=frozenset(((UNITS[word], written),)))
    if word in CURRENCIES:
        return Affixes(strip=frozenset((written,)), currencies=frozenset((CURRENCIES[word],)))
    return Affixes(unknown=frozenset((written,)))


_HEADER_UNITS = (
    ("m²", r"\b(?:m2|sqm|sq ?mt?|qm|mq|mts?2|square ?met\w+|metros? ?(?:cuad|quad)\w*|quadratmeter|metres? ?carres?|metragem|mp)\b"),
    ("sq ft", r"\b(?:sq ?ft|sqft|ft2|sf|square ?(?:feet|foot|footage)|sq ?feet)\d*\b|\bsqft|\w{4,}(?<!per)(?:sqft|sqf)$|\bgr ?liv\b|\bflr ?sf\b"),
    ("acres", r"\bacre(?:s|age)?\b"),
    ("ha", r"\b(?:ha|hectares?|hectareas?)\b"),
    ("ping", r"\bping\b"),
    ("km", r"\bkms?\b"),
)  # fmt: skip


def unit_of_name(words: str) -> str | None:
    """Return the unit of area or length that the words of a name state."""
    return next((unit for unit, pattern in _HEADER_UNITS if re.search(pattern, words)), None)


def currency_of_name(words: str) -> str | None:
    """Return the currency that the words of a name state."""
    for word in words.split():
        if (len(word) >= 3 or word == "uf") and word in CURRENCIES and word not in ("all", "euro", "mad", "lei"):
            return CURRENCIES[word]
    return "EUR" if re.search(r"\beuros?\b", words) else None


_FACTORS = (
    (1e8, re.compile(r"\bhundred million\b")),
    (1e4, re.compile(r"\bten thousand\b")),
    (1e7, re.compile(r"\bcrores?\b")),
    (1e6, re.compile(r"\b(?:millions?|mio|mn|millones|milhoes|millionen|mill)\b|\bm ?ft\b")),
    (1e6, re.compile(r"\b(?:eur|usd|gbp|hkd|sgd|aud|cad|sek|nok|dkk) m\b")),
    (1e5, re.compile(r"\b(?:lakhs?|lacs?)\b")),
    (1e3, re.compile(r"\b(?:thousands?|k|k (?:eur|usd|gbp)|1000s?|000s?|mil|miles|milhares|milliers|tsd|t eur)\b")),
)  # fmt: skip
"""What the words of a name say that prices are multiplied by."""


def factor_of_name(words: str) -> float:
    """Return what the words of a name say that its numbers are multiplied by; 1 when they say nothing."""
    return next((factor for factor, pattern in _FACTORS if pattern.search(words)), 1.0)
