"""`POST /actuals`: prices that were paid, taken by the recorder, which alone speaks with the database."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from houseprice.serving import openapi
from houseprice.serving.batch_execution import BatchExecutor
from houseprice.serving.body import check_json
from houseprice.serving.direct_route import DirectRoute
from houseprice.serving.recorder_client import RETRY_SECONDS, RecorderAwayError, ask_recorder

ACTUALS = "/actuals"
ROW_BYTES = 1024
"""Bytes of one price paid at most, on average."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class ActualsTaken(BaseModel):
    """What became of the prices paid."""

    added: int = Field(description="Prices of sales that had none")
    corrected: int = Field(description="Prices that replaced an earlier one of the same sale")


class RowDetail(BaseModel):
    """One error in a row."""

    type: str = Field(description="Stable name of the error, for programs")
    loc: list[str | int] = Field(description="`body`, position of the row, perhaps its field")
    msg: str = Field(description="What is wrong")


class RowRefusal(BaseModel):
    """The errors of prices of which none was taken."""

    detail: list[RowDetail]


def add_actuals(app: FastAPI, executor: BatchExecutor, folder: Path, max_rows: int) -> None:
    """Add the route; `folder` is that of the spool, where the recorder listens."""

    async def actuals(request: Request) -> Response:
        check_json(request)
        body = await executor.read_body(request, max_rows * ROW_BYTES)
        try:
            status, content = await ask_recorder(folder, "actuals", body)
        except RecorderAwayError as err:
            raise HTTPException(503, str(err), {"Retry-After": str(RETRY_SECONDS)}) from err
        headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
        return Response(content, status, headers, "application/json")

    app.router.add_api_route(
        ACTUALS, actuals, methods=["POST"], route_class_override=DirectRoute, **_documented(max_rows)
    )


def _documented(max_rows: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    row = {
        "type": "object",
        "required": ["price", "sale_date"],
        "additionalProperties": False,
        "properties": {
            "request_id": {**text, "description": "`X-Request-ID` of the answer that priced the house"},
            "row": {"type": "integer", "minimum": 0, "description": "Position of the house in that request, from 0"},
            "reference": {**text, "description": "Your own reference, as it was sent with the house"},
            "house": {**openapi.HOUSE, "description": "The house itself, where neither is known"},
            "price": {"type": "number", "exclusiveMinimum": 0, "description": "Price paid"},
            "sale_date": {"type": "string", "format": "date", "description": "Day of the sale"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code"},
        },
    }
    return {
        "summary": "Prices that were paid, to judge the predictions by",
        "description": (
            f"Takes up to {max_rows} sales, all or none of them. A sale is judged by the last answer before the end of "
            "its day (UTC). A later price or day of the same sale replaces the earlier one, which is kept as a trace; "
            "the same once more is refused as a duplicate. Each row has one of `request_id`, `reference` and `house`."
        ),
        "tags": ["prices"],
        "response_model": ActualsTaken,
        "responses": {
            413: {"model": openapi.Reason, "description": "Too many rows or bytes"},
            415: {
                "model": openapi.Reason,
                "description": "Not application/json, or not compressed by gzip",
            },
            422: {"model": RowRefusal, "description": "Rows that cannot be taken, and why; none was taken"},
            503: {"model": openapi.Reason, "description": "The database or the recorder is away; retry later"},
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "array", "items": row}}},
            }
        },
    }
