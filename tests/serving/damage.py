"""Parquet and Arrow that were damaged by chance, read in a process of its own: `python damage.py KIND FROM UNTIL`.

What ends a process cannot be caught in it: whoever started it sees how it ended, and the last number that it printed.
"""

import io
import random
import sys

import polars as pl
import pyarrow as pa
from batches import arrow, parquet, table
from fastapi import HTTPException
from toy import FULL, LEAST, MOST_BYTES, MOST_HOUSES

from houseprice.errors import DataError
from houseprice.serving.formats import weighing

TABLE = table([FULL, LEAST] * 6)
NUMBERS = (0, 1, 2, 4, 8, 16, 24, 28, 36, 60, 127, 128, 255)
"""Bytes that mean something where numbers and lists begin."""


def parquets() -> list[bytes]:
    """Give well made files of many kinds."""
    kinds = {field.name: field.type for field in TABLE.schema}
    floats = [name for name, kind in kinds.items() if pa.types.is_floating(kind)]
    texts = [name for name, kind in kinds.items() if pa.types.is_string(kind)]
    sink = io.BytesIO()
    pl.DataFrame(pl.from_arrow(TABLE)).write_parquet(sink)
    plain = {"use_dictionary": False, "compression": "none"}
    return [
        parquet(TABLE),
        parquet(TABLE, use_dictionary=False),
        parquet(TABLE, compression="none", data_page_version="2.0"),
        parquet(TABLE, compression="gzip", row_group_size=5),
        parquet(TABLE, compression="zstd", write_page_checksum=True, write_page_index=True),
        parquet(TABLE, compression="brotli"),
        parquet(TABLE, **plain, column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT")),
        parquet(TABLE, **plain, column_encoding=dict.fromkeys(texts, "DELTA_LENGTH_BYTE_ARRAY")),
        sink.getvalue(),
    ]


def arrows() -> list[bytes]:
    """Give well made streams of many kinds."""
    return [arrow(TABLE), arrow(TABLE, "lz4"), arrow(TABLE, "zstd")]


def damaged(good: list[bytes], number: int) -> bytes:
    """Give back one of them with a few bytes changed, or cut off; of Parquet often in its footer."""
    draw = random.Random(number)  # noqa: S311 - the same damage each time
    body = bytearray(draw.choice(good))
    first = 0
    if body[-4:] == b"PAR1" and draw.random() < 0.6:
        first = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
    for _ in range(draw.randint(1, 4)):
        body[draw.randrange(first, len(body))] = draw.choice((*NUMBERS, draw.randrange(256)))
    return bytes(body[: draw.choice((None, None, None, draw.randint(0, len(body))))])


def main(kind: str, begin: int, end: int) -> None:
    """Read so many of them; what cannot be read must be refused with a reason."""
    good, read = {"parquet": (parquets(), weighing.parquet), "arrow": (arrows(), weighing.arrow)}[kind]
    for number in range(begin, end):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        try:
            read(damaged(good, number), MOST_HOUSES, MOST_BYTES)
        except (DataError, HTTPException):
            continue


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
