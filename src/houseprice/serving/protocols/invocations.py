"""A body as MLflow, SageMaker, Vertex, TF-Serving and KServe's first protocol write it in, `{"predictions": …}` out."""

from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from houseprice.errors import nearest
from houseprice.serving.json_duplicate_keys import count_keys, find_duplicate_keys
from houseprice.serving.prediction import Predictions
from houseprice.serving.protocols import dataframe_json
from houseprice.serving.protocols.adapter import Core, quoted, refuse
from houseprice.serving.protocols.separated import Separated
from houseprice.serving.request import House
from houseprice.serving.validation_errors import duplicate_keys

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
PARAMETERS = ("params", "parameters")
"""Where MLflow and Vertex put what is not a house."""

_IGNORED = ("signature_name",)  # TF-Serving's clients send it; there is one signature
_predictions = TypeAdapter(Predictions)


class Invocations:
    """One request in, its answer out."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._separated = Separated(core)

    def json(self, body: bytes) -> bytes:
        """Answer a JSON object that holds the houses under one of `SHAPES`.

        Raises:
            InvalidRequestError: it cannot be read, or holds a house that cannot be priced.
            BatchTooLargeError: it holds more houses than the limit.
            ServingError: the model failed.
        """
        try:
            found = from_json(body)
        except ValueError as err:
            raise refuse(f"The body is not JSON ({err}); expected an object with {_one_of()}; correct it.") from err
        if twice := find_duplicate_keys(body, count_keys(found)):
            raise duplicate_keys(twice)
        if not isinstance(found, dict):
            raise refuse(f"The body is {quoted(found)}; expected a JSON object with {_one_of()}; write it so.")
        given = [key for key in SHAPES if key in found]
        if len(given) != 1:
            raise refuse(f"The body holds {' and '.join(given) or 'no houses'}; expected {_one_of()}; send that one.")
        for key in found:
            if key not in SHAPES + PARAMETERS + _IGNORED:
                hint = nearest(key, SHAPES + PARAMETERS)
                raise refuse(f"The body holds {quoted(key)}{hint}; expected {_one_of()} and params; leave it out.")
        rows = self._rows(given[0], found[given[0]])
        return self._answer(rows, _whole(found))

    def csv(self, body: bytes, header: str | None = None) -> bytes:
        """Answer comma-separated lines; `header` is what the content type says of the first one.

        Raises:
            InvalidRequestError: it cannot be read, or holds a house that cannot be priced.
            BatchTooLargeError: it holds more houses than the limit.
            ServingError: the model failed.
        """
        return self._answer(self._separated.rows(body, header), whole=False)

    def _rows(self, key: str, found: Any) -> list[House]:
        if key == "dataframe_split":
            return dataframe_json.split(found, self._core)
        if key == "dataframe_records" and not isinstance(found, list):
            raise refuse(f'"{key}" is {quoted(found)}; expected a list of objects, one a house; write it so.')
        return dataframe_json.table(found, key, self._core)

    def _answer(self, rows: list[House], whole: bool) -> bytes:
        answers = self._core.price(rows)
        if whole:
            return _predictions.dump_json(Predictions(answers))
        return to_json({"predictions": [answer.predicted_price for answer in answers]})


def _whole(found: dict[str, Any]) -> bool:
    """Tell whether the parameters ask for all that `/batch-predict` says of a house."""
    whole = False
    for key in PARAMETERS:
        given = found.get(key)
        if given is None:
            continue
        if not isinstance(given, dict) or set(given) - {"details"} or not isinstance(given.get("details", False), bool):
            raise refuse(f'"{key}" is no such thing as {{"details": true}}; expected that or nothing; correct it.')
        whole = whole or given.get("details", False)
    return whole


def _one_of() -> str:
    return f"exactly one of {', '.join(SHAPES)}"
