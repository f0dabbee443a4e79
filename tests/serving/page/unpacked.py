"""What a browser makes of `/sales`, by what docs/api.md says and by nothing of the program that packs them."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Unpacked:
    """The header, and the values of each column; NaN is missing."""

    header: dict[str, Any]
    columns: dict[str, npt.NDArray[np.float64]]


def unpack(content: bytes) -> Unpacked:
    """Return the sales in a file without its compression."""
    assert content[:4] == b"HPS1"
    (length,) = struct.unpack_from("<I", content, 4)
    header = json.loads(content[8 : 8 + length])
    at, count, columns = 8 + length, header["count"], {}
    for column in header["columns"]:
        codes = np.zeros(count, dtype=np.int64)
        for plane in range(column["bytes"]):
            codes += np.frombuffer(content, np.uint8, count, at).astype(np.int64) << (8 * plane)
            at += count
        if column["delta"]:
            codes = np.cumsum(codes) % 256 ** column["bytes"]
        missing = codes == column.get("missing", -1)
        exact = column["step"] * np.where(missing, 0, codes)
        values = column["offset"] * np.exp(exact) if column["scale"] == "log" else column["offset"] + exact
        columns[column["name"]] = np.where(missing, np.nan, values)
    assert at == len(content)
    return Unpacked(header, columns)
