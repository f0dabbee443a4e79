"""Files of sales to try the project with: public tables of a package, and made sales with a known truth.

    python examples FOLDER [--only NAME …]

docs/examples.md describes the files, with their licences.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from made_sales import make_sales, with_blanks, write_spanish
from package_tables import TABLES, write_csv

CACHE = Path(__file__).resolve().parents[1] / ".cache"
FILES: dict[str, Callable[[], bytes]] = {
    "ventas": lambda: write_spanish(with_blanks(make_sales())),
    **{name: lambda table=table: write_csv(table(CACHE)) for name, table in TABLES.items()},
}


def main() -> None:
    """Write the files that are asked for, by default all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=FILES, default=list(FILES), metavar="NAME")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in asked.only:
        (asked.folder / f"{name}.csv").write_bytes(FILES[name]())
        print(asked.folder / f"{name}.csv")


if __name__ == "__main__":
    main()
