"""The sold houses of a bundle as one small file: place, price, area and day of each, quantised and compressed.

The format is documented in docs/api.md. The same sales give the same bytes.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.sales_store import Sales
from houseprice.schema import Schema
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_layout import to_iso
from houseprice.serving.page.quantisation import Floats, Quantised, Whole, quantise

MAGIC = b"HPS1"
VERSION = 2
"""Of how sales are packed; a browser that has those of another version asks for them again."""
DEGREES = 0.0002  # 22 m from north to south
PRICE_STEP = 0.01
AREA_STEP = 0.05
DAYS = 14
"""Steps of prices, areas (shares) and days: King County in 73 kB; what each would cost is in docs/experiments.md."""
MAX_LABELS = 200
MISSING_LABEL = 255
_STRATEGIES = (zlib.Z_FILTERED, zlib.Z_RLE)
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
"""Header of a gzip file without name and time."""


@dataclass(frozen=True)
class Places:
    """The sales that have a place on the map.

    Attributes:
        rows: their positions in the store.
        latitude, longitude: in degrees.
    """

    rows: Whole
    latitude: Floats
    longitude: Floats


def places_of(sales: Sales, schema: Schema) -> Places | None:
    """Return the sales with coordinates in degrees; None where there are none."""
    names = [schema.request_roles.get(role) for role in ("latitude", "longitude")]
    found = [sales.columns[name] for name in names if name in sales.columns]
    if len(found) < 2:
        return None
    latitude, longitude = found
    rows = np.flatnonzero((np.abs(latitude) <= 90.0) & (np.abs(longitude) <= 180.0) & (sales.prices > 0.0))
    return Places(rows, latitude[rows], longitude[rows]) if len(rows) else None


def pack_sales(sales: Sales, schema: Schema, places: Places) -> bytes:
    """Return the sales that have a place as a gzip file."""
    columns = list(_quantised(sales, schema, places))
    labels, codes = _labels(sales, schema, places)
    if labels:
        columns.append(_ranked(labels, codes, *columns[:2]))
    by_name = {column.header["name"]: column.codes for column in columns}
    header = {
        "count": len(places.rows),
        "labels": labels,
        "columns": [column.header for column in columns],
    }
    described = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head = MAGIC + struct.pack("<I", len(described)) + described
    # Sorted by one coordinate and then by the other, the first takes next to nothing; which is better depends on how
    # fine they are. A space-filling curve costs 15 kB more for King County.
    ways = [("price", "latitude", "longitude"), ("price", "longitude", "latitude")]
    orders = [np.lexsort([by_name[name] for name in way]) for way in ways]
    return min((_gzip([head, *_planes(columns, order)]) for order in orders), key=len)


def _planes(columns: Sequence[Quantised], order: Whole) -> Iterator[bytes]:
    for column in columns:
        yield from column.planes(order)


def _quantised(sales: Sales, schema: Schema, places: Places) -> Iterator[Quantised]:
    roles, rows = schema.request_roles, places.rows
    yield quantise("longitude", places.longitude, DEGREES, delta=True)
    yield quantise("latitude", places.latitude, DEGREES, delta=True)
    yield quantise("price", sales.prices[rows], PRICE_STEP, scale="log")
    for role in ("living_area", "lot_area"):
        area = _column(sales, roles.get(role), rows)
        if area is not None and (area > 0.0).any():
            yield quantise("area", area, AREA_STEP, scale="log")
            break
    days = _column(sales, schema.sale_date, rows)
    if days is not None and np.isfinite(days).any():
        first = float(np.nanmin(days))
        column = quantise("day", days - first, float(DAYS))
        yield Quantised(column.codes, {**column.header, "first": to_iso(first)})


def _column(sales: Sales, name: str | None, rows: Whole) -> Floats | None:
    values: npt.NDArray[Any] | None = sales.columns.get(name) if name else None
    return None if values is None or values.dtype == object else values[rows].astype(np.float64)


def _labels(sales: Sales, schema: Schema, places: Places) -> tuple[list[dict[str, Any]], Whole]:
    """Return where each location lies, such as a postal code: the medians of its sales; most sales first.

    Beside them the position of each sale's own label, -1 where it has none.
    """
    own = np.full(len(places.rows), -1)
    name = schema.request_roles.get("location")
    if name not in sales.columns:
        return [], own
    values = sales.columns[name][places.rows]
    texts = values if values.dtype == object else np.array([f"{value:g}" for value in values.tolist()], dtype=object)
    levels, codes, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    found: list[dict[str, Any]] = []
    for level in np.argsort(-counts, kind="stable").tolist():
        if levels[level] in ("", "nan"):
            continue
        of = codes == level
        place = {
            "latitude": round(float(np.median(places.latitude[of])), 4),
            "longitude": round(float(np.median(places.longitude[of])), 4),
        }
        own[of] = len(found)
        found.append({"text": str(levels[level]), **place, "count": int(counts[level])})
        if len(found) == MAX_LABELS:
            break
    return found, own


def _ranked(labels: Sequence[dict[str, Any]], own: Whole, longitude: Quantised, latitude: Quantised) -> Quantised:
    """Return the label of each sale, as the number of labels that lie nearer to it.

    Mostly that is 0: King County's postal codes take 2.5 kB so, instead of 9. Places are those that a browser reads.
    """
    east, north = (column.header["offset"] + column.header["step"] * column.codes for column in (longitude, latitude))
    narrow = np.cos(np.radians(north))

    def distance(latitudes: Any, longitudes: Any) -> Floats:
        found: Floats = (latitudes - north) ** 2 + ((longitudes - east) * narrow) ** 2
        return found

    at = np.array([(label["latitude"], label["longitude"]) for label in labels])
    to_own = distance(*at[own].T)
    ranks = np.zeros(len(own), dtype=np.int64)
    for place in at:
        checkpoint()
        ranks += distance(*place) < to_own
    ranks[own < 0] = MISSING_LABEL
    header = {"name": "label", "scale": "linear", "offset": 0, "step": 1, "delta": False, "bytes": 1}
    return Quantised(ranks, header | {"missing": MISSING_LABEL})


def _gzip(parts: Sequence[bytes]) -> bytes:
    """Return parts of different kinds as one gzip file, each compressed in the way that suits it best."""
    packed, whole = [_GZIP], b"".join(parts)
    for part in parts:
        checkpoint()
        packed.append(min((_deflate(part, strategy) for strategy in _STRATEGIES), key=len))
    last = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return b"".join([*packed, last, struct.pack("<II", zlib.crc32(whole), len(whole) % 2**32)])


def _deflate(part: bytes, strategy: int) -> bytes:
    """Return a piece of a deflate stream that ends at a byte and refers to nothing before it."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)
    return compressor.compress(part) + compressor.flush(zlib.Z_FULL_FLUSH)
