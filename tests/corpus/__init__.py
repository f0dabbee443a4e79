"""Files of sales as people have them, made here, with the decisions that are right; `make corpus` prints the table."""

from corpus import asian, continental, english, european, overseas, shapes, traps

CASES = (
    *english.CASES, *european.CASES, *continental.CASES, *overseas.CASES, *asian.CASES, *shapes.CASES, *traps.CASES,
)  # fmt: skip
