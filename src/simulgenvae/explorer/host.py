"""Address of this machine at which a page is served: loopback, or another one that was asked for.

Tested in tests/explorer/test_host.py.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from simulgenvae.errors import UserError

LOOPBACK = "127.0.0.1"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_BROADCAST = ipaddress.ip_address("255.255.255.255")
_HTTP_PORT = 80
"""Port that browsers leave out."""


@dataclass(frozen=True)
class Host:
    """One address of this machine.

    Attributes
    ----------
    name
        How a person calls it: an address, or a name of this machine.
    address
        IP address that it means.
    """

    name: str
    address: ipaddress.IPv4Address | ipaddress.IPv6Address

    @classmethod
    def of(cls, name: str) -> Host:
        """Return the address of a name or an IP address.

        Raises UserError for what is no address, and for one that does not say a single machine,
        such as 0.0.0.0: which names requests may have would not be known.
        """
        address = _resolved(name)
        several = address.is_unspecified or address.is_multicast or address == _BROADCAST
        # Addresses of one cable need the cable's name, which no browser takes.
        if several or (address.version == 6 and address.is_link_local):
            raise UserError(
                f"--host {name}: no browser opens {address}. Give the one address of this machine "
                "that others reach, such as 192.168.0.7, or its name."
            )
        return cls(name.lower(), address)

    @property
    def family(self) -> socket.AddressFamily:
        """Family of its sockets."""
        return socket.AF_INET6 if self.address.version == 6 else socket.AF_INET

    @property
    def is_loopback(self) -> bool:
        """True if only this machine reaches it."""
        return self.address.is_loopback

    def in_url(self, port: int) -> str:
        """Return name and port as they are in a URL."""
        return _with_port(self.name, port)

    def names(self, port: int) -> frozenset[str]:
        """Return the names by which a browser may call a server at this address and port."""
        found = {self.name, str(self.address)}
        if str(self.address) == LOOPBACK:
            found.add("localhost")
        short = {_bracketed(name) for name in found} if port == _HTTP_PORT else set()
        return frozenset({_with_port(name, port) for name in found} | short)


def _resolved(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        if not _NAME.fullmatch(name):
            raise OSError("it is no name")
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UserError(
            f"--host {name!r} is no address of this machine: give one such as 192.168.0.7, or "
            "leave --host out to serve this machine alone."
        ) from error
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    # Of both kinds, the older one works everywhere.
    return min(addresses, key=lambda address: address.version)


def _with_port(name: str, port: int) -> str:
    return f"{_bracketed(name)}:{port}"


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name
