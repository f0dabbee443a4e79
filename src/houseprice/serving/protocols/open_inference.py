"""A request of the Open Inference Protocol in, its answer out: JSON, with the binary tensor extension both ways.

One tensor a column of the request comes in; price and interval go out, one FP64 tensor each.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_json

from houseprice.schema import Column
from houseprice.serving.json_duplicate_keys import count_keys, find_duplicate_keys
from houseprice.serving.prediction import Prediction
from houseprice.serving.protocols import dataframe_json, tensors
from houseprice.serving.protocols.adapter import Answer, Core, quoted, refuse

OUTPUTS = ("predicted_price", "interval_low", "interval_high")
HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header that says how many bytes of JSON stand before the bytes of the tensors."""

_LONGEST_LENGTH = 12
"""Digits of a length that is still a length."""


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
class _Wanted:
    name: str
    binary: bool


def infer(body: bytes, header_length: str | None, core: Core) -> Answer:
    """Answer one request.

    Args:
        body: JSON, and behind it the bytes of the tensors that have a `binary_data_size`.
        header_length: what the header `HEADER_LENGTH` says; None when the whole body is JSON.
        core: the model.

    Raises:
        InvalidRequestError: it is malformed, or holds a house that cannot be priced.
        BatchTooLargeError: it holds more houses than the limit.
        ServingError: the model failed.
    """
    size = _size(header_length, len(body))
    request = _request(body[:size])
    wanted = _wanted(request)
    found = _columns(request.inputs, memoryview(body)[size:], header_length is not None, core)
    return _answer(request.id, wanted, core.price(dataframe_json.columns(found, core)), core)


def metadata(core: Core) -> dict[str, Any]:
    """Say which tensors go in and come out; number columns also take the other number types."""
    return {
        "name": core.name,
        "versions": [core.version],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": n, "datatype": _datatype(c), "shape": [-1]} for n, c in core.columns.items()],
        "outputs": [{"name": name, "datatype": "FP64", "shape": [-1]} for name in OUTPUTS],
    }


def example(core: Core) -> dict[str, Any]:
    """Give back a request for one house, a golden one."""
    house = (core.bundle.golden["rows"] or [{}])[0]
    return {
        "inputs": [
            {"name": name, "datatype": _datatype(column), "shape": [1], "data": [house[name]]}
            for name, column in core.columns.items()
            if house.get(name) is not None
        ]
    }


def _datatype(column: Column) -> str:
    if column.is_text or column.kind == "date":
        return "BYTES"
    return {"number": "FP64", "flag": "BOOL"}.get(column.kind, "INT64")


def _size(header_length: str | None, whole: int) -> int:
    if header_length is None:
        return whole
    text = header_length.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_LENGTH and int(text) <= whole):
        raise refuse(
            f"{HEADER_LENGTH} is {quoted(header_length)}; expected the number of bytes of JSON, at most the {whole} of "
            "the body; correct it."
        )
    return int(text)


def _request(head: bytes) -> _Request:
    try:
        found = from_json(head)
        if twice := find_duplicate_keys(head, count_keys(found)):
            place = ".".join(str(part) for part in twice[0].path) or "the request"
            raise refuse(
                f"{place[:80]}: {quoted(twice[0].key)} is given more than once; expected each name once; leave all "
                "but one out."
            )
        return _Request.model_validate(found)
    except ValidationError as err:
        fault = err.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the request"
        raise refuse(f"{place[:80]}: {fault['msg']}; expected a request of protocol v2; correct it.") from err
    except ValueError as err:
        raise refuse(f"The request is not JSON ({err}); expected an object with inputs; correct it.") from err


