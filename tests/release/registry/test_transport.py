"""One request over real sockets: certificates, proxies, redirects, and names that nobody knows."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from faulty import Faulty, Handler, answers, faulty, tokens

from houseprice.errors import RegistryError
from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Account, Registry
from houseprice.release.registry.patience import PassingError, Patience, silent
from houseprice.release.registry.publishing import publish
from houseprice.release.registry.transport import Answer, exchange
from programs import needs

NAMES = ("localhost", "registry-1.docker.io", "auth.docker.io", "content.example.org")
ACCOUNT = Account("tester", "a-token-of-the-tests")
COMMIT = "a" * 40


class Connecting(BaseHTTPRequestHandler):
    """A proxy for TLS: whatever name is asked for, it is the one server of these tests."""

    server: "Connector"

    def do_CONNECT(self) -> None:
        """Connect, and carry bytes both ways."""
        self.server.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        if self.server.refuses:
            self.send_error(self.server.refuses)
            return
        with socket.create_connection(self.server.target) as target:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_carry, args=(target, self.connection))
            back.start()
            _carry(self.connection, target)
            back.join()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of http.server
        """Say nothing."""


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Connector(ThreadingHTTPServer):
    """Where it connects to, and what it was asked for."""

    daemon_threads = True
    target: tuple[str, int]
    asked: list[tuple[str, str]]
    refuses = 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the names of these tests that nobody trusts, with its key in one file."""
    needs("openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    names = ",".join(f"DNS:{name}" for name in NAMES)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=tests", "-addext", f"subjectAltName={names}"]
    subprocess.run([*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def secure(upstream: str, certificate: Path) -> Iterator[Faulty]:
    """The real registry behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with faulty(upstream, context) as running:
        running.added["X-Forwarded-Proto"] = "https"
        yield running


@pytest.fixture
def connector(secure: Faulty) -> Iterator[Connector]:
    """A proxy for TLS that leads to the registry, whatever it is called."""
    server = Connector(("127.0.0.1", 0), Connecting)
    server.target, server.asked = ("127.0.0.1", int(secure.host.partition(":")[2])), []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    """The certificate of these tests is one of a known authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def ask(url: str, **more: Any) -> Answer:
    """Get something."""
    given = {"headers": {}, "limit": 1000, "patience": Patience(), "end": time.monotonic() + 20}
    return exchange("GET", url, **(given | more))


def test_docker_hub_is_spoken_to_as_it_wants(
    secure: Faulty,
    connector: Connector,
    trusting: None,
    monkeypatch: pytest.MonkeyPatch,
    layout: Callable[..., Layout],
) -> None:
    """Through a proxy with a login, over TLS: tokens of auth.docker.io, content elsewhere, and no secret in between."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:my%20word@127.0.0.1:{connector.server_address[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    path = f"tester-{time.monotonic_ns()}/house-price-model"

    def elsewhere(handler: Handler) -> bool:
        if handler.headers["Host"] == "content.example.org":
            assert "Authorization" not in handler.headers
            handler.give(*handler.passed_on())
            return True
        moved = f"https://content.example.org{handler.path}"
        return handler.command == "GET" and "/blobs/" in handler.path and answers(307, Location=moved)(handler)

    secure.faults.append(elsewhere)
    tokens(secure, ACCOUNT.basic, path, "pull", "push", realm="https://auth.docker.io/token")
    registry = Registry(Repository("docker.io", path), ACCOUNT, patience=Patience(tries=1))
    image = layout(COMMIT)
    done = publish(
        image, registry, COMMIT, tested=image.index.digest, move_latest=True,
        newer=lambda revision, created: True, sign=lambda digest: None, say=silent,
    )  # fmt: skip
    assert done.tags == (COMMIT[:7], "latest")
    part = image.layers(image.manifests()[0])[0]
    assert registry.blob(part.digest, part.size) == image.path(part.digest).read_bytes()
    asked = [(name, account) for name, account in connector.asked if name.partition(":")[0] in NAMES]
    assert {name for name, _ in asked} == {f"{name}:443" for name in NAMES[1:]}
    assert {account for _, account in asked} == {"Basic bWU6bXkgd29yZA=="}
    for headers in secure.headers:
        said = headers.get("Authorization", "")
        assert said.startswith("Basic") == (headers["Host"] == "auth.docker.io")
        assert "Proxy-Authorization" not in headers


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_said(
    secure: Faulty, connector: Connector, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """It is told apart from the registry; its password is in no message."""
    connector.refuses = status
    monkeypatch.setenv("https_proxy", f"http://me:secretly@127.0.0.1:{connector.server_address[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises((RegistryError, PassingError), match=f"Tunnel connection failed: {status}") as caught:
        ask("https://registry-1.docker.io/v2/")
    assert isinstance(caught.value, PassingError) == (status == 502)
    assert "secretly" not in str(caught.value)


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than to go around it."""
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(RegistryError, match='a proxy of the kind "socks5"'):
        ask("https://registry-1.docker.io/v2/")


def test_loopback_is_never_reached_through_a_proxy(
    proxy: Faulty, secure: Faulty, trusting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In plain text or with TLS, whatever the environment names."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(f"http://{proxy.host}/v2/").status == 401
    assert ask(f"https://{secure.host}/v2/").status == 401


def test_a_certificate_that_is_not_trusted_is_refused(secure: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown authorities are, and certificates of another name; nothing was sent."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(RegistryError, match=r"a certificate that is not trusted here \(self-signed certificate\)"):
        ask(f"https://{secure.host}/v2/")
    assert secure.asked == []


def test_a_certificate_of_another_name_is_refused(secure: Faulty, trusting: None) -> None:
    """A known authority alone is not enough."""
    with pytest.raises(RegistryError, match=r"not trusted here .*127\.0\.0\.1"):
        ask(f"https://{secure.host.replace('localhost', '127.0.0.1')}/v2/")
    assert secure.asked == []


def test_tls_where_there_is_none_may_pass(proxy: Faulty) -> None:
    """What breaks in a handshake may be the network."""
    with pytest.raises(PassingError, match="SSL"):
        ask(f"https://{proxy.host}/v2/")


def test_nobody_is_spoken_to_without_tls() -> None:
    """Only this very machine is."""
    with pytest.raises(RegistryError, match="without TLS"):
        ask("http://registry.example.org/v2/")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (socket.EAI_NONAME, RegistryError, r'The name "registry.invalid" is not known here .*correct DOCKER_REGISTRY'),
        (socket.EAI_AGAIN, PassingError, 'no name server answers for "registry.invalid"'),
    ],
)
def test_a_name_that_is_not_known_is_said(
    monkeypatch: pytest.MonkeyPatch, error: int, kind: type[Exception], said: str
) -> None:
    """A wrong name is final; a name server that does not answer may pass. No name is asked for here."""

    def resolve(*words: object, **more: object) -> None:
        raise socket.gaierror(error, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with pytest.raises(kind, match=said):
        ask("https://registry.invalid/v2/")


def test_a_name_that_cannot_be_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is longer than names may be."""
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with pytest.raises(RegistryError, match="is not known here"):
        ask(f"https://{'a' * 70}.org/v2/")
