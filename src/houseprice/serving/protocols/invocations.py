"""The `{"predictions": …}` protocol of MLflow, SageMaker, Vertex AI, TensorFlow Serving and KServe v1."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from houseprice.errors import nearest
from houseprice.serving import csv_io
from houseprice.serving.batch_execution import Blocks
from houseprice.serving.csv_dialect import Dialect
from houseprice.serving.formats import ndjson
from houseprice.serving.json_blocks import parse_json
from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.prediction import predictions_as_json
from houseprice.serving.protocols import dataframe_json
from houseprice.serving.protocols.adapter import ProtocolAdapter, invalid, quoted
from houseprice.serving.request import House
from houseprice.serving.validation_errors import duplicate_keys

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
PARAMETERS = ("params", "parameters")
"""Where MLflow and Vertex AI put what is not a house."""

_IGNORED = ("signature_name",)  # TensorFlow Serving's clients send it; there is one signature
_ONE_OF = f"exactly one of {', '.join(SHAPES)}"


@dataclass(frozen=True)
class Invocation:
    """A request: its validated houses, and whether whole predictions are asked for instead of prices."""

    houses: list[House]
    details: bool = False


def read_json(body: bytes, adapter: ProtocolAdapter) -> Invocation:
    """Return the request of a JSON object that holds the houses under one of `SHAPES`.

    Raises:
        InvalidRequestError: It is malformed, or a house cannot be priced.
        BatchTooLargeError: It holds more houses than the limit.
    """
    body = utf8_json(body)
    try:
        found, twice = parse_json(body, adapter.rules.max_values(adapter.max_houses))
    except ValueError as err:
        raise invalid(f"The body is not JSON that can be read: {err}. Send an object with {_ONE_OF}.") from err
    if twice:
        raise duplicate_keys(twice)
    if not isinstance(found, dict):
        raise invalid(f"The body must be a JSON object with {_ONE_OF}, not {quoted(found)}.")
    given = [key for key in SHAPES if key in found]
    if len(given) != 1:
        raise invalid(f"The body must hold {_ONE_OF}; it holds {' and '.join(given) or 'none of them'}.")
    for key in found:
        if key not in SHAPES + PARAMETERS + _IGNORED:
            hint = nearest(key, SHAPES + PARAMETERS)
            raise invalid(f"The body has the unknown key {quoted(key)}{hint}; it may hold {_ONE_OF}, and params.")
    return Invocation(adapter.validate(_rows(given[0], found[given[0]], adapter)), _wants_details(found))


def read_csv(body: bytes, adapter: ProtocolAdapter, header: str | None = None) -> Invocation:
    """Return the request of a CSV.

    Args:
        body: the CSV; without a header it has all columns in the order of the schema, as SageMaker sends it.
        adapter: the model.
        header: `present` or `absent`, as the content type says; otherwise a first row that names a column is one.

    Raises:
        InvalidRequestError: It is malformed, or a house cannot be priced.
        BatchTooLargeError: It holds more houses than the limit.
    """
    has_header = {"present": True, "absent": False}.get(header or "")
    options = {"has_header": has_header, "keep_unknown": True}
    return Invocation(
        csv_io.read(body, adapter.csv_columns, adapter.rules, adapter.max_houses, Dialect(), **options).houses
    )


def read_lines(body: bytes, adapter: ProtocolAdapter, longest: int) -> Invocation:
    """Return the request of a house as a JSON object on each line; `longest` is the limit of a line.

    Raises:
        InvalidRequestError: A house cannot be priced.
        BatchTooLargeError: It holds more houses than the limit.
        HTTPException: 413, a line is too long.
    """
    return Invocation(ndjson.read(body, adapter.rules, adapter.max_houses, longest))


def write(request: Invocation, blocks: Blocks) -> list[bytes]:
    """Return the answer, in parts."""
    if request.details:
        return predictions_as_json(blocks)
    return [to_json({"predictions": [prediction.predicted_price for block in blocks for prediction in block]})]


def _rows(key: str, value: Any, adapter: ProtocolAdapter) -> list[House]:
    if key == "dataframe_split":
        return dataframe_json.from_split(value, adapter)
    if key == "dataframe_records" and not isinstance(value, list):
        raise invalid(f'"{key}" must be a list of objects, one per house, not {quoted(value)}.')
    return dataframe_json.from_any(value, key, adapter)


def _wants_details(found: dict[str, Any]) -> bool:
    details = False
    for key in PARAMETERS:
        given = found.get(key)
        if given is None:
            continue
        if not isinstance(given, dict) or set(given) - {"details"} or not isinstance(given.get("details", False), bool):
            raise invalid(f'"{key}" may only hold {{"details": true}} or {{"details": false}}.')
        details = details or given.get("details", False)
    return details
