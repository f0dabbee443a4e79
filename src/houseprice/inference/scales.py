"""Flags, and scales whose words have an order."""

# ruff: noqa: RUF001 - letters of other alphabets
import re
from dataclasses import replace

from houseprice.conversion import CellForm
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft
from houseprice.inference.profile import Profile

_TRUE = frozenset(
    [
        "1",
        "1.0",
        "yes",
        "y",
        "true",
        "t",
        "sí",
        "si",
        "s",
        "oui",
        "o",
        "vrai",
        "ja",
        "j",
        "wahr",
        "sim",
        "verdadero",
        "verdadeiro",
        "v",
        "x",
        "on",
        *("✓", "✔", "☑", "tak", "ano", "áno", "evet", "var", "да", "есть", "так", "kyllä", "sì", "igen", "van", "da"),
        *("ναι", "はい", "有", "有り", "あり", "是", "예", "있음", "jah", "taip", "jā", "vero", "waar", "ha"),
    ]
)
_FALSE = frozenset(
    (
        *("0", "0.0", "no", "n", "false", "f", "non", "faux", "nein", "falsch", "não", "nao", "falso", "off", "✗", "✘"),
        *("☐", "nee", "nej", "nei", "nie", "ne", "hayır", "yok", "нет", "ні", "ei", "nem", "nincs", "nu", "όχι"),
        *("いいえ", "無", "无", "無し", "なし", "否", "아니오", "없음", "onwaar"),
    )
)
_LETTERS = frozenset(("t", "f", "s", "o", "v", "x", "j", "n", "y"))
_COUNTS = frozenset(
    (
        "bedrooms",
        "bathrooms",
        "part_bathrooms",
        "rooms",
        "age",
        "year_built",
        "year_renovated",
        "price",
        "sale_price",
        "area",
        "living_area",
        "lot_area",
        "id",
    )
)
"""Concepts of names whose 0 and 1 are counts."""

_RANKS: dict[str, int] = {}
for _words in (
    "very poor|poor|below average|fair|average|above average|good|very good|excellent|luxury",
    "very bad|bad||regular|normal|||great|superior|exceptional",
    "unsound|po||fa|ta||gd||ex",
    "terrible|||ok|typical|better than average||||premium",
    "|a reformar||||buen estado|||a estrenar",
    "muy malo|malo||regular|medio||bueno|muy bueno|excelente|lujo",
    "muy mala|mala|deficiente||media||buena|muy buena|optimo",
    "pessimo|ruim||razoavel|medio||bom|muito bom|otimo|luxo",
    "pessima|mau||||bem|boa|muito boa|otima",
    "péssimo|||razoável|médio||||ótimo",
    "tres mauvais|mauvais||passable|moyen||bon|tres bon|excellent",
    "très mauvais|||correct|moyenne||bonne|très bon|luxe",
    "sehr schlecht|schlecht||mäßig|mittel||gut|sehr gut|ausgezeichnet",
    "|einfach|||durchschnittlich||gehoben||luxus",
    "very low|low|||medium|||high|very high",
    "muy bajo|bajo||||||alto|muy alto",
    "muy baja|baja||||||alta|muy alta",
    "|baixo||||||elevado",
    "|baixa||||||elevada",
    "|faible||||||élevé",
    "|niedrig||||||hoch",
    "bardzo zły|zły||||przeciętny||dobry|bardzo dobry|doskonały",
    "zeer slecht|slecht|matig||redelijk|||goed|zeer goed|uitstekend",
    "molto scarso|scarso|mediocre||sufficiente|discreto||buono|ottimo|eccellente",
    "pessimo stato|da ristrutturare|||abitabile|||buono stato|ottimo stato|nuovo",
    "mycket dålig|dålig|||medel|||bra|mycket bra|utmärkt",
    "|huono|välttävä||tyydyttävä|||hyvä|erinomainen",
    "|špatný|||průměrný|||dobrý|velmi dobrý|výborný",
    "|kötü|||orta|||iyi|çok iyi|mükemmel",
    "|плохое|||среднее|удовлетворительное||хорошее|очень хорошее|отличное",
    "|ringe|||middels|||god|svært god|meget god",
    "|faible|||moyen|||élevé",
):
    for _rank, _word in enumerate(_words.split("|")):
        if _word:
            _RANKS.setdefault(_word, _rank)
