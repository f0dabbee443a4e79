"""A layout in, an address to pull it from out: a registry on this machine that can only be read.

So the engine gets the very digest that will be published, by the way that everybody else will get it.
"""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from houseprice.release.image_reference import TITLE
from houseprice.release.layout.oci import Layout

_PATH = re.compile(rf"/v2/{re.escape(TITLE)}/(manifests|blobs)/(sha256:[0-9a-f]{{64}})")


@contextmanager
def shelf(layout: Layout) -> Iterator[str]:
    """Serve a layout on 127.0.0.1 while the block runs; gives `127.0.0.1:PORT/house-price-model`.

    Docker takes plain HTTP from 127.0.0.1 without being told to. Only digests are answered: there are no tags.
    """
    known = {blob.digest: blob for blob in layout.blobs()}

    class Shelf(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # an engine that tries TLS first, and goes away, must not hold a thread

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            if self.path in ("/v2", "/v2/"):
                self._send(200, "application/json", b"{}", body=body)
                return
            asked = _PATH.fullmatch(self.path)
            blob = known.get(asked[2]) if asked else None
            if blob is None:
                self._send(404, "application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', body=body)
                return
            with layout.path(blob.digest).open("rb") as stream:
                self._head(200, blob.media_type, blob.size, blob.digest)
                if body:
                    shutil.copyfileobj(stream, self.wfile)

        def _send(self, status: int, media_type: str, content: bytes, *, body: bool) -> None:
            self._head(status, media_type, len(content))
            if body:
                self.wfile.write(content)

        def _head(self, status: int, media_type: str, size: int, digest: str = "") -> None:
            self.send_response(status)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(size))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: whoever pulls says what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}/{TITLE}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
