from __future__ import annotations

import socket

import pytest

from simulgenvae.errors import UserError
from simulgenvae.explorer.host import Host


@pytest.mark.parametrize(
    ("name", "names", "is_loopback"),
    [
        ("127.0.0.1", {"127.0.0.1:8", "localhost:8"}, True),
        ("localhost", {"127.0.0.1:8", "localhost:8"}, True),
        ("127.0.0.2", {"127.0.0.2:8"}, True),
        ("192.168.0.7", {"192.168.0.7:8"}, False),
        ("::1", {"[::1]:8"}, True),
        ("2001:db8::7", {"[2001:db8::7]:8"}, False),
    ],
)
def test_a_host_is_called_by_its_own_names(name: str, names: set[str], is_loopback: bool) -> None:
    host = Host.of(name)
    assert host.names(8) == names
    assert host.in_url(8) in names
    assert host.is_loopback is is_loopback


def test_a_name_of_this_machine_is_kept_beside_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, 0, 0, "", ("2001:db8::7", 0)),
        (socket.AF_INET, 0, 0, "", ("10.0.0.7", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    host = Host.of("Bench.example")
    assert host.in_url(8) == "bench.example:8"
    assert host.names(8) == {"bench.example:8", "10.0.0.7:8"}
    assert host.family == socket.AF_INET


def test_browsers_leave_the_usual_port_out() -> None:
    assert Host.of("10.0.0.7").names(80) == {"10.0.0.7", "10.0.0.7:80"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "http://x",
        "256.1.1.1",
        "10.0.0.7:80",
        "a b",
        "x\0",
        "a" * 100,
        "[::1]",
        "-x",
        "no.host.invalid",
    ],
)
def test_what_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is no address of this machine"):
        Host.of(name)


@pytest.mark.parametrize("name", ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "fe80::1"])
def test_addresses_that_are_no_single_machine_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"no browser opens {name}"):
        Host.of(name)
