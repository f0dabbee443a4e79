"""HTTP errors that programs can tell apart by a code."""

from fastapi import HTTPException


class CodedHTTPError(HTTPException):
    """An HTTP error whose answer has a stable `code` beside its sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code