def _wanted(request: _Request) -> list[_Wanted]:
    binary = _switch(request.parameters, "binary_data_output", False)
    if not request.outputs:
        return [_Wanted(name, binary) for name in OUTPUTS]
    names = [output.name for output in request.outputs]
    if strange := next((name for name in names if name not in OUTPUTS), None):
        raise refuse(f"The output {quoted(strange)} is not known; expected {', '.join(OUTPUTS)}; ask for one of them.")
    if len(set(names)) < len(names):
        raise refuse("An output is asked for twice; expected each once; leave one out.")
    if any("classification" in (output.parameters or {}) for output in request.outputs):
        raise refuse("A classification is asked for; expected outputs that are prices; leave it out.")
    return [_Wanted(output.name, _switch(output.parameters, "binary_data", binary)) for output in request.outputs]


def _switch(parameters: dict[str, Any] | None, name: str, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise refuse(f'"{name}" is {quoted(value)}; expected true or false; correct it.')
    return value


def _columns(inputs: list[_Tensor], raw: memoryview, has_raw: bool, core: Core) -> dict[str, list[Any]]:
    """Give back the values of each column; the bytes of the tensors stand in the order of the inputs."""
    if not inputs:
        raise refuse('"inputs" is empty; expected one tensor a column; send those that are known.')
    found: dict[str, list[Any]] = {}
    at = 0
    for tensor in inputs:
        if tensor.name in found:
            raise refuse(f"{quoted(tensor.name)} is sent twice; expected one tensor a column; leave one out.")
        count = tensors.length(tensor.name, tensor.shape)
        size = (tensor.parameters or {}).get("binary_data_size")
        if size is None:
            values = _limited(tensors.from_json(tensor.name, tensor.datatype, tensor.data, count), core)
        else:
            _check_size(tensor, size, len(raw) - at, has_raw)
            content = raw[at : at + size]
            at += size
            tensors.check(tensor.name, tensor.datatype, content, count)
            core.limit(count)
            values = tensors.from_bytes(tensor.name, tensor.datatype, content, count)
        found[tensor.name] = _blanks(tensor, values, core)
    if at != len(raw):
        raise refuse(f"{len(raw) - at} bytes belong to no tensor; expected them all to; correct the sizes.")
    return found


def _limited(values: list[Any], core: Core) -> list[Any]:
    core.limit(len(values))
    return values


def _check_size(tensor: _Tensor, size: Any, left: int, has_raw: bool) -> None:
    if not has_raw:
        raise refuse(f"{quoted(tensor.name)} has a binary_data_size; expected the header {HEADER_LENGTH}; send it.")
    if tensor.data is not None:
        raise refuse(f'{quoted(tensor.name)} has "data" and a binary_data_size; expected one of them; leave one out.')
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= left:
        raise refuse(
            f"The binary_data_size of {quoted(tensor.name)} is {quoted(size)}; expected 0 to {left}, the bytes that "
            "are left; correct it."
        )


def _blanks(tensor: _Tensor, values: list[Any], core: Core) -> list[Any]:
    """Read an empty text as a blank where one is allowed: tensors of texts have no other."""
    if tensor.datatype != "BYTES" or not core.is_optional(tensor.name):
        return values
    return [value or None for value in values]


def _answer(request_id: str | None, wanted: list[_Wanted], answers: list[Prediction], core: Core) -> Answer:
    columns = {
        "predicted_price": [answer.predicted_price for answer in answers],
        "interval_low": [answer.prediction_interval[0] for answer in answers],
        "interval_high": [answer.prediction_interval[1] for answer in answers],
    }
    outputs: list[dict[str, Any]] = []
    raw = []
    for output in wanted:
        shown = {"name": output.name, "datatype": "FP64", "shape": [len(answers)]}
        if output.binary:
            raw.append(tensors.to_bytes(columns[output.name]))
            outputs.append({**shown, "parameters": {"binary_data_size": len(raw[-1])}})
        else:
            outputs.append({**shown, "data": columns[output.name]})
    named = {} if request_id is None else {"id": request_id}
    head = to_json({"model_name": core.name, "model_version": core.version, **named, "outputs": outputs})
    if not raw:
        return Answer(head, "application/json", {})
    return Answer(b"".join([head, *raw]), "application/octet-stream", {HEADER_LENGTH: str(len(head))})
