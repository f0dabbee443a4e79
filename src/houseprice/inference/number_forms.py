"""How the numbers of a column are written: signs, units, decimal and thousands marks; found in all of its values."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from houseprice.conversion import CellForm
from houseprice.conversion.numbers import ERAS, FRACTIONS, TYPED
from houseprice.inference.names import words_of
from houseprice.inference.number_words import number_words
from houseprice.inference.profile import Profile
from houseprice.inference.units import (
    MULTIPLIERS,
    SQUARE_METRES,
    Affixes,
    currency_of_name,
    factor_of_name,
    split_affix,
)

MOST_SHAPES = 4000
READABLE = 0.9
"""Share of the values that must be numbers for the column to be one of numbers."""

_LEAST_VARIED = 3
"""Different texts, fewer of which with an unknown word are kinds, such as 1.Sale."""

AMOUNTS = frozenset(
    (
        *("sale_price", "price", "list_price", "price_per_area", "rent", "assessment", "tax", "days_on_market", "age"),
        *(
            "area",
            "living_area",
            "lot_area",
            "part_area",
            "other_area",
            "bedrooms",
            "bathrooms",
            "part_bathrooms",
            "rooms",
        ),
        *("year_built", "year_renovated", "distance", "energy", "quality", "condition"),
    )
)
"""Concepts of names of amounts, whose numbers may stand behind an unknown word."""

_NUMBER = re.compile(
    r"(?P<open>\()?(?P<before>[^9+\-.,]*(?:\.(?!9)[^9+\-.,]*)*?)(?P<sign>[-+]?)\s*(?P<before2>[^9+\-.,]*?)\s*"
    r"(?P<body>[.,]9+|9(?:[9.,' ]*9)?[.,]?)(?P<exponent>[eE][-+]?9{1,3})?"
    r"(?P<tail>[.,]?\s*-{1,3}(?=[^9]*$))?(?P<behind>[^9]*?)\)?"
)
_RANGE = re.compile(
    r"(?P<low>[^9\-]*9[9.,' ]*[^9\-]*?)\s*(?P<word>\b(?:to|a|à|bis|até|hasta)\b|-)\s*(?P<high>[^9\-]*9[9.,' ]*[^9\-]*)",
    re.IGNORECASE,
)
_OPEN = re.compile(r"(?:[<>≤≥]=?\s*(?P<above>[^<>≤≥]*)|(?P<least>.*9[^9+]*)\+)")
_DURATION = re.compile(
    r"9+\s*(?:y|yrs?|years?|a[nñ]os?|ans?|jahre?)\b\.?[\s,]*(?:(?:and|y|e|et|und)\s+)?(?:9+\s*(?:m|mos?|mths?|months?|mes(?:es)?|mois|monate?)\b\.?)?|9+\s*(?:mths?|months?|mes(?:es)?|mois|monate?)",
    re.IGNORECASE,
)
_FRACTION = re.compile(rf"(?<=9) ?[{''.join(FRACTIONS)}](?!9)")
_UNTYPED = re.compile("|".join((*FRACTIONS, *ERAS)))
_ERA = re.compile(rf"(?:{'|'.join(ERAS)}) ?(?:9{{1,3}}|元)年?")
_GROUPED = re.compile(r"9{1,3}(?:(?P<mark>[.,' ])9{2,3})*(?P=mark)9{3}|9{1,3}[.,' ]9{3}")


@dataclass
class Marks:
    """What the bodies of numbers show of their marks: mark → row of a proof."""

    decimal: dict[str, int] = field(default_factory=dict)
    thousands: dict[str, int] = field(default_factory=dict)
    either: dict[str, int] = field(default_factory=dict)
    plain_thousands: int = 0
    wrong: int = 0

    def add(self, body: str, row: int) -> bool:
        """Learn from one body, such as 9.999,99; return whether it is a number at all."""
        signs = re.findall(r"[.,' ]", body.rstrip(".,"))
        body = body.rstrip(".,")
        if not signs:
            if len(body) > 3 and not self.plain_thousands:
                self.plain_thousands = row
            return True
        last, others = signs[-1], set(signs[:-1])
        whole, _, fraction = body.rpartition(last)
        if last in "' " or (others and last in others):
            if len(set(signs)) > 1 or not _GROUPED.fullmatch(body):
                return False
            self.thousands.setdefault(last, row)
        elif others:
            if len(others) > 1 or not _GROUPED.fullmatch(whole):
                return False
            self.decimal.setdefault(last, row)
            self.thousands.setdefault(others.pop(), row)
        elif len(fraction) == 3 and 1 <= len(whole) <= 3:
            self.either.setdefault(last, row)
        else:
            self.decimal.setdefault(last, row)
        return True


@dataclass(frozen=True)
class NumberShapes:
    """The numbers of a column as they are written.

    Attributes:
        share: of the values that are numbers.
        affixes: what stands around them.
        marks: what they show of decimal and thousands marks.
        ranges: row of a range, such as 10 TO 12; 0 for none.
        number_words: texts that stand for a number, such as "Ground floor".
        per: how many rows hold money per area or month.
        durations: row of a duration, such as 61 years 04 months; 0 for none.
        others: values that are no numbers, as they are written.
    """

    share: float
    affixes: Affixes
    marks: Marks
    ranges: int
    range_words: bool
    durations: int
    others: tuple[str, ...]
    profile: Profile
    per: int = 0
    number_words: dict[str, float] = field(default_factory=dict)

    @cached_property
    def unknown(self) -> bool:
        """Whether something stands beside the numbers that no list holds."""
        return bool(self.affixes.unknown)

    @cached_property
    def signed(self) -> bool:
        """Whether there is a currency beside the numbers, or in their name, which states no multiple of it."""
        words = words_of(self.profile.name)
        return bool(self.affixes.currencies) or bool(currency_of_name(words) and factor_of_name(words) == 1)


def number_shapes(column: Profile, *, money: bool) -> NumberShapes | None:
    """Return how the numbers of a column are written; None when it is not one of numbers."""
    column = column.as_values
    shapes = column.shapes
    if not column.filled or len(shapes) > MOST_SHAPES:
        return None
    marks, affixes = Marks(), Affixes()
    ranges = durations = per = 0
    words = True
    odd: list[str] = []
    bad = 0
    amount = bool(AMOUNTS & set(column.concepts[:1]))
    common = _common_affix(shapes, column.filled)
    number = number_words(column)
    for shape, (count, place, row) in shapes.items():
        if column.texts[place] in number:
            continue
        plain = _ERA.sub("9999", _FRACTION.sub("", shape.translate(TYPED)))
        found = _read(plain, marks, row, common, money=money, names_amount=amount)
        if found is not None:
            affixes |= found
            per += count if found.per else 0
            continue
        closed = _RANGE.fullmatch(plain) or _OPEN.fullmatch(plain)
        if _DURATION.fullmatch(plain):
            durations = durations or row
        elif closed:
            parts = [part for name, part in closed.groupdict().items() if part and name != "word"]
            read = [_read(part.strip(), marks, row, common, money=money, names_amount=amount) for part in parts]
            if all(one is not None for one in read):
                ranges = ranges or row
                words = words and closed.groupdict().get("word", "-") != "-"
                for one in read:
                    affixes |= one or Affixes()
            else:
                odd.append(column.texts[place])
                bad += count
        else:
            odd.append(column.texts[place])
            bad += count
    share = 1 - bad / column.filled
    if (
        share < READABLE
        or len(number) == len(column.texts)
        or (affixes.unknown and len(column.texts) - len(odd) < _LEAST_VARIED)
    ):
        return None
    return NumberShapes(share, affixes, marks, ranges, words, durations, tuple(odd), column, per, number)


def _common_affix(shapes: dict[str, tuple[int, int, int]], rows: int) -> frozenset[str]:
    """Return unknown texts that stand around nearly every number, such as a unit that no list holds."""
    counts: dict[str, int] = {}
    for shape, (count, _, _) in shapes.items():
        found = _NUMBER.fullmatch(shape.translate(TYPED))
        if found:
            for part in (found["before"], found["before2"], found["behind"]):
                if part and part.strip():
                    counts[part.strip()] = counts.get(part.strip(), 0) + count
    return frozenset(part for part, count in counts.items() if count >= READABLE * rows and len(part) <= 20)


def _read(
    shape: str, marks: Marks, row: int, common: frozenset[str], *, money: bool, names_amount: bool
) -> Affixes | None:
    """Learn from one number; return what stands around it, or None when it is none."""
    found = _NUMBER.fullmatch(shape)
    if not found or bool(found["open"]) != shape.endswith(")"):
        return None
    before = (found["before"] + found["before2"]).strip()
    behind = (found["behind"] or "").strip()
    front = split_affix(before, money=money, behind=False)
    back = split_affix(behind, money=money or bool(front.currencies), behind=True)
    around = Affixes()
    for part, written in ((front, before), (back, behind)):
        if part.unknown:
            if written not in common or (part is front and not names_amount and any(map(str.isalpha, written))):
                return None
            around |= Affixes(strip=frozenset((written,)), unknown=frozenset((written,)))
        else:
            around |= part
    if found["exponent"]:
        body = found["body"]
        if "." in body:
            marks.decimal.setdefault(".", row)
        elif "," in body:
            marks.decimal.setdefault(",", row)
        return around
    if found["tail"] and found["body"][-1] in ".,":  # as in 350.000,-
        marks.decimal.setdefault(found["body"][-1], row)
    return around if marks.add(found["body"], row) else None


def multipliers_of(affixes: Affixes) -> dict[str, float]:
    """Return what each multiplier multiplies by; units that are mixed in a column become multipliers of the first."""
    found = {written: MULTIPLIERS[written.casefold()] for written in sorted(affixes.multipliers)}
    areas = sorted({unit for unit, _ in affixes.units if unit in SQUARE_METRES})
    if len(areas) > 1:
        base = mixed_unit(affixes)
        found |= {
            written: SQUARE_METRES[unit] / SQUARE_METRES[base]
            for unit, written in sorted(affixes.units)
            if unit in SQUARE_METRES
        }
    return found


def mixed_unit(affixes: Affixes) -> str:
    """Return the unit that areas of several units are converted to."""
    areas = {unit for unit, _ in affixes.units}
    return "m²" if "m²" in areas else "sq ft" if "sq ft" in areas else min(areas)


def base_form(shapes: NumberShapes, decimal: str | None, thousands: str | None) -> CellForm:
    """Return the form of a column, given its marks."""
    multipliers = {
        spelling: times
        for written, times in multipliers_of(shapes.affixes).items()
        for spelling in _spellings(written, shapes.profile)
    }
    if thousands is None and any(_UNTYPED.search(text) for text in shapes.profile.texts):
        thousands = "none"  # requests are read by a form only where a column has one
    taken = {mark.casefold() for mark in multipliers}
    marks = {spelling for mark in shapes.affixes.strip for spelling in _spellings(mark, shapes.profile)}
    strip = sorted((mark for mark in marks if mark.casefold() not in taken), key=lambda mark: (-len(mark), mark))
    return CellForm(
        decimal=decimal,  # type: ignore[arg-type]
        thousands=thousands,  # type: ignore[arg-type]
        strip=tuple(strip),
        multipliers=multipliers,
        number_words=shapes.number_words,
        ranges="midpoint" if shapes.ranges else None,
        duration="years" if shapes.durations else None,
    )


def _spellings(mark: str, column: Profile) -> list[str]:
    """Return how a mark is spelled in the column: its shapes have ² for every way to write a square."""
    if "²" not in mark:
        return [mark]
    ways = [mark.replace("²", way) for way in ("²", "2", "^2", " 2", " ²")]
    return [way for way in ways if any(way in text for text in column.texts)]
