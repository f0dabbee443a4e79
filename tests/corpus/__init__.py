"""Files of sales as people have them, made here, with the decisions that are right; `make corpus` prints the table."""

from corpus import asian, cells, continental, english, european, other_countries, overseas, shapes, traps

CASES = (
    *english.CASES, *european.CASES, *continental.CASES, *overseas.CASES, *asian.CASES, *shapes.CASES,
    *other_countries.CASES, *cells.CASES, *traps.CASES,
)  # fmt: skip
