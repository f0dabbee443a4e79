"""The Open Inference Protocol (KServe v2, Triton) over HTTP, with the binary tensor extension both ways.

A request has one tensor for each known column; price, interval, FSD and confidence are returned
as one FP64 tensor each.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import to_json

from houseprice.schema import Column
from houseprice.serving.batch_execution import Blocks
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.json_blocks import parse_json
from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.prediction import numbers_of
from houseprice.serving.protocols import dataframe_json, tensors
from houseprice.serving.protocols.adapter import ProtocolAdapter, invalid, quoted
from houseprice.serving.request import House

OUTPUTS = ("predicted_price", "interval_low", "interval_high", "fsd", "confidence")
HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header with the number of bytes of JSON before the bytes of the tensors."""

_MAX_DIGITS = 12  # of a length


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Tensor(_Strict):
    name: str
    shape: list[int]
    datatype: str
    data: Any = None
    parameters: dict[str, Any] | None = None


class _Output(_Strict):
    name: str
    parameters: dict[str, Any] | None = None


class _Request(_Strict):
    inputs: list[_Tensor]
    id: str | None = None
    outputs: list[_Output] | None = None
    parameters: dict[str, Any] | None = None


@dataclass(frozen=True)
class Output:
    """An output tensor that was asked for, as JSON or as bytes."""

    name: str
    binary: bool


@dataclass(frozen=True)
class InferRequest:
    """A request: its validated houses, the outputs that it asks for, and its id if it has one."""

    houses: list[House]
    outputs: list[Output]
    id: str | None


@dataclass(frozen=True)
class InferResponse:
    """An answer: its bytes, their media type, and further headers."""

    content: bytes
    media_type: str
    headers: dict[str, str]


def read(body: bytes, header_length: str | None, adapter: ProtocolAdapter) -> InferRequest:
    """Return the request that a body holds.

    Args:
        body: JSON, and behind it the bytes of the tensors that have a `binary_data_size`.
        header_length: the value of the header `HEADER_LENGTH`; None when the whole body is JSON.
        adapter: the model.

    Raises:
        InvalidRequestError: It is malformed, or a house cannot be priced.
        BatchTooLargeError: It holds more houses than the limit.
    """
    size = _json_size(header_length, len(body))
    request = _parse(body[:size], adapter.rules.max_values(adapter.max_houses))
    outputs = _outputs(request)
    columns = _columns(request.inputs, memoryview(body)[size:], header_length is not None, adapter)
    return InferRequest(adapter.validate(dataframe_json.from_columns(columns, adapter)), outputs, request.id)


def write(request: InferRequest, blocks: Blocks, adapter: ProtocolAdapter) -> InferResponse:
    """Return the answer to a request."""
    rows = [(*numbers_of(found), found.confidence) for block in blocks for found in block]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(OUTPUTS)}
    outputs: list[dict[str, Any]] = []
    raw = []
    for output in request.outputs:
        tensor = {"name": output.name, "datatype": "FP64", "shape": [len(rows)]}
        if output.binary:
            raw.append(tensors.to_bytes(columns[output.name]))
            outputs.append({**tensor, "parameters": {"binary_data_size": len(raw[-1])}})
        else:
            outputs.append({**tensor, "data": columns[output.name]})
    request_id = {} if request.id is None else {"id": request.id}
    head = to_json({"model_name": adapter.name, "model_version": adapter.version, **request_id, "outputs": outputs})
    if not raw:
        return InferResponse(head, "application/json", {})
    return InferResponse(b"".join([head, *raw]), "application/octet-stream", {HEADER_LENGTH: str(len(head))})


def metadata(adapter: ProtocolAdapter) -> dict[str, Any]:
    """Return the description of the tensors; number columns accept the other number types as well."""
    return {
        "name": adapter.name,
        "versions": [adapter.version],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": n, "datatype": _datatype(c), "shape": [-1]} for n, c in adapter.columns.items()],
        "outputs": [{"name": name, "datatype": "FP64", "shape": [-1]} for name in OUTPUTS],
    }


def example(adapter: ProtocolAdapter) -> dict[str, Any]:
    """Return a request for one house, the first golden row."""
    house = (adapter.bundle.golden["rows"] or [{}])[0]
    return {
        "inputs": [
            {"name": name, "datatype": _datatype(column), "shape": [1], "data": [house[name]]}
            for name, column in adapter.columns.items()
            if house.get(name) is not None
        ]
    }


