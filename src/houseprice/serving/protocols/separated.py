"""A body of comma-separated lines in, one row a house out, read as the CSV command reads its cells."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from houseprice.serving import cells
from houseprice.serving.formats.rows import check_whole
from houseprice.serving.protocols.adapter import Core, quoted, refuse
from houseprice.serving.protocols.dataframe_json import listed
from houseprice.serving.request import House


class Separated:
    """Reads `text/csv`.

    The first line is a header when it names a column, or when the content type says `header=present`; otherwise all
    lines are houses, in the order of the schema.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        seen = core.bundle.reference
        self._read = {n: cells.reader(c, seen.get(n, {}).get("levels", ())) for n, c in core.columns.items()}

    def rows(self, body: bytes, header: str | None = None) -> list[House]:
        """Give back the rows; blank cells are left out.

        Args:
            body: the lines, in UTF-8.
            header: `present` or `absent`; None looks at the first line.

        Raises:
            InvalidRequestError: it cannot be read as CSV.
            BatchTooLargeError: it has more rows than the limit.
        """
        try:
            lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
            return self._rows(lines, header)
        except UnicodeDecodeError as err:
            raise refuse(
                f"The body is not UTF-8 (byte {err.object[err.start]:#04x}); expected a CSV in UTF-8; encode it so."
            ) from err
        except csv.Error as err:
            raise refuse(
                f"The body cannot be read as CSV ({err}); expected quotes that are closed and fields of less than "
                "128 KiB; correct it."
            ) from err

    def _rows(self, lines: Iterator[list[str]], header: str | None) -> list[House]:
        first = next((line for line in lines if line), None)
        if first is None:
            raise refuse("The body is empty; expected a CSV with a header; send the houses.")
        names = [name.strip() for name in first]
        rows: list[Any] = []
        if header == "absent" or (header is None and not set(names) & set(self._core.columns)):
            if len(first) != len(self._core.columns):
                raise refuse(
                    f"The first line ({quoted(','.join(first))}) names no column; expected a header, or "
                    f"{len(self._core.columns)} values: {', '.join(self._core.columns)}; add one."
                )
            names = list(self._core.columns)
            rows.append(first)
        for line in lines:
            if line:
                rows.append(line)
                self._core.limit(len(rows))
        if not rows:
            check_whole(names, self._core.scorer.request.schema)
        return [self._house(row) for row in listed(rows, names, self._core, "the CSV")]

    def _house(self, row: dict[str, str]) -> House:
        read = {name: self._read[name](text) if name in self._read else text for name, text in row.items()}
        return {name: value for name, value in read.items() if value is not None}
