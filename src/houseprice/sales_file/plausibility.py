"""How plausible the words of a text are that each encoding of one byte a character gives.

All of these encodings allow almost every byte, so only the words tell them apart: the letters beyond ASCII belong to
one language, capitals stand where capitals stand, and signs where signs do. General detectors judge by the frequencies
of letters, which a column of town names in a short file does not have.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from houseprice.sales_file.notes import Verdict

LANGUAGES = {
    "Spanish": "áéíóúüñ",
    "Catalan": "àçèéíïòóúü",
    "Portuguese": "áâãàçéêíóôõúü",
    "French": "àâçéèêëîïôùûüœæÿ",
    "Italian": "àèéìíòóùú",
    "German": "äöüßé",
    "Dutch": "éëïóöüèê",
    "Swedish": "åäöéü",
    "Danish": "æøåéö",
    "Icelandic": "áðéíóúýþæö",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýžäľĺŕô",
    "Hungarian": "áéíóöőúüű",
    "Croatian": "čćđšž",
    "Romanian": "ăâîşţșț",
    "Turkish": "çğıöşüâîİ",
}
_WESTERN = ("Spanish", "Catalan", "Portuguese", "French", "Italian", "German", "Dutch", "Swedish", "Danish")
_CENTRAL = ("Polish", "Czech", "Hungarian", "Croatian", "Romanian", "German")
ENCODINGS = {
    "windows-1252": (0.0, (*_WESTERN, "Icelandic")),
    "iso-8859-15": (0.02, (*_WESTERN, "Icelandic")),
    "macintosh": (0.15, _WESTERN),
    "cp850": (0.3, _WESTERN),
    "windows-1250": (0.2, _CENTRAL),
    "iso-8859-2": (0.25, _CENTRAL),
    "windows-1254": (0.25, ("Turkish",)),
}
"""Encoding → how much less it is used than Windows-1252, on the scale of `Judgement`, and its languages."""
DOUBT = 0.25
"""Distance between the two best encodings, over the number of words, up to which both are possible."""
_VOWELS = "aeiouyáàâãäåæéèêëíìîïóòôõöøœúùûüýÿăąęěıőűů"
_CONSONANTS = "çñšžčćđřťďňńłśźżğşţțșßþð"
_BESIDE = {
    "œ": r".?œ[uie]",
    "þ": r"[^\w]?þ.?",
    "ń": r".?ń[^aeiouyó]?", "ś": r".?ś[^aeouyó]?", "ć": r".?ć[^aeouyó]?", "ź": r".?ź[^aeouyó]?",
    "ă": r".?ă[^aeou]?",
    "ě": r"[bpvmdtn]ě.?",
    "ů": r"[^aeiouy\W]ů.?",
    "ř": r".?ř\w|[aeiouyáéíóúůý]ř\W?",
    "á": r"[^ae]?á.?",
}  # fmt: skip
"""Letters that stand only beside some: `ń` before no vowel in Polish, `ě` after few consonants in Czech."""
_UNITS = re.compile(r"[\d\s.,]*(?:mý|nø)\W?")
"""m² and n° by Windows-1252, of a file in code page 850."""
_AFTER_VOWEL = "ßÿëï"
_BEFORE_VOWEL = "çñõ"
_SAME = (
    {"³": "²", "¡": "¿"}
    | dict.fromkeys("½¼¾×", "€")
    | dict.fromkeys("–—“”‘»…©®™§±", "«")
    | dict.fromkeys("‚•¥¢‹›†‡¤", "„")
)
"""Signs that stand in the same places."""
LEAST = 0.4
"""Plausibility below which a text is in none of these encodings."""
_TOKEN = re.compile(rb"[^\s,;|\"\x80-\xff]?[A-Za-z0-9.'\x80-\xff]{0,20}[\x80-\xff][A-Za-z0-9.'\x80-\xff]{0,20}")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_LONGEST_WORD = 40
_MOST_WORDS = 3000
_ELISION = re.compile(r"(?:^|[^a-z])(?:[cdjlmnstoy]|qu|dell|all|sull|nell|dall|un|jusqu|lorsqu|puisqu|quelqu)$")
_CONTRACTION = re.compile(r"(?:s|t|d|m|re|ve|ll)(?:[^a-z]|$)")


@dataclass(frozen=True)
class Word:
    """Bytes with some beyond ASCII that stand together, and the line on which they first do."""

    text: bytes
    line: int


@dataclass(frozen=True)
class Judgement:
    """The most plausible encoding; when it is not clear, the choices."""

    encoding: str
    verdict: Verdict
    reason: str
    choices: tuple[str, ...] = ()


def words_of(content: bytes) -> list[Word]:
    """Return the first different words that hold a byte beyond ASCII."""
    found: dict[bytes, int] = {}
    ending = b"\n" if b"\n" in content else b"\r"
    number, start = 1, 0
    while match := _BEYOND_ASCII.search(content, start):
        begin = max(content.rfind(ending, start, match.start()) + 1, start)
        end = content.find(ending, match.start())
        end = len(content) if end < 0 else end
        number += content.count(ending, start, begin)
        for word in _TOKEN.findall(content, max(begin, match.start() - _LONGEST_WORD), end):
            found.setdefault(word, number)
            if len(found) >= _MOST_WORDS:
                return [Word(text, line) for text, line in found.items()]
        start = end
    return [Word(text, line) for text, line in found.items()]


def judge(words: list[Word]) -> Judgement:
    """Return which encoding gives the most plausible words."""
    best: dict[tuple[str, ...], tuple[float, str]] = {}
    for encoding, (rarity, languages) in ENCODINGS.items():
        decoded = _decoded(words, encoding)
        if decoded is None:
            continue
        score = _plausibility(decoded, languages) - rarity / len(words) ** 0.5
        best[decoded] = max(best.get(decoded, (-9.0, "")), (score, encoding))
    ranked = sorted(((score, encoding, decoded) for decoded, (score, encoding) in best.items()), reverse=True)
    if not ranked or ranked[0][0] < LEAST:
        reason = "It is not UTF-8, and the words that other encodings give are those of no known language."
        return Judgement("", "ambiguous", reason)
    score, encoding, decoded = ranked[0]
    rival = ranked[1] if len(ranked) > 1 else (-9.0, "", ())
    gap = score - rival[0]
    shown = _shown(decoded)
    if gap <= DOUBT / len(words):
        reason = f"It is not UTF-8; by {encoding} it holds {shown}, by {rival[1]} {_shown(rival[2])}."
        choices = tuple(name for other, name, _ in ranked if other > score - 0.3)
        return Judgement("", "ambiguous", reason, choices)
    certain = gap >= 0.5 and len(words) >= 3
    reason = f"It is not UTF-8; by this encoding it holds words such as {shown}."
    return Judgement(encoding, "certain" if certain else "likely", reason)


def _plausibility(decoded: tuple[str, ...], languages: tuple[str, ...]) -> float:
    """Return the mean score of the words, mostly by the one language that fits them best."""
    scores = [[word_score(text, language) for language in languages] for text in decoded]
    of_one = max(map(_mean, zip(*scores, strict=True)))
    return 0.7 * of_one + 0.3 * _mean(map(max, scores))


def of_one_script(words: list[str]) -> bool:
    """Return whether the characters beyond ASCII are letters of one alphabet, with capitals where capitals stand."""
    scripts = Counter(
        "CJK" if name.startswith(("CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC")) else name.split(" ")[0]
        for word in words
        for character in word
        if not character.isascii() and (name := unicodedata.name(character, "UNKNOWN"))
    )
    odd = sum(re.search(r"[^\W\d_]", word) is None or _has_inner_capital(word) for word in words)
    return scripts.most_common(1)[0][1] >= 0.98 * scripts.total() and odd <= 0.05 * len(words)


def _has_inner_capital(word: str) -> bool:
    return any(before.islower() and after.isupper() for before, after in pairwise(word))


def word_score(word: str, language: str) -> float:
    """Return how plausible a word is: 1 when every character beyond ASCII stands where the language has it, to −3."""
    letters = _letters(language)
    scores = [_character_score(word, place, letters) for place, character in enumerate(word) if not character.isascii()]
    if re.search(r"[^\W\d_a-zA-Z]{3}", word):  # no Latin alphabet writes three letters beyond ASCII in a row
        return -1.0
    return -0.5 if _UNITS.fullmatch(word) else min(scores, default=0.0)


def _character_score(word: str, place: int, letters: frozenset[str]) -> float:
    character = word[place]
    before, after = word[place - 1] if place else "", word[place + 1] if place + 1 < len(word) else ""
    if character in "ªº":
        return 0.9 if before.isdigit() or (before and before in "nNmM.") else -0.5
    if character.isalpha():
        return _letter_score(character, before, after, letters)
    if character < "\xa0":
        return -3.0  # a control character
    return _sign_score(character, word, place)


def _letter_score(character: str, before: str, after: str, letters: frozenset[str]) -> float:
    if (character.isupper() and before.islower()) or (character.islower() and after.isupper()):
        return -1.0
    if character.isupper() and before.isupper() and after.islower():
        return -0.7
    if character not in letters or not _fits(character.lower(), before.lower(), after.lower()):
        return -0.5
    alone = not before.isalpha() and not after.isalpha()
    return 1.0 if not alone else 0.6 if character in "àéèóò" else 0.2 if character in "áôÀÉÈÓÒ" else -0.5


def _fits(character: str, before: str, after: str) -> bool:
    """Return whether a letter stands beside such letters as languages have it."""
    if character in _AFTER_VOWEL:
        return before in tuple(_VOWELS)
    if character in _BEFORE_VOWEL:
        return after in tuple(_VOWELS) or not after.isalpha()
    if character in _BESIDE:
        return re.fullmatch(_BESIDE[character], before + character + after) is not None
    base, marks = unicodedata.normalize("NFD", character)[:1], unicodedata.normalize("NFD", character)[1:]
    if base in "aiou" and base in (before, after) and marks != "\u0308":  # but Dutch writes coöperatie
        return False
    consonants = all(letter.isalpha() and letter not in _VOWELS for letter in (before, after))
    return not (character in _CONSONANTS and consonants)


def _sign_score(character: str, word: str, place: int) -> float:
    before, after = word[:place][-1:], word[place + 1 :][:1]
    between_letters = before.isalpha() and after.isalpha()
    scores = {
        "’": 0.2 if not between_letters else 1.0 if _is_apostrophe(word, place) else -0.2,
        "²": 1.0 if before in tuple("mMt") else -1.0,
        "·": 1.0 if before == after == "l" else -0.8 if before.isalpha() or after.isalpha() else 0.3,
        "\xa0": -0.5 if between_letters else 0.9 if before.isdigit() and after.isdigit() else 0.4,
        "°": 1.0 if before.isdigit() or before in tuple("nN") else 0.0,
        "¿": -0.8 if before else 1.0,
        "£": -0.8 if before.isalpha() else 1.0,
        "€": -0.8 if before.isalpha() or after.isalpha() else 1.0,
        "«": -0.7 if between_letters else 0.5,
        "„": -0.7 if between_letters else -0.2,
    }
    return scores.get(_SAME.get(character, character), -1.0)


def _is_apostrophe(word: str, place: int) -> bool:
    """Return whether it stands where French, Italian or English leave letters out."""
    start, end = word[:place].lower(), word[place + 1 :].lower()
    return bool(_ELISION.search(start) or _CONTRACTION.match(end))


@cache
def _letters(language: str) -> frozenset[str]:
    return frozenset(LANGUAGES[language] + LANGUAGES[language].upper().replace("SS", "") + "ß" * (language == "German"))


def _decoded(words: list[Word], encoding: str) -> tuple[str, ...] | None:
    try:
        return tuple(word.text.decode(encoding) for word in words)
    except UnicodeDecodeError:
        return None


def _mean(scores: Iterable[float]) -> float:
    values = list(scores)
    return sum(values) / len(values) if values else 0.0


def _shown(decoded: tuple[str, ...]) -> str:
    return " and ".join(f'"{word.strip()}"' for word in decoded[:2])
