from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulgenvae.errors import UserError
from simulgenvae.explorer.host import LOOPBACK
from simulgenvae.explorer.server import PageServer
from tests.explorer.conftest import TEMPLATE, own_address

Answer = tuple[int, dict[str, str], bytes]


class Pages:
    """Pages that a server asks for: one that can be changed, or an error."""

    def __init__(self) -> None:
        self.error: UserError | None = None
        self.html = TEMPLATE.encode()

    def __call__(self) -> bytes:
        if self.error is not None:
            raise self.error
        return self.html


@pytest.fixture
def pages() -> Pages:
    return Pages()


@contextmanager
def serving(pages: Pages, host: str = LOOPBACK) -> Iterator[PageServer]:
    with PageServer(pages, host=host) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def server(pages: Pages) -> Iterator[PageServer]:
    with serving(pages) as found:
        yield found


def ask(server: PageServer, path: str | None = None, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(str(server.host.address), server.port, timeout=5)
    place = f"/{server.token}/" if path is None else path
    connection.putrequest(method, place, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_the_page_is_at_its_address_with_strict_headers(server: PageServer) -> None:
    assert server.address == f"http://127.0.0.1:{server.port}/{server.token}/"
    status, headers, content = ask(server)
    assert status == 200
    assert content == TEMPLATE.encode()
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize("path", ["/", "/index.html", "/../", "/x/", "/%2e%2e/etc/passwd", "//"])
def test_there_is_nothing_at_other_addresses(server: PageServer, path: str) -> None:
    status, headers, content = ask(server, path)
    assert status == 404
    assert server.token.encode() not in content
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_every_server_has_its_own_token(pages: Pages) -> None:
    with PageServer(pages) as one, PageServer(pages) as other:
        assert one.token != other.token
        assert len(one.token) >= 32


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
def test_other_hosts_are_refused(server: PageServer, host: str) -> None:
    assert ask(server, Host=host)[0] == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.example", 403), ("null", 403), ("http://127.0.0.1:{}", 200)],
)
def test_other_origins_are_refused(server: PageServer, origin: str, status: int) -> None:
    assert ask(server, Origin=origin.format(server.port))[0] == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_is_answered(server: PageServer, method: str) -> None:
    status, headers, content = ask(server, method=method)
    assert status == 405
    assert headers["Allow"] == "GET"
    assert not content


def test_the_page_is_asked_for_anew(server: PageServer, pages: Pages) -> None:
    pages.html = TEMPLATE.replace("<body>", "<body>new").encode()
    assert b"new" in ask(server)[2]
    pages.error = UserError("the study is being trained")
    status, headers, content = ask(server)
    assert (status, content) == (503, b"the study is being trained")
    assert headers["Content-Type"].startswith("text/plain")


def test_a_port_in_use(pages: Pages) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port {port}: another program uses this port"):
            PageServer(pages, port)


def test_a_port_that_cannot_be(pages: Pages) -> None:
    with pytest.raises(UserError, match="--port 70000 cannot be used"):
        PageServer(pages, 70000)


def test_only_this_machine_is_answered(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.2", "::1"])
def test_another_address_is_served_alone(pages: Pages, host: str) -> None:
    try:
        with socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ):
            pass
    except OSError:
        pytest.skip(f"this machine has no address {host}")
    with serving(pages, host) as server:
        named = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
        assert server.address == f"http://{named}/{server.token}/"
        assert ask(server, Origin=f"http://{named}")[0] == 200
        assert ask(server, "/")[0] == 404
        # Names of the usual address are those of another server.
        for other in (f"127.0.0.1:{server.port}", f"localhost:{server.port}", "evil.example"):
            assert ask(server, Host=other)[0] == 403
            assert ask(server, Origin=f"http://{other}")[0] == 403


def test_an_address_that_others_reach_has_no_header_that_browsers_complain_of(pages: Pages) -> None:
    with serving(pages, own_address()) as server:
        status, headers, _ = ask(server)
    assert status == 200
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["203.0.113.9", "0.0.0.1", "nonsense"])
def test_addresses_of_other_machines_are_refused(pages: Pages, host: str) -> None:
    with pytest.raises(UserError, match=f"--host '?{host}'? is no address of this machine"):
        PageServer(pages, host=host)
