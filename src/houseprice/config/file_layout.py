"""Section `data.file` of the configuration: how the file of sales is written."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Format = Literal["auto", "csv", "xlsx", "parquet"]
Separator = Literal["auto", ",", ";", "\t", "|"]
Quoting = Literal["auto", "double", "backslash", "single", "none"]
"""How a quote within a quoted field is written: doubled, or behind a backslash; `single` quotes, doubled; or nothing
is quoted."""


def _text_encoding(name: str) -> str:
    """Check that Python can decode texts by an encoding of this name."""
    try:
        if name != "auto":
            "".encode(name)
            codecs.lookup(name)
    except (LookupError, ValueError) as err:
        raise ValueError("must be auto, or an encoding such as utf-8 or windows-1252") from err
    return name


def _count(lines: int | str) -> int | str:
    """Check that this is a number of lines, or left to be found."""
    if lines != "auto" and not (isinstance(lines, int) and lines >= 0):
        raise ValueError("must be auto, or a number of lines")
    return lines


Lines = Annotated[int | str, AfterValidator(_count)]


class FileLayout(BaseModel):
    """How a file is written; `auto` is found anew in each file.

    Lines that hold nothing count neither above the header nor in the footer. With `header_lines` 0 the file has no
    header, and `names` lists its columns; of 2 header lines the names are joined by a space. `sheet` is the name of a
    sheet of an Excel workbook; null is the first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format = "auto"
    encoding: Annotated[str, AfterValidator(_text_encoding)] = "auto"
    separator: Separator = "auto"
    quoting: Quoting = "auto"
    sheet: str | None = None
    lines_above_header: Lines = "auto"
    header_lines: Literal["auto", 0, 1, 2] = "auto"
    names: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    footer_lines: Lines = "auto"

    @model_validator(mode="after")
    def _names_replace_a_header(self) -> Self:
        if self.names and self.header_lines != 0:
            raise ValueError("names are only for a file without a header: set header_lines to 0")
        if repeated := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise ValueError(f"names are repeated: {', '.join(repeated)}")
        return self
