"""Content negotiation of batches: the formats that `Content-Type` and `Accept` name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from houseprice.serving.coded_error import CodedHTTPError
from houseprice.serving.csv_dialect import DELIMITERS, Dialect

_QUOTED = r'"(?:[^"\\]++|\\.)*+"?+'  # possessive: nothing is tried twice, whatever a client sends
_ELEMENT = re.compile(rf'(?:{_QUOTED}|[^",]++)++', re.DOTALL)
_PART = re.compile(rf'(?:{_QUOTED}|[^";]++)++', re.DOTALL)
_COLUMNAR = re.compile(r"application/(vnd\.apache\.(parquet|arrow\.(stream|file))|x-parquet|parquet)")


@dataclass(frozen=True)
class Format:
    """A way to write many houses; `names` are its media types, the registered one first."""

    names: tuple[str, ...]


JSON = Format(("application/json",))
NDJSON = Format(
    (
        "application/x-ndjson",
        "application/jsonl",
        "application/jsonlines",
        "application/ndjson",
        "application/x-jsonlines",
        "application/x-jsonl",
        "application/json-lines",
    )
)
CSV = Format(("text/csv",))
FORMATS = (JSON, NDJSON, CSV)
MAX_CHARACTERS = 1000
"""Length of a header that names media types."""
_KNOWN = ", ".join(f'"{form.names[0]}"' for form in FORMATS)


class MediaTypeError(CodedHTTPError):
    """A media type that cannot be read (415) or written (406)."""


@dataclass(frozen=True)
class Media:
    """A media type in a header.

    Attributes:
        format: the format that it names.
        name: the media type as it was written, without parameters.
        parameters: such as `delimiter`; names in lower case.
    """

    format: Format
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def negotiate(content_type_header: str, accept_header: str) -> tuple[Media, Media]:
    """Return the formats of a body and its answer; clients send the same few headers again and again.

    Raises:
        MediaTypeError: see `content_type` and `accepted`.
    """
    for status, header in ((415, content_type_header), (406, accept_header)):
        if len(header) > MAX_CHARACTERS:
            message = f"Content-Type and Accept may have {MAX_CHARACTERS} characters each."
            raise MediaTypeError(status, "media_type_too_long", message)
    return _negotiate(content_type_header, accept_header)


@lru_cache(64)
def _negotiate(content_type_header: str, accept_header: str) -> tuple[Media, Media]:
    body = content_type(content_type_header)
    return body, accepted(accept_header, body)


def content_type(header: str | None) -> Media:
    """Return the format of a body by its `Content-Type`; JSON when there is none.

    Raises:
        MediaTypeError: 415, it cannot be read.
    """
    name, parameters = parse(header or JSON.names[0])
    found = next((form for form in FORMATS if name in form.names), JSON if name.endswith("+json") else None)
    if found is None and _COLUMNAR.fullmatch(name):
        raise MediaTypeError(
            415,
            "columnar_unsupported",
            f'"{name}" is not accepted over HTTP. Send {_KNOWN}, or price Parquet files with `houseprice predict`.',
        )
    if found is None:
        raise MediaTypeError(415, "media_type_unsupported", f'The content type "{name[:80]}" is not one of {_KNOWN}.')
    return Media(found, name, parameters)


def accepted(header: str | None, body: Media) -> Media:
    """Return the format of the answer by `Accept`; among equals, that of the body.

    Raises:
        MediaTypeError: 406, nothing that is accepted can be written.
    """
    ranges: dict[str, Mapping[str, str]] = {}
    for element in _ELEMENT.findall(header or "*/*"):
        ranges.setdefault(*parse(element))  # the first counts
    best: tuple[float, Media] | None = None
    for form in sorted(FORMATS, key=lambda form: form is not body.format):
        same = form is body.format and body.name in form.names
        for name in dict.fromkeys((body.name, *form.names) if same else form.names):
            quality, parameters = _quality(name, ranges)
            if quality > (best[0] if best else 0):
                best = quality, Media(form, name, parameters)
    if best is None:
        raise MediaTypeError(
            406, "not_acceptable", f'Nothing in "Accept: {str(header)[:80]}" can be written; known are {_KNOWN}.'
        )
    return best[1]


def dialect_of(media: Media, status: int = 415) -> Dialect:
    """Return the CSV dialect that the parameters of a media type declare.

    Raises:
        MediaTypeError: It is not supported; `status` is 415 for a body and 406 for an answer.
    """
    parameters = media.parameters
    charset = parameters.get("charset", "utf-8").lower().replace("_", "-")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise MediaTypeError(status, "charset_unsupported", f'The charset "{charset[:80]}" of the CSV is not utf-8.')
    if parameters.get("header", "present").lower() != "present":
        raise MediaTypeError(status, "csv_header_required", "A CSV without a header is only known at /invocations.")
    declared = parameters.get("delimiter", "")
    delimiter = {"tab": "\t", "\\t": "\t", "t": "\t"}.get(declared, declared) or None
    if delimiter and delimiter not in tuple(DELIMITERS):
        raise MediaTypeError(
            status,
            "csv_delimiter_unsupported",
            f'The delimiter "{declared[:80]}" of the CSV is not a comma, a semicolon, a tab or a bar.',
        )
    decimal = parameters.get("decimal", ".")
    if decimal not in (".", ",") or decimal == delimiter:
        raise MediaTypeError(
            status,
            "csv_decimal_unsupported",
            f'The decimal sign "{decimal[:80]}" of the CSV is not a point, or a comma where it is not the delimiter.',
        )
    return Dialect(delimiter or (";" if decimal == "," else None), decimal)


def csv_content_type(dialect: Dialect) -> str:
    """Return the `Content-Type` of a CSV that is written in this dialect."""
    delimiter = "" if dialect.delimiter in (None, ",") else f'; delimiter="{dialect.delimiter}"'
    decimal = "" if dialect.decimal == "." else f'; decimal="{dialect.decimal}"'
    return f"{CSV.names[0]}; charset=utf-8{delimiter}{decimal}"


def parse(header: str) -> tuple[str, Mapping[str, str]]:
    """Return a media type in lower case, and its parameters."""
    name, mark, rest = header.partition(";")
    parameters: dict[str, str] = {}
    for part in _PART.findall(rest) if mark else ():
        key, equals, value = part.partition("=")
        value = value.strip()
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'))
        if equals:
            parameters[key.strip().lower()] = value
    return name.strip().lower(), parameters


def _quality(name: str, ranges: Mapping[str, Mapping[str, str]]) -> tuple[float, dict[str, str]]:
    """Return the weight of a media type, by the closest range that holds it, and the parameters of that range."""
    for pattern in (name, f"{name.partition('/')[0]}/*", "*/*"):
        if pattern in ranges:
            rest = dict(ranges[pattern])
            return _weight(rest.pop("q", "1")), rest
    return 0, {}


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", text) else 0
