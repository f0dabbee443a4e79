"""Random sample of the held-out sales, drawn by the digest of the data, so that anybody can draw it again."""

import hmac
from collections.abc import Iterable

SIZE = 300
"""Sales of a sample; all held-out sales where there are fewer."""
METHOD = (
    "Rows of the cleaned table are counted from 0. The held-out ones are ordered by HMAC-SHA256, with the 32 bytes of "
    "the table's SHA-256 as key and the row's number in decimal digits as message; the first ones are the sample."
)


def draw_sample(data_sha256: str, rows: Iterable[int], size: int = SIZE) -> list[int]:
    """Return the sample of some rows in the order in which it is drawn, so that its beginning is a sample as well.

    Args:
        data_sha256: hexadecimal digest of the table.
        rows: positions of the held-out sales in it.
        size: how many are drawn.
    """
    key = bytes.fromhex(data_sha256)
    return sorted(rows, key=lambda row: hmac.digest(key, str(row).encode(), "sha256"))[:size]
