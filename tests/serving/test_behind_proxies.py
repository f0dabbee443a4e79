"""The API behind nginx and HAProxy as people configure them, and as clients with habits of their own ask it."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from running import START_SECONDS, Server
from toy import FULL, FULL_PRICE, LEAST

from programs import needs

Start = Callable[..., Server]
MANY = 20_000
LINES = b"".join(json.dumps(LEAST).encode() + b"\n" for _ in range(MANY))
JAVA = """
import java.net.URI;
import java.net.http.*;

public class Ask {
    public static void main(String[] parts) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int turn = 0; turn < 3; turn++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(parts[0] + "/predict"))
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(parts[1])).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body());
        }
    }
}
"""
NGINX = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
  access_log off;
  client_max_body_size 100m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream api {{ server {host}:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://api; proxy_http_version 1.0; proxy_set_header Connection close; }}
    location /kept/ {{ proxy_pass http://api/; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    location /streamed/ {{
      proxy_pass http://api/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
    }}
    location /prices/ {{ proxy_pass http://api; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend api
  bind 127.0.0.1:{port}
  default_backend api
backend api
  http-reuse always
  server api {host}:{upstream}
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a proxy until it is no longer needed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            threading.Event().wait(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=["nginx", "haproxy"])
def proxy(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> Iterator[tuple[str, int, Server]]:
    """Return the name and the port of a proxy before a server, which has a prefix."""
    name = request.param
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        needs(name)
    server = start(HOUSEPRICE_ROOT_PATH="/prices", HOUSEPRICE_ACCESS_LOG="off")
    port = free_port()
    text = NGINX if name == "nginx" else HAPROXY
    path = tmp_path / "proxy.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    path.write_text(text.format(folder=tmp_path, host=server.host, upstream=server.port, port=port, user=user))
    options = ["-p", str(tmp_path), "-c", str(path)] if name == "nginx" else ["-db", "-f", str(path)]
    with running([str(program), *options], port):
        yield name, port, server


def asked(port: int, path: str, body: bytes, kind: str = "application/json") -> tuple[int, bytes]:
    """Post a body; give status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    connection.request("POST", path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_prices_and_lines_come_through_proxies(proxy: tuple[str, int, Server]) -> None:
    """Single houses, refusals, and lines of some megabytes, whole: by any HTTP version that the proxy speaks."""
    name, port, _ = proxy
    prefixes = ("", "/kept", "/streamed", "/prices") if name == "nginx" else ("", "/prices")
    for prefix in prefixes:
        status, answer = asked(port, f"{prefix}/predict", json.dumps(FULL).encode())
        assert (status, json.loads(answer)["predicted_price"]) == (200, FULL_PRICE)
        assert asked(port, f"{prefix}/predict", b"{}")[0] == 422
        status, answer = asked(port, f"{prefix}/batch-predict", LINES, "application/x-ndjson")
        assert (status, answer.count(b"\n"), answer.count(b"predicted_price")) == (200, MANY, MANY)
        assert asked(port, f"{prefix}/predict", b" " * 2**26)[0] == 413


def test_connections_to_the_api_are_used_again(proxy: tuple[str, int, Server]) -> None:
    """Hundreds of requests through a few connections: no 502, also when some are refused before their body is read."""
    name, port, _ = proxy
    prefix = "/kept" if name == "nginx" else ""
    body = json.dumps(FULL).encode()
    for turn in range(300):
        if turn % 10 == 5:
            assert asked(port, f"{prefix}/nowhere", b" " * 200_000)[0] == 404
        assert asked(port, f"{prefix}/predict", body)[0] == 200


@pytest.mark.long
def test_a_java_client_gets_its_price(start: Start, tmp_path: Path) -> None:
    """Its default is to offer HTTP/2 by `Upgrade`, with a body; one connection, three times."""
    needs("java", "javac")
    server = start()
    (tmp_path / "Ask.java").write_text(JAVA)
    subprocess.run(["javac", "Ask.java"], cwd=tmp_path, check=True)
    address = f"http://{server.host}:{server.port}"
    command = ["java", "-XX:TieredStopAtLevel=1", "Ask", address, json.dumps(FULL)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=START_SECONDS)
    answers = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert [status for status, _ in answers] == ["200"] * 3
    assert {json.loads(answer)["predicted_price"] for _, answer in answers} == {FULL_PRICE}
    _, log = server.stop(signal.SIGTERM)  # the access log is written after the answer
    assert log.count('"event": "request"') == 3


@pytest.mark.parametrize("option", ["--http2", "--http1.0", "--http1.1"])
def test_curl_gets_its_price(start: Start, option: str) -> None:
    """Also when it offers HTTP/2, waits for `100 Continue`, or sends chunks."""
    needs("curl")
    server = start()
    url = f"http://{server.host}:{server.port}/predict"
    for more in ([], ["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]):
        if "chunked" in str(more) and option == "--http1.0":
            continue
        command = ["curl", "-sS", option, *more, "-H", "Content-Type: application/json", "-d", json.dumps(FULL), url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=START_SECONDS)
        assert json.loads(done.stdout)["predicted_price"] == FULL_PRICE
