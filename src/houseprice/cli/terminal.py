"""Texts of strangers on a terminal: a name in a file may hold codes that move the cursor, or a whole table."""

LONGEST = 10_000
"""Characters of one message."""


def printable(text: str, longest: int = LONGEST) -> str:
    """Return a text with a replacement character for each control character but tabs and ends of lines, cut if long."""
    some = text[:longest]
    plain = "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in some)
    return plain + "…" * (len(text) > longest)


def one_line(text: str) -> str:
    """Return a printable text that cannot pass for more than one line."""
    return printable(" ".join(text.splitlines()))
