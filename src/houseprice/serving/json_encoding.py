"""The encoding of JSON bodies: UTF-8, with or without the byte order mark that some programs write."""

from houseprice.serving.validation_errors import FieldError, InvalidRequestError

_UTF8_MARK = b"\xef\xbb\xbf"
_OTHERS = frozenset((0x00, 0xFE, 0xFF))  # first bytes of UTF-16 and UTF-32; no JSON begins so


def utf8_json(body: bytes) -> bytes:
    """Return a body without a byte order mark.

    Raises:
        InvalidRequestError: It is UTF-16 or UTF-32, which JSON parsers would call malformed.
    """
    if body.startswith(_UTF8_MARK):
        return body[len(_UTF8_MARK) :]
    if len(body) > 1 and (body[0] in _OTHERS or body[1] == 0):
        message = "The body is UTF-16 or UTF-32; send JSON in UTF-8."
        raise InvalidRequestError([FieldError("json_encoding", None, None, None, message)])
    return body
