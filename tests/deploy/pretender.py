"""An API that pretends: it has the sealed model's answers by heart, and goes wrong in one way or another.

Put into images by the tests, with the way it goes wrong in `MANNER`; it needs nothing but Python.
"""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANNER = os.environ["MANNER"]
FOLDER = os.environ["HOUSEPRICE_BUNDLE"]
with open(f"{FOLDER}/manifest.json", encoding="utf-8") as stream:  # noqa: PTH123 - nothing is imported that may be missing
    VERSION = json.load(stream)["model_version"]
with open(f"{FOLDER}/golden.json", encoding="utf-8") as stream:  # noqa: PTH123
    GOLDEN = json.load(stream)
KNOWN = {json.dumps(row, sort_keys=True): answer for row, answer in zip(GOLDEN["rows"], GOLDEN["answers"], strict=True)}
LAST = json.dumps(GOLDEN["rows"][-1], sort_keys=True)
PRICED = []  # appending is atomic


class Pretender(BaseHTTPRequestHandler):
    """Answers from memory."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that all is well, until it is not."""
        sick = MANNER == "sickens" and later()
        self.answer(503 if sick else 200, {"status": "failing" if sick else "ok", "model_version": VERSION})

    def do_POST(self) -> None:
        """Price a house that is known."""
        key = json.dumps(json.loads(self.rfile.read(int(self.headers["Content-Length"]))), sort_keys=True)
        PRICED.append(key)
        if MANNER == "refuses" and later():
            self.answer(422, {"detail": "nobody knows this house"})
            return
        known = KNOWN.get(key) or GOLDEN["answers"][0]
        off = 2 if MANNER == "lies" or (MANNER == "lies later" and later() and key == LAST) else 1
        low, high = known["interval_low"], known["interval_high"]
        self.answer(
            200,
            {
                "predicted_price": known["predicted_price"] * off,
                "prediction_interval": [low, high],
                "model_version": VERSION,
            },
        )
        if MANNER == "goes deaf" and later():
            threading.Thread(target=SERVER.shutdown).start()

    def answer(self, status: int, body: object) -> None:
        """Send JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form: str, *words: object) -> None:
        """Keep quiet."""


def later() -> bool:
    """Tell whether it was proved in its slot by now, so that it is live."""
    return len(PRICED) > len(KNOWN)


class Server(ThreadingHTTPServer):
    """With room for those who wait."""

    request_queue_size = 256
    daemon_threads = True


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
SERVER = Server(("0.0.0.0", 8000), Pretender)  # noqa: S104 - in a container
SERVER.serve_forever(poll_interval=0.05)
# Deaf from here on; whoever has knocked already is still let in.
SERVER.socket.setblocking(False)
with suppress(BlockingIOError):
    while True:
        SERVER.process_request(*SERVER.get_request())
SERVER.socket.close()
while True:
    signal.pause()
