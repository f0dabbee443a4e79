"""What a database driver reports, as errors of the store with stable codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from houseprice.errors import StoreError

_SQLITE = {
    3: "store_forbidden",  # SQLITE_PERM
    5: "store_locked",  # SQLITE_BUSY
    6: "store_locked",  # SQLITE_LOCKED
    8: "store_read_only",  # SQLITE_READONLY
    10: "store_full",  # SQLITE_IOERR: a limit of file sizes ends writing so, too
    11: "store_damaged",  # SQLITE_CORRUPT
    13: "store_full",  # SQLITE_FULL
    14: "store_unreachable",  # SQLITE_CANTOPEN
    18: "record_invalid",  # SQLITE_TOOBIG
    19: "record_invalid",  # SQLITE_CONSTRAINT
    26: "store_damaged",  # SQLITE_NOTADB
}
_POSTGRESQL = {
    "08": "store_unreachable",
    "22": "record_invalid",  # a value of a wrong form
    "23": "record_invalid",  # a constraint
    "25006": "store_read_only",
    "28": "store_unauthorized",
    "3D000": "store_unreachable",
    "40": "store_locked",  # deadlock, serialisation
    "42501": "store_forbidden",
    "53": "store_full",
    "53300": "store_unreachable",  # too many connections
    "55P03": "store_locked",
    "57": "store_unreachable",  # shutdown
    "58": "store_full",  # input or output failed
    "XX001": "store_damaged",
    "XX002": "store_damaged",
}
"""SQLSTATE, or the class that it begins with → code."""

_ADVICE = {
    "record_invalid": "What was to be stored is broken; leave it out.",
    "store_forbidden": "Grant this account the right to write there.",
    "store_locked": "Another program holds it; try again, or end that program.",
    "store_read_only": "Give a place that can be written.",
    "store_damaged": "Move it away, or restore a backup.",
    "store_full": "Make room on its disk, or delete old predictions with `houseprice store prune`.",
    "store_unreachable": "Check that the database runs, and that HOUSEPRICE_STORE names it.",
    "store_unauthorized": "Check user and password in HOUSEPRICE_STORE.",
    "store_failed": "This is unexpected; please report it.",
}


@contextmanager
def translated(place: str, password: str | None = None) -> Iterator[None]:
    """Raise `StoreError` for what a driver raises within; `place` names the store in the message.

    Raises:
        StoreError: `store_unreachable`, `store_unauthorized`, `store_forbidden`, `store_locked`, `store_full`,
            `store_read_only`, `store_damaged`, `record_invalid`, or `store_failed`; details `place`.
    """
    try:
        yield
    except exc.TimeoutError as err:  # all connections of the pool are in use
        raise _error("store_locked", place, "no connection became free") from err
    except exc.DBAPIError as err:
        reason = str(err.orig).strip().split("\n")[0] if err.orig else type(err).__name__
        if password:
            reason = reason.replace(password, "***")
        raise _error(_code(err), place, reason) from err


def _error(code: str, place: str, reason: str) -> StoreError:
    return StoreError(
        f"The store {place} cannot be used ({reason.rstrip('.')}). {_ADVICE[code]}", code=code, place=place
    )


def _code(err: exc.DBAPIError) -> str:
    if (number := getattr(err.orig, "sqlite_errorcode", None)) is not None:
        return _SQLITE.get(number & 0xFF, "store_failed")
    state = getattr(err.orig, "sqlstate", None)
    if state:
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2], "store_failed")
    if "password authentication failed" in str(err.orig):  # no SQLSTATE reaches us before a connection stands
        return "store_unauthorized"
    return "store_unreachable" if isinstance(err, exc.OperationalError | exc.InterfaceError) else "store_failed"