_NOTHING = ("none", "ninguno", "ninguna", "aucun", "keine", "nenhum", "no")
_AMES = ("Po", "Fa", "TA", "Gd", "Ex")
_ENERGY = re.compile(r"[A-H][1-3]?\+{0,4}")
_LARGEST_LEVEL = 20
_GRADE = re.compile(r"\d{1,2}(?:\.0+)?", re.ASCII)
_STATES = ("state", "estado", "etat", "staat")
"""Words of a name that mean a part of a country, too."""


def decide_flag(column: Profile) -> tuple[CellForm, Finding] | None:
    """Return the words of a flag; None when the column is none."""
    column = column.as_values
    if not 2 <= len(column.texts) <= 6 or set(column.concepts[:1]) & _COUNTS:
        return None
    folded = {text.casefold() for text in column.texts}
    if not folded <= _TRUE | _FALSE or not folded & _TRUE or not folded & _FALSE:
        return None
    if folded & _LETTERS - {"y", "n"} and ("code" in column.concepts or len(folded) > 2):
        return None  # such as types of houses with one letter each
    true = tuple(text for text in column.texts if text.casefold() in _TRUE)
    false = tuple(text for text in column.texts if text.casefold() in _FALSE)
    rows = tuple(column.first[column.texts.index(words[0])] for words in (true, false))
    found = CellForm(true=_distinct(true), false=_distinct(false))
    return found, Finding("kind", "certain", f"yes is {true[0]} and no is {false[0]}", rows)


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({word.casefold(): word for word in reversed(words)}.values())


def decide_scale(column: Profile) -> tuple[tuple[int | str, ...], Finding] | None:
    """Return the levels of a scale, the lowest first; None when the values have no known order."""
    column = column.as_texts
    words = {text.casefold(): text for text in column.texts}
    if not 3 <= len(column.texts) <= 15:
        return None
    if found := _by_words(column, words):
        return found
    is_energy = "energy" in column.concepts or re.search(
        r"\b(?:label|efficien\w*|eficien\w*)\b", column.name.casefold()
    )
    if is_energy:
        column = column.as_values
    if is_energy and column.texts and all(_ENERGY.fullmatch(text.upper()) for text in column.texts):
        plain = all(len(text) == 1 and text.isupper() for text in column.texts)
        letters = (
            {*column.texts, *"ABCDEFG"} if plain else set(column.texts)
        )  # a class without a sale so far is one, too
        ordered = sorted(letters, key=_energy_rank)
        return tuple(ordered), Finding(
            "kind", "certain", f"energy classes, from {ordered[0]} up to {ordered[-1]}", column.first[:2]
        )
    return None


def _by_words(column: Profile, words: dict[str, str]) -> tuple[tuple[int | str, ...], Finding] | None:
    ranked = {folded: _RANKS[folded] for folded in words if folded in _RANKS}
    nothing = [folded for folded in words if folded in _NOTHING]
    if len(ranked) + len(nothing) < len(words) or len(set(ranked.values())) < 3:
        return None
    levels = [words[folded] for folded in nothing]
    if set(ranked) <= {level.casefold() for level in _AMES}:
        levels += [words.get(level.casefold(), level) for level in _AMES]
    else:
        levels += [words[folded] for folded in sorted(ranked, key=lambda one: (ranked[one], one))]
    return tuple(levels), Finding("kind", "certain", f"a scale, from {levels[0]} up to {levels[-1]}", column.first[:2])


def _energy_rank(text: str) -> tuple[int, int, int]:
    letter, plus = text.upper()[0], text.count("+")
    digit = int(text[1]) if text[1:2].isdigit() else 0
    return -ord(letter), plus, -digit


def name_grades_called_state(drafts: list[Draft]) -> None:
    """Take a column that is called state, and holds a few small whole numbers, for the condition of the house."""
    for draft in drafts:
        texts = draft.profile.as_values.texts
        if draft.words in _STATES and 3 <= len(texts) <= _LARGEST_LEVEL and all(map(_GRADE.fullmatch, texts)):
            draft.profile = replace(draft.profile, meant="condition")


def decide_grades(column: Profile) -> tuple[tuple[int | str, ...], Finding] | None:
    """Return the levels of a scale of whole numbers, when the name says that it is one."""
    column = column.as_values
    if not {"quality", "condition"} & set(column.concepts[:2]) or not all(map(_GRADE.fullmatch, column.texts)):
        return None
    values = sorted({int(float(text)) for text in column.texts})
    if len(values) < 3 or values[-1] > _LARGEST_LEVEL:
        return None
    levels = tuple(range(values[0], values[-1] + 1))
    return levels, Finding("kind", "likely", f"grades from {levels[0]} to {levels[-1]}", column.first[:2])
