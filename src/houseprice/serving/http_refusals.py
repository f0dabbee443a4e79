"""Limits of what surrounds the body of a request, and the answers to requests that cannot be parsed."""

import json
import logging
import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

MAX_HEAD_BYTES = 16 * 2**10
"""Size of a head; also of what stands between two parts of a chunked body, and of its trailers."""
MAX_HEADERS, MAX_URL_BYTES = 128, 2 * 2**10
_HEAD = (
    b"content-type: application/json\r\ncontent-length: %d\r\nx-request-id: %b\r\nx-content-type-options: nosniff\r\n"
    b"connection: close\r\n\r\n"
)
_REASONS = {
    400: "The request is not valid HTTP/1.1, or its body is cut into chunks wrongly.",
    414: f"The address of the request has more than {MAX_URL_BYTES} bytes, which is the limit.",
    431: f"The head or the trailers of the request have more than {MAX_HEAD_BYTES} bytes or {MAX_HEADERS} fields.",
}
_log = logging.getLogger(__name__)


def refuse(transport: Any, status: int) -> None:
    """Answer a request that cannot be parsed, and log that."""
    request_id = os.urandom(8).hex()
    body = json.dumps({"detail": _REASONS[status]}).encode()
    transport.write(STATUS_LINE[status] + _HEAD % (len(body), request_id.encode()) + body)
    _log.warning("request refused", extra={"fields": {"request_id": request_id, "status": status}})