def _datatype(column: Column) -> str:
    if column.is_text or column.kind == "date":
        return "BYTES"
    return {"number": "FP64", "flag": "BOOL"}.get(column.kind, "INT64")


def _json_size(header_length: str | None, whole: int) -> int:
    if header_length is None:
        return whole
    text = header_length.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) <= whole):
        raise invalid(
            f"{HEADER_LENGTH} must be the number of bytes of JSON, at most the {whole} of the body, not "
            f"{quoted(header_length)}."
        )
    return int(text)


def _parse(head: bytes, most: int) -> _Request:
    head = utf8_json(head)
    try:
        found, twice = parse_json(head, most)
        if twice:
            place = ".".join(str(part) for part in twice[0].path) or "the request"
            raise invalid(f"{place[:80]}: {quoted(twice[0].key)} is given more than once.")
        return _Request.model_validate(found)
    except ValidationError as err:
        error = err.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in error["loc"]) or "the request"
        raise invalid(f"This is not a request of protocol v2: {place[:80]}: {error['msg']}.") from err
    except ValueError as err:
        raise invalid(f"The request is not JSON: {err}.") from err


def _outputs(request: _Request) -> list[Output]:
    binary = _switch(request.parameters, "binary_data_output", False)
    if not request.outputs:
        return [Output(name, binary) for name in OUTPUTS]
    names = [output.name for output in request.outputs]
    if unknown := next((name for name in names if name not in OUTPUTS), None):
        raise invalid(f"The output {quoted(unknown)} is unknown; known are {', '.join(OUTPUTS)}.")
    if len(set(names)) < len(names):
        raise invalid("An output is asked for twice.")
    if any("classification" in (output.parameters or {}) for output in request.outputs):
        raise invalid("The outputs are numbers; they cannot be classified.")
    return [Output(output.name, _switch(output.parameters, "binary_data", binary)) for output in request.outputs]


def _switch(parameters: dict[str, Any] | None, name: str, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise invalid(f'"{name}" must be true or false, not {quoted(value)}.')
    return value


def _columns(inputs: list[_Tensor], raw: memoryview, has_raw: bool, adapter: ProtocolAdapter) -> dict[str, list[Any]]:
    """Return the values of each column; the bytes of the tensors follow in the order of the inputs."""
    if not inputs:
        raise invalid('"inputs" is empty; it must hold one tensor for each known column.')
    found: dict[str, list[Any]] = {}
    at = 0
    for tensor in inputs:
        checkpoint()
        if tensor.name in found:
            raise invalid(f"There is more than one tensor {quoted(tensor.name)}.")
        count = tensors.length(tensor.name, tensor.shape)
        size = (tensor.parameters or {}).get("binary_data_size")
        if size is None:
            values = tensors.from_json(tensor.name, tensor.datatype, tensor.data, count)
            adapter.check_count(len(values))
        else:
            _check_size(tensor, size, len(raw) - at, has_raw)
            content = raw[at : at + size]
            at += size
            tensors.check(tensor.name, tensor.datatype, content, count)
            adapter.check_count(count)
            values = tensors.from_bytes(tensor.name, tensor.datatype, content, count)
        found[tensor.name] = _blanks(tensor, values, adapter)
    if at != len(raw):
        raise invalid(f"{len(raw) - at} bytes belong to no tensor.")
    return found


def _check_size(tensor: _Tensor, size: Any, left: int, has_raw: bool) -> None:
    if not has_raw:
        raise invalid(f"{quoted(tensor.name)} has a binary_data_size, but the header {HEADER_LENGTH} is missing.")
    if tensor.data is not None:
        raise invalid(f'{quoted(tensor.name)} must have either "data" or a binary_data_size.')
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= left:
        raise invalid(
            f"The binary_data_size of {quoted(tensor.name)} must be from 0 to {left}, the bytes that are left, not "
            f"{quoted(size)}."
        )


def _blanks(tensor: _Tensor, values: list[Any], adapter: ProtocolAdapter) -> list[Any]:
    """Return the values with empty texts as blanks where they are allowed: tensors of texts have no other."""
    if tensor.datatype != "BYTES" or not adapter.is_optional(tensor.name):
        return values
    return [value or None for value in values]
