"""Flow control of a connection: reading that can be held, and an end that waits for the client."""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl

END_SECONDS = 0.1
"""Time from the last answer to the end of a connection whose client still sends; it will come again no sooner."""


class HoldableFlow(FlowControl):
    """Flow control that reads no more while bytes of the next request wait, whatever the application asks for."""

    is_held = False

    def resume_reading(self) -> None:
        """Read again, unless reading is held."""
        if not self.is_held:
            super().resume_reading()


class AnswerTransport:
    """The transport as an answer sees it: it is closed only when the client has had a chance to read the answer."""

    def __init__(self, transport: Any, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


def send_end(transport: Any) -> None:
    """Tell a client that no more will come, while what it sends is still read."""
    if not transport.is_closing():
        transport.write_eof()
