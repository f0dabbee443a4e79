"""Headers of a request in, the formats of its body and of its answer out."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import HTTPException

_PARAMETER = re.compile(r';\s*([\w!#$&^.+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))')
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_INSTALL = 'install "houseprice[columnar]", which brings pyarrow'


@dataclass(frozen=True)
class Format:
    """A way to write many houses.

    Attributes:
        title: what people call it.
        names: its media types; the first is its proper one.
        columnar: whether it takes a library that may not be installed.
    """

    title: str
    names: tuple[str, ...]
    columnar: bool = False


JSON = Format("JSON", ("application/json",))
LINES = Format("lines of JSON", ("application/x-ndjson", "application/jsonl", "application/ndjson"))
CSV = Format("CSV", ("text/csv",))
PARQUET = Format("Parquet", ("application/vnd.apache.parquet", "application/x-parquet"), columnar=True)
ARROW = Format("Arrow stream", ("application/vnd.apache.arrow.stream",), columnar=True)
FORMATS = (JSON, LINES, CSV, PARQUET, ARROW)


@dataclass(frozen=True)
class Media:
    """A format, as a header names it.

    Attributes:
        format: which one.
        name: the media type with which it was asked for.
        parameters: what stands behind it, such as `delimiter`; names in lower case.
    """

    format: Format
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def columnar_installed() -> bool:
    """Tell whether Parquet and Arrow can be read here, without loading what reads them."""
    return importlib.util.find_spec("pyarrow") is not None


def sent(header: str | None) -> Media:
    """Give back what a body is, by its `Content-Type`; JSON when there is none.

    Raises:
        HTTPException: 415, it is nothing that can be read.
    """
    name, parameters = _parsed(header or JSON.names[0])
    found = next((form for form in FORMATS if name in form.names), JSON if name.endswith("+json") else None)
    if found is None:
        raise HTTPException(
            415, f'The content type is "{name}"; expected {_listed(FORMATS)}; send one of them in that header.'
        )
    if found.columnar and not columnar_installed():
        raise HTTPException(
            415, f"The body is {found.title}, which takes pyarrow, and it is not installed here; {_INSTALL}."
        )
    return Media(found, name, parameters)


def wanted(header: str | None, body: Media) -> Media:
    """Give back what the answer has to be, by `Accept`; the format of the body wins among equals.

    Raises:
        HTTPException: 406, none of what is accepted can be written.
    """
    ranges = [_parsed(element) for element in _ELEMENT.findall(header or "*/*") if element.strip()]
    usable = [form for form in FORMATS if not form.columnar or columnar_installed()]
    usable.sort(key=lambda form: form is not body.format)
    best: tuple[float, Media] | None = None
    for form in usable:
        same = form is body.format and body.name in form.names
        names = (body.name, *form.names) if same else form.names
        for name in dict.fromkeys(names):
            quality, parameters = _quality(name, ranges)
            if quality > (best[0] if best else 0):
                best = quality, Media(form, name, parameters)
    if best is None:
        missing = "" if columnar_installed() else f"; for Parquet and Arrow, {_INSTALL}"
        raise HTTPException(
            406, f'The answer cannot be "{header}"; expected {_listed(usable)}; accept one of them{missing}.'
        )
    return best[1]


def _quality(name: str, ranges: list[tuple[str, dict[str, str]]]) -> tuple[float, dict[str, str]]:
    """Give back how welcome a media type is, by the closest range that holds it, and what that range asks for."""
    general = f"{name.partition('/')[0]}/*"
    for pattern in (name, general, "*/*"):
        for found, parameters in ranges:
            if found == pattern:
                rest = {key: value for key, value in parameters.items() if key != "q"}
                return _weight(parameters.get("q", "1")), rest
    return 0, {}


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", text) else 0


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    name, mark, rest = text.partition(";")
    found = _PARAMETER.findall(mark + rest)
    parameters = {key.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for key, quoted, plain in found}
    return name.strip().lower(), parameters


def _listed(formats: "tuple[Format, ...] | list[Format]") -> str:
    return ", ".join(f'"{form.names[0]}"' for form in formats)
