"""Server of one page, for the browser of the person who started it.

It is on loopback unless another address of this machine is asked for. Other programs and machines,
and pages of other sites, must not read the page: its address has a random token, and requests must
name this server as their host and their origin.

Tested in tests/explorer/test_server.py.
"""

from __future__ import annotations

import errno
import os
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from simulgenvae.errors import UserError
from simulgenvae.explorer.host import LOOPBACK, Host
from simulgenvae.explorer.page import policy

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = "text/plain; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OPENER_POLICY = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Browsers ignore it, with an error on their console, where a page is not encrypted and comes from
another machine."""
_NOTHING = "default-src 'none'; frame-ancestors 'none'"


class PageServer(ThreadingHTTPServer):
    """Server of one page, at a random address.

    Parameters
    ----------
    page
        Function that returns the page. It may raise UserError, whose text is shown then.
    port
        Port; 0 for a free one.
    host
        Address of this machine, or a name of it.

    Raises
    ------
    UserError
        Where the port is in use, or cannot be used, and for what is no address of this machine.
    """

    # On Windows it would let two servers have the same port.
    allow_reuse_address = os.name != "nt"
    daemon_threads = True

    def __init__(self, page: Callable[[], bytes], port: int = 0, host: str = LOOPBACK) -> None:
        self.page = page
        self.host = Host.of(host)
        self.address_family = self.host.family
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((str(self.host.address), port), _Handler)
        except (OSError, OverflowError) as error:
            raise UserError(_refused(host, port, error)) from error

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """Address of the page."""
        return f"http://{self.host.in_url(self.port)}/{self.token}/"

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which a browser may call this server."""
        return self.host.names(self.port)


class _Handler(BaseHTTPRequestHandler):
    """Answer to one request."""

    timeout = 30
    protocol_version = "HTTP/1.1"

    def version_string(self) -> str:
        """Return what the header ``Server`` says: no versions."""
        return "simulgenvae"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing on the terminal."""

    def parse_request(self) -> bool:
        """Return whether there is a request that is answered: GET alone."""
        if not super().parse_request():
            return False
        if self.command == "GET":
            return True
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"", {"Allow": "GET"})
        return False

    def do_GET(self) -> None:
        """Answer with the page."""
        server = cast("PageServer", self.server)
        if not self._is_own(server.hosts):
            self._answer(HTTPStatus.FORBIDDEN, b"This server answers its own page only.")
        elif not secrets.compare_digest(self.path.encode(), f"/{server.token}/".encode()):
            self._answer(HTTPStatus.NOT_FOUND, b"There is no such page.")
        else:
            self._answer_page(server)

    def _answer_page(self, server: PageServer) -> None:
        try:
            page = server.page()
            rules = policy(page)
        except UserError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error).encode())
            return
        more = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": rules}
        self._answer(HTTPStatus.OK, page, more)

    def _is_own(self, hosts: frozenset[str]) -> bool:
        """Return whether a request names this server, so that no other site has sent it."""
        # A name that another site's DNS points here (DNS rebinding) is another host.
        origin = self.headers.get("Origin")
        known = {f"http://{host}" for host in hosts}
        return self.headers.get("Host") in hosts and (origin is None or origin in known)

    def _answer(
        self, status: HTTPStatus, content: bytes, more: dict[str, str] | None = None
    ) -> None:
        headers = {"Content-Type": _TEXT, "Content-Security-Policy": _NOTHING, **_HEADERS}
        if cast("PageServer", self.server).host.is_loopback:
            headers |= _OPENER_POLICY
        self.send_response(status)
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        # Whatever else a request has sent is not read.
        if status is not HTTPStatus.OK:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the browser has gone


def _refused(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in {errno.EADDRNOTAVAIL, errno.EINVAL}:
        return (
            f"--host {host} is no address of this machine: give one that it has, or leave --host "
            "out to serve this machine alone."
        )
    if number == errno.EADDRINUSE:
        return (
            f"--port {port}: another program uses this port. Give another one, or leave --port out "
            "for a free one."
        )
    return f"--port {port} cannot be used ({error}): give a number from 1024 to 65535."
