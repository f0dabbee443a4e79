"""Pickles that hold plain values only, so that the same content is always the same bytes."""

from typing import Any, ClassVar

from pydantic import BaseModel


class PlainPickle:
    """Keeps the pydantic values among an object's attributes as plain JSON values in its pickle.

    Pydantic remembers which fields were set in a `set`, whose order differs from one process to the next.
    """

    _values: ClassVar[dict[str, type[BaseModel]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes as plain values, in the order of their names."""
        inherited: Any = super().__getstate__()
        state = dict(inherited)
        for name in self._values:
            state[name] = state[name].model_dump(mode="json")
        return dict(sorted(state.items()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, with plain values turned back into models."""
        revived = {name: kind.model_validate(state[name]) for name, kind in self._values.items()}
        super().__setstate__(state | revived)  # type: ignore[misc]  # of scikit-learn's BaseEstimator
