"""polars, where it is installed: the image prices CSV without it."""

from types import ModuleType

from houseprice.errors import MissingDependencyError


def polars() -> ModuleType:
    """Return the library.

    Raises:
        MissingDependencyError: It is not installed (code `polars_missing`).
    """
    try:
        import polars as pl
    except ModuleNotFoundError as err:
        raise MissingDependencyError(
            "Parquet files need polars. Install it with `pip install 'houseprice[learning]'`, or use CSV.",
            code="polars_missing",
        ) from err
    return pl


def is_polars_error(err: BaseException) -> bool:
    """Return whether an exception is one of polars, which raises its own unrelated kinds, or a panic of its engine."""
    return type(err).__module__.startswith(("polars", "pyo3_runtime"))
