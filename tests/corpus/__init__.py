"""A corpus of files as people have them, made by a script, with the decisions that are right."""

from corpus import english, european, traps

CASES = (*english.CASES, *european.CASES, *traps.CASES)
