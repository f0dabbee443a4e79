"""What can go wrong, said in one place.

Every message is one sentence: what was found, what was expected, what to do. The tree, with the exit code that the
command line ends with:

    HousePriceError                 1
    ├── ConfigError                 3   the configuration cannot be used
    ├── DataError                   4   a table cannot be used
    │   └── RejectedShareError      4   too many rows would have been rejected
    ├── ArtefactError               5   a model file is missing, changed, newer or does not fit its neighbour
    │   └── ParityError             5   the exported model does not give the trained model's answers
    ├── GateError                   6   the model was judged and is not good enough
    ├── TrackingError               7   MLflow does not answer, or refuses
    ├── ServingError                8   the API cannot start
    ├── ImageError                  9   an image cannot be built, or fails its test
    ├── MissingPartError           10   this command needs libraries that are not installed here
    ├── RegistryError              11   a registry refuses, does not answer, or holds something else than expected
    ├── TrustError                 12   an image is not what is said of it, or cannot be signed
    ├── OperatingError             13   a deployment or a rollback did not succeed; what served before serves still
    └── LedgerError                14   the ledger was changed, or cannot be written

Exit code 2 is a command line that cannot be understood. HTTP errors are FastAPI's own: 422 for a house that cannot be
priced, 503 for a model that no longer gives its own answers.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class HousePriceError(Exception):
    """Anything that this project refuses to do, with the reason."""

    exit_code = 1


class ConfigError(HousePriceError):
    """The configuration cannot be used; `problems` holds a line for each dotted key."""

    exit_code = 3

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class DataError(HousePriceError):
    """A table cannot be used."""

    exit_code = 4


class RejectedShareError(DataError):
    """More rows would be rejected than the configuration allows."""


class ArtefactError(HousePriceError):
    """A file of the model is missing, changed, newer than this program, or belongs to another run."""

    exit_code = 5


class ParityError(ArtefactError):
    """The exported model gives other answers than the trained one."""


class GateError(HousePriceError):
    """The model was judged and is not good enough to be published."""

    exit_code = 6


class TrackingError(HousePriceError):
    """MLflow does not answer, or refuses."""

    exit_code = 7


class ServingError(HousePriceError):
    """The API cannot start."""

    exit_code = 8


class ImageError(HousePriceError):
    """An image cannot be built, or fails its test."""

    exit_code = 9


class MissingPartError(HousePriceError):
    """The command needs libraries that are not installed here."""

    exit_code = 10


class RegistryError(HousePriceError):
    """A registry refuses, does not answer, or holds something else than expected."""

    exit_code = 11


class TrustError(HousePriceError):
    """An image is not what is said of it, or cannot be signed; `mismatches` holds a sentence for each."""

    exit_code = 12

    def __init__(self, message: str, mismatches: Iterable[str] = ()) -> None:
        self.mismatches = tuple(mismatches)
        super().__init__(message)


class OperatingError(HousePriceError):
    """A deployment or a rollback did not succeed; what served before serves still."""

    exit_code = 13


class LedgerError(HousePriceError):
    """The ledger was changed, or cannot be written."""

    exit_code = 14


def nearest(name: str, known: Iterable[str]) -> str:
    """Give back a hint such as ' (did you mean "grade"?)', or nothing when no known name is near."""
    names = {str(k).casefold(): str(k) for k in known}
    close = get_close_matches(name.casefold(), names, n=1)
    return f' (did you mean "{names[close[0]]}"?)' if close else ""
