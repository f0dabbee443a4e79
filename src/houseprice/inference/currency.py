"""The currency of the prices: signs beside them, words of their name, a column of codes."""

# ruff: noqa: E501 - a currency a line
import re

import polars as pl

from houseprice.inference.decisions import Finding, Question
from houseprice.inference.drafts import Draft
from houseprice.inference.names import words_of
from houseprice.inference.units import CURRENCIES, SQUARE_METRES, currency_of_name
from houseprice.schema import NO_CURRENCY

_UNKNOWN = Finding(
    "file", "likely", "the file does not state the currency of the prices; set it with --set currency=EUR"
)
_CODE = re.compile(r"[A-Z]{3}")
_IMPERIAL = frozenset(("sq ft", "acres"))
_NOT_OF_THE_STATES = re.compile(
    r"\b(?:suburb|precio|ventas?|fecha|superficie|metros?|banos?|barrio|colonia|comuna|recamaras|dormitorios|habitaciones|valor"
    r"|preco|bairro|quartos|prix|vente|surface|piso|hdb|erf|mrt|postcode)\b"
)
_SHARED = {
    "$": (("USD", r"\b(?:zip|sq ?ft|sqft|acres?|county|hoa|mls|apn)\b"),),
    "kr": (
        ("SEK", r"\b(?:slutpris|boarea|biarea|kvm|byggar|byggnadsar|kommun|utgangspris|bostad\w*|tomtarea|driftkostnad|forsaljning\w*)\b"),
        ("NOK", r"\b(?:salgssum|prisantydning|bruksareal|primaerrom|p rom|bra|soverom|fellesgjeld|tomteareal|omsetning\w*|kommune ?nr)\b"),
        ("DKK", r"\b(?:kobesum|udbudspris|boligareal|grundareal|vaerelser|sovevaerelser|vejnavn|liggetid|ejendoms\w*|byggear|opforelsesar)\b"),
    ),
    "¥": (("JPY", r"\bjpy\b"), ("CNY", r"\bcny\b")),
}  # fmt: skip
"""Sign of several currencies → those that words of the file tell."""


def ask_about_currencies(target: Draft, drafts: list[Draft]) -> list[Question]:
    """Ask when prices are in several currencies, which no factor makes comparable."""
    found = set(target.shapes.affixes.currencies) if target.shapes else set()
    named = next((draft for draft in drafts if draft.concept == "currency"), None)
    if named is not None:
        texts = named.profile.as_texts.texts[:10]
        found |= {CURRENCIES.get(text.casefold(), text) for text in texts if is_currency(text)}
    if len(found) < 2:
        return []
    listed = " and ".join(sorted(found))
    text = f'"{target.name}" holds prices in {listed}; convert them to one currency, or give a file of one.'
    return [Question("currency_mixed", "currency", text, {}, target.name, target.profile.first[:2])]


def is_currency(text: str) -> bool:
    """Return whether a cell is a sign, a word or a code of a currency."""
    return text.casefold() in CURRENCIES or bool(_CODE.fullmatch(text))


_OTHER_ALPHABET = re.compile(r"[^\W\d_\u0000-\u024f]")
"""A letter that no Latin alphabet has."""


def currency_of_file(
    target: Draft | None, drafts: list[Draft], texts: pl.DataFrame, answers: dict[str, str]
) -> tuple[str, list[Finding]]:
    """Return the ISO 4217 code of the prices, and what has to be told about it."""
    if "currency" in answers:
        return answers["currency"].upper(), []
    if target is None:
        return NO_CURRENCY, [_UNKNOWN]
    if not _bare_sign(target.name) and (named := currency_of_name(target.words)):
        return named, []
    sign = _sign(target)
    if target.currency and not sign:
        return target.currency, []
    if code := _of_a_column(drafts, texts):
        return code, []
    return _shared(sign, target, drafts) if sign else (NO_CURRENCY, [_UNKNOWN])


def _bare_sign(name: str) -> str:
    """Return a sign in a name that several currencies share: "Price ($)", but not "Price (US$)"."""
    found = re.search(r"(?<![A-Za-z])(?:[$¥]|kr\b)", name)
    return found[0] if found else ""


def _sign(target: Draft) -> str:
    """Return the sign beside the prices, or in their name, that several currencies share; "" when it is of one."""
    around = target.shapes.affixes if target.shapes else None
    if around is not None and around.currencies:
        written = {text.casefold() for text in around.strip if text.casefold() in CURRENCIES}
        return next(iter(written)) if len(written) == 1 and written <= set(_SHARED) else ""
    return _bare_sign(target.name)


def _of_a_column(drafts: list[Draft], texts: pl.DataFrame) -> str:
    """Return the currency that a column holds in every row."""
    for draft in drafts:
        if texts[draft.name].dtype != pl.String or texts[draft.name].n_unique() > 2:
            continue
        values = texts[draft.name].drop_nulls().unique().to_list()
        if len(values) != 1 or len(values[0]) > 4:
            continue
        if code := currency_of_name(values[0].lower()):
            return code
        if draft.concept == "currency" and _CODE.fullmatch(values[0]):
            return str(values[0])
    return ""


def _shared(sign: str, target: Draft, drafts: list[Draft]) -> tuple[str, list[Finding]]:
    """Decide on a sign of several currencies by other words of the file; say so, or that nothing tells it."""
    words = " | ".join(words_of(draft.name) for draft in drafts) + " | "
    words += " | ".join(re.sub(r"\W+", " ", draft.plain_name) for draft in drafts)
    found = [code for code, pattern in _SHARED[sign] if re.search(pattern, words)]
    units = {draft.unit for draft in drafts if draft.unit in SQUARE_METRES}
    if sign == "$":
        foreign = bool(_NOT_OF_THE_STATES.search(words) or units - _IMPERIAL)
        foreign = foreign or any(_OTHER_ALPHABET.search(draft.plain_name) for draft in drafts)
        found = [] if foreign else ["USD"]
    if len(found) == 1:
        reason = f'"{sign}" is the sign of several currencies, and taken for {found[0]}'
        return found[0], [Finding("file", "likely", reason, target.profile.first[:1])]
    reason = f'"{sign}" is the sign of several currencies; tell which with --set currency=AUD'
    return NO_CURRENCY, [Finding("file", "likely", reason, target.profile.first[:1])]
