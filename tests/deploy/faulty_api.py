"""A stand-in for the API that knows the golden answers of its model and has one fault, named by `FAULT`.

Tests put it into images; it needs only Python.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAULT = os.environ["FAULT"]
FOLDER = os.environ["HOUSEPRICE_BUNDLE"]
with open(f"{FOLDER}/manifest.json", encoding="utf-8") as stream:  # noqa: PTH123 - imports as little as possible
    VERSION = json.load(stream)["model_version"]
with open(f"{FOLDER}/golden.json", encoding="utf-8") as stream:  # noqa: PTH123
    GOLDEN = json.load(stream)
KNOWN = {json.dumps(row, sort_keys=True): answer for row, answer in zip(GOLDEN["rows"], GOLDEN["answers"], strict=True)}
LAST = json.dumps(GOLDEN["rows"][-1], sort_keys=True)
PREDICTED = []  # appending is atomic


class FaultyApi(BaseHTTPRequestHandler):
    """Answers from the golden rows."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer health checks."""
        failing = FAULT == "unhealthy_when_live" and live()
        self.answer(503 if failing else 200, {"status": "failing" if failing else "ok", "model_version": VERSION})

    def do_POST(self) -> None:
        """Answer a golden row."""
        key = json.dumps(json.loads(self.rfile.read(int(self.headers["Content-Length"]))), sort_keys=True)
        PREDICTED.append(key)
        if FAULT == "refuses_other_requests" and live():
            self.answer(422, {"detail": "unknown house"})
            return
        known = KNOWN.get(key) or GOLDEN["answers"][0]
        wrong = FAULT == "wrong" or (FAULT == "wrong_when_live" and live() and key == LAST)
        interval = [known["interval_low"], known["interval_high"]]
        price = known["predicted_price"] * (2 if wrong else 1)
        numbers = {"predicted_price": price, "prediction_interval": interval, "fsd": known["fsd"]}
        self.answer(200, numbers | {"model_version": VERSION})
        if FAULT == "stops_listening_when_live" and live():
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
        """Log nothing."""


def live() -> bool:
    """Return whether the slot's own smoke test is over."""
    return len(PREDICTED) > len(KNOWN)


class Server(ThreadingHTTPServer):
    """A server with a long queue."""

    request_queue_size = 256
    daemon_threads = True


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if FAULT == "exits":
    sys.exit(3)
if FAULT == "never_listens":
    time.sleep(600)
SERVER = Server(("0.0.0.0", 8000), FaultyApi)  # noqa: S104 - in a container
SERVER.serve_forever(poll_interval=0.05)
# Stopped listening: connections that are in the queue are still accepted.
SERVER.socket.setblocking(False)
with suppress(BlockingIOError):
    while True:
        SERVER.process_request(*SERVER.get_request())
SERVER.socket.close()
while True:
    signal.pause()
