"""Loose rows in, predictions out: the rules of `/predict` behind every protocol of other servers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from houseprice.bundle.load import Bundle
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, is_optional
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import BatchTooLargeError, FieldError, InvalidRequestError

SHOWN = 5
"""So many faults are told where an error is one sentence, the others are counted."""


class Core:
    """A sealed model as other protocols ask it.

    Attributes:
        name: the model's name in paths.
        version: its version in paths.
        columns: the request's columns in the order of the schema, which is that of rows without names.
        most: how many houses one request may hold.
        scorer: what answers.
        bundle: the sealed model.
    """

    def __init__(self, bundle: Bundle, scorer: Scorer, most: int) -> None:
        schema = bundle.manifest.schema_
        self.name = str(bundle.manifest.project["name"])
        self.version = bundle.manifest.model_version
        self.columns = schema.request
        self.most = most
        self.scorer = scorer
        self.bundle = bundle
        self._optional = {name for name in self.columns if is_optional(schema, name)}

    def price(self, rows: Sequence[House]) -> list[Prediction]:
        """Give back the prediction of each row, in their order.

        A NaN in an optional column is a blank, as data frames and float tensors have no other.

        Raises:
            BatchTooLargeError: there are more than the limit.
            InvalidRequestError: one of them is no house that can be priced.
            ServingError: the model failed.
        """
        self.limit(len(rows))
        for row in rows:
            for name in self._optional:
                value = row.get(name)
                if isinstance(value, float) and math.isnan(value):
                    row[name] = None
        return self.scorer.score(self.scorer.request.validate(rows))

    def is_optional(self, name: str) -> bool:
        """Tell whether a column may be blank."""
        return name in self._optional

    def limit(self, count: int) -> None:
        """Refuse more houses than one request may hold.

        Raises:
            BatchTooLargeError: there are more.
        """
        if count > self.most:
            raise BatchTooLargeError(self.most)

    def healthy(self) -> bool:
        """Price a golden row again and tell whether the answer is the one that was sealed.

        Raises:
            ServingError: the model failed.
        """
        return self.scorer.check_golden_rows(1)[0].holds


@dataclass(frozen=True)
class Answer:
    """What goes back: its bytes, their type, and headers beside it."""

    content: bytes
    media_type: str
    headers: dict[str, str]


def refuse(message: str) -> InvalidRequestError:
    """Give back a refusal of the body as a whole."""
    return InvalidRequestError([FieldError("value_error", None, None, None, message)])


def in_one_sentence(error: InvalidRequestError) -> str:
    """Say what is wrong where a protocol has room for one text only."""
    faults = error.errors[:SHOWN]
    shown = [fault.message if fault.house is None else f"house {fault.house}: {fault.message}" for fault in faults]
    more = error.count - len(shown)
    return "; ".join(text.rstrip(".") for text in shown) + (f"; and {more} more." if more else ".")


def quoted(value: Any) -> str:
    """Show a value that was sent, shortened."""
    text = f"{value!r:.81}" if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:80]}…"
