"""How clients of the Open Inference Protocol write houses: in JSON and in bytes."""

import json
import struct
from typing import Any

import httpx
import numpy as np
from toy import FULL, Client

from houseprice.serving.protocols.open_inference import HEADER_LENGTH

URL = "/v2/models/toy/infer"
TYPES = {"sold": "BYTES", "zip": "BYTES", "heating": "BYTES", "state": "BYTES", "pool": "BOOL", "rooms": "INT64"}


class Bytes(Client):
    """Asks with tensors as bytes."""

    def infer(self, head: Any, raw: bytes, length: str | None = None) -> httpx.Response:
        """Send JSON with bytes behind it, and say how long the JSON is."""
        text = head if isinstance(head, bytes) else json.dumps(head).encode()
        given = {HEADER_LENGTH: str(len(text)) if length is None else length}
        return self.ask("POST", URL, content=text + raw, headers=given)


def in_json(*houses: dict[str, Any]) -> list[dict[str, Any]]:
    """Write houses as tensors in JSON; only columns that all of them have."""
    names = [name for name in FULL if all(name in house for house in houses)]
    return [
        {
            "name": name,
            "datatype": TYPES.get(name, "FP64"),
            "shape": [len(houses)],
            "data": [bool(house[name]) if name == "pool" else house[name] for house in houses],
        }
        for name in names
    ]


def text_bytes(*texts: str) -> bytes:
    """Write texts as an element each."""
    return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)


def in_bytes(*columns: tuple[str, str, bytes], count: int = 1) -> tuple[list[dict[str, Any]], bytes]:
    """Write tensors as bytes."""
    tensors = [
        {"name": name, "datatype": kind, "shape": [count, 1], "parameters": {"binary_data_size": len(raw)}}
        for name, kind, raw in columns
    ]
    return tensors, b"".join(raw for _, _, raw in columns)


LEAST_BYTES = (
    ("living area", "FP32", np.float32(80).tobytes()),
    ("rooms", "INT32", np.int32(3).tobytes()),
    ("zip", "BYTES", text_bytes("98039")),
    ("grade", "UINT8", b"\1"),
)
