"""Profile of a column of texts: its distinct values, how often and where each stands, and its missing marks."""

from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from houseprice.conversion.value import BLANKS, normalized
from houseprice.inference.vocabulary import concepts_of

ROW = "row"
TEXT_MARKS = frozenset(
    (
        *("-", "--", "---", "–", "—", "?", "??", ".", "..", "...", "na", "n/a", "#n/a", "n.a.", "n/d", "s/d", "s.d."),
        *("nan", "null", "(null)", "<null>", "#value!", "#ref!", "#div/0!", "k.a.", "sin dato", "sin datos", "no data"),
        *("not available", "keine angabe", "non renseigné", "não informado"),
    )
)
"""Texts, folded, that mean "missing" in any column; "None" and "unknown" may be a category."""

MARKS = TEXT_MARKS | frozenset(
    (
        *("*", "/", "\\", "n.a", "nd", "n.d.", "sd", "s/i", "n/i", "none", "nil", "#null!", "missing", "[missing]"),
        *("blank", "empty", "unknown", "unk", "not-available", "n.v.", "k.a", "nc", "n.c.", "n.r.", "nr", "ns", "tbd"),
        *("desconocido", "desconocida", "inconnu", "inconnue", "unbekannt", "onbekend", "desconhecido", "tba", "tbc"),
        *("poa", "p.o.a.", "undefined", "nodata", "no disponible", "not known", "not specified", "not recorded"),
        *("no consta", "no informado", "nao informado", "sem informação", "sem informacao", "keine angaben"),
        *("non renseigne", "non communiqué", "no info", "no especificado", "to be confirmed", "price on application"),
        *("contact agent", "ask agent", "auction", "price withheld", "call for price", "su richiesta", "op aanvraag"),
        *("price on request", "a consultar", "consultar", "sob consulta", "prix sur demande", "auf anfrage"),
    )
)
"""Texts, folded, that mean "missing" where numbers, dates or flags are expected."""


@dataclass(frozen=True)
class Profile:
    """A column, with its distinct texts in the order of the file.

    Attributes:
        name: of the column.
        rows: number of rows of the file.
        texts: distinct texts, without blanks at their ends; missing marks are not among them.
        counts: how often each stands in the column.
        first: the row in which each stands first.
        marks: missing marks that were found, as they are written → how often.
        raw: the column itself.
    """

    name: str
    rows: int
    texts: tuple[str, ...]
    counts: tuple[int, ...]
    first: tuple[int, ...]
    marks: dict[str, int]
    raw: pl.Series
    mark_rows: tuple[int, ...] = ()
    meant: str = ""
    """Name that tells what the column is, where its own does not."""

    @property
    def concepts(self) -> tuple[str, ...]:
        """What the name may mean, the most special first."""
        return concepts_of(self.meant or self.name)

    @cached_property
    def filled(self) -> int:
        """Number of rows with a value."""
        return sum(self.counts)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int, int]]:
        """Form of a text, with every digit as 9 → (rows, position of an example, first row)."""
        found: dict[str, tuple[int, int, int]] = {}
        # Powers of areas are no numbers.
        shaped = (
            pl.Series(self.texts, dtype=pl.String)
            .str.replace_all(r"(?i)(^|[0-9\s/.])(m|mt|mts|mq|ft|km|м)\s?\^?2\b", "${1}${2}²")
            .str.replace_all(r"[0-9]", "9")
            .to_list()
        )
        for place, shape in enumerate(shaped):
            before = found.get(shape)
            if before:
                found[shape] = (before[0] + self.counts[place], before[1], before[2])
            else:
                found[shape] = (self.counts[place], place, self.first[place])
        return found

    def without(self, more: frozenset[str]) -> "Profile":
        """Return the profile with further texts, folded, as missing marks."""
        keep = [place for place, text in enumerate(self.texts) if text.casefold() not in more]
        if len(keep) == len(self.texts):
            return self
        gone = [place for place, text in enumerate(self.texts) if text.casefold() in more]
        marks = self.marks | {self.texts[place]: self.counts[place] for place in gone}
        return replace(
            self,
            texts=tuple(self.texts[place] for place in keep),
            counts=tuple(self.counts[place] for place in keep),
            first=tuple(self.first[place] for place in keep),
            marks=marks,
            mark_rows=(*self.mark_rows, *(self.first[place] for place in gone[:2]))[:3],
        )

    @cached_property
    def as_values(self) -> "Profile":
        """The profile for a column of numbers, dates or flags, whose missing marks are more."""
        return self.without(MARKS | BLANKS)

    @cached_property
    def as_texts(self) -> "Profile":
        """The profile for a column of texts."""
        return self.without(TEXT_MARKS)

    def rows_of(self, texts: set[str], most: int = 3) -> tuple[int, ...]:
        """Return the first rows of some texts."""
        return tuple(row for text, row in zip(self.texts, self.first, strict=True) if text in texts)[:most]


def profile(texts: pl.DataFrame, name: str) -> Profile:
    """Return the profile of a column of a table of texts."""
    rows = texts[ROW] if ROW in texts.columns else pl.Series(ROW, range(1, texts.height + 1))
    frame = pl.DataFrame({"text": texts[name], ROW: rows}).drop_nulls("text")
    counted = frame.group_by("text", maintain_order=True).agg(pl.len().alias("count"), pl.col(ROW).first())
    joined: dict[str, list[int]] = {}
    for text, count, row in counted.iter_rows():
        plain = normalized(text)
        if not plain:
            continue
        if plain in joined:
            joined[plain][0] += count
        else:
            joined[plain] = [count, row]
    return Profile(
        name,
        texts.height,
        tuple(joined),
        tuple(count for count, _ in joined.values()),
        tuple(row for _, row in joined.values()),
        {},
        texts[name],
    )
