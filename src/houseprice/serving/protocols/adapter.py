"""What the other protocols share: the model's names, validation of loose rows, and errors as one sentence."""

import math
from typing import Any

from houseprice.bundle.load import Bundle
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.column_rules import REFERENCE
from houseprice.serving.csv_reader import CsvColumns
from houseprice.serving.request import House, has_reference, is_optional, taken
from houseprice.serving.validation_errors import MAX_ERRORS, BatchTooLargeError, FieldError, InvalidRequestError

MAX_ERRORS_SHOWN = 5
"""Errors that are shown where a protocol has room for one sentence; the others are counted."""


class ProtocolAdapter:
    """A model as other protocols see it.

    Attributes:
        name: the model's name in paths.
        version: its version in paths.
        columns: the columns of a request in the order of the schema, which is that of rows without names.
        max_houses: how many houses one request may hold.
        executor: answers.
        rules: validate houses.
        csv_columns: parse the cells of a CSV.
        bundle: the model.
    """

    def __init__(self, bundle: Bundle, executor: BatchExecutor, max_houses: int) -> None:
        schema = bundle.manifest.schema_
        self.name = str(bundle.manifest.project["name"])
        self.version = bundle.manifest.model_version
        self.columns = schema.request
        self.max_houses = max_houses
        self.executor = executor
        self.rules = executor.batcher.scorer.request
        self.bundle = bundle
        self.csv_columns = CsvColumns(bundle, keeps_reference=True)
        self._optional = {name for name in self.columns if is_optional(schema, name)}
        if has_reference(schema):
            self._optional.add(REFERENCE)

    def validate(self, rows: list[House]) -> list[House]:
        """Return the houses that rows hold, which are taken out of their list.

        NaN in an optional column is a blank, since float tensors have no other.

        Raises:
            BatchTooLargeError: There are more than the limit.
            InvalidRequestError: One of them cannot be priced.
        """
        self.check_count(len(rows))
        for row in rows:
            for name in self._optional & row.keys():
                if isinstance(row[name], float) and math.isnan(row[name]):
                    row[name] = None
        return self.rules.validate_blocks(taken(rows))

    def is_optional(self, name: str) -> bool:
        """Return whether a column may be blank."""
        return name in self._optional

    def check_count(self, count: int) -> None:
        """Refuse more houses than one request may hold.

        Raises:
            BatchTooLargeError: There are more.
        """
        if count > self.max_houses:
            raise BatchTooLargeError(self.max_houses)

    def is_healthy(self) -> bool:
        """Return whether the model still gives the stored prediction of a golden row.

        Raises:
            ServingError: The model failed.
        """
        return self.executor.batcher.scorer.check_health().passed


def invalid(message: str) -> InvalidRequestError:
    """Return the error of a body that is malformed as a whole."""
    return InvalidRequestError([FieldError("value_error", None, None, None, message)])


def in_one_sentence(error: InvalidRequestError) -> str:
    """Return what is wrong, for protocols whose errors are one text."""
    shown = [
        error.message if error.house is None else f"house {error.house}: {error.message}"
        for error in error.errors[:MAX_ERRORS_SHOWN]
    ]
    more = error.count - len(shown)
    about = "at least " if error.count >= MAX_ERRORS else ""  # the search ended there
    return "; ".join(text.rstrip(".") for text in shown) + (f"; and {about}{more} more." if more else ".")


def quoted(value: Any) -> str:
    """Return a value that was sent, shortened."""
    text = f"{value!r:.81}" if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:80]}…"
