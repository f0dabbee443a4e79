"""Columns of numbers as small whole ones, for a file that a browser reads fast and a deflate stream holds in little.

A value is `offset + step · q` or `offset · exp(step · q)`; with `delta`, q is the running sum of what is stored.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
MOST_BYTES = 2
LARGEST = 256**MOST_BYTES - 2
"""Largest number that is stored; the next one stands for a missing value."""


@dataclass(frozen=True)
class Quantised:
    """A column of whole numbers.

    Attributes:
        codes: one for each value, from 0 to `LARGEST`, or `missing`.
        header: how to read them, as documented in docs/api.md.
    """

    codes: Whole
    header: dict[str, Any]

    @property
    def bytes_per_value(self) -> int:
        """How many bytes a code takes."""
        return int(self.header["bytes"])

    def planes(self, order: Whole) -> list[bytes]:
        """Return the lowest bytes of all codes, then the next ones, in an order of the values."""
        codes = self.codes[order]
        if self.header["delta"]:
            codes = np.diff(codes, prepend=0)
        return [((codes >> (8 * place)) & 255).astype(np.uint8).tobytes() for place in range(self.bytes_per_value)]


def quantise(name: str, values: Floats, step: float, *, scale: str = "linear", delta: bool = False) -> Quantised:
    """Return a column in steps of at least so much; more where two bytes would not hold it otherwise.

    On a linear scale the offset is a whole number of steps, so that round values stay round. A value that is not
    finite, or not above 0 on a logarithmic scale, is missing.
    """
    is_log = scale == "log"
    known = np.isfinite(values) & (values > 0.0) if is_log else np.isfinite(values)
    numbers = np.log(values[known]) if is_log else values[known]
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 0.0)
    while (high - low) / step > LARGEST - 1:
        step = _next_step(step)
    start = low if is_log else math.floor(low / step) * step
    codes = np.zeros(len(values), dtype=np.int64)
    codes[known] = np.round((numbers - start) / step)
    header: dict[str, Any] = {"name": name, "scale": scale, "offset": math.exp(start) if is_log else round(start, 9)}
    header |= {"step": step, "delta": delta}
    codes_needed = int(codes.max(initial=0)) + (not known.all())
    header["bytes"] = 1 if codes_needed < 256 else MOST_BYTES
    if not known.all():
        codes[~known] = header["missing"] = 256 ** header["bytes"] - 1
    return Quantised(codes, header)


def _next_step(step: float) -> float:
    """Return the next larger of 1, 2 and 5 times a power of ten; twice the step where it is none of them."""
    digit, exponent = f"{step:.0e}".split("e")
    larger = {"1": "2", "2": "5", "5": "10"}.get(digit)
    return float(f"{larger}e{exponent}") if larger and float(f"{digit}e{exponent}") == step else 2.0 * step
