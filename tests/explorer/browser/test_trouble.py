"""Hostile names and damaged files: a clear message, and nothing runs that should not."""

from __future__ import annotations

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from tests.explorer.browser.conftest import LONGEST, Open
from tests.explorer.browser.small_models import packed, small_model

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def test_names_are_text_whatever_they_hold(open_page: Open) -> None:
    model = small_model("plate")
    about = model.description()
    long = "x" * 10_000
    about |= {"study": HOSTILE, "model": long, "training_ids": [HOSTILE, "\u202eabc", long]}
    about["inputs"][0] |= {"name": HOSTILE, "unit": "\u202emm"}
    about["inputs"][1]["values"] = [HOSTILE, "</select>", "b"]
    hostile_reason = {"name": HOSTILE, "text": long, "reason": HOSTILE}
    about["left_out_quantities"] = [hostile_reason]
    about["variables"][0] |= {"name": HOSTILE, "unit": HOSTILE}
    page = open_page(packed(about, model.arrays()))
    page.set("{scalar: 0, probes: [5], pinned: window.explorer.state.design}")
    page.page.keyboard.press("?")
    assert page.page.inner_text("#study") == HOSTILE
    assert page.page.evaluate("window.hacked") is None
    assert page.page.evaluate("document.querySelectorAll('main script, main img').length") == 0
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 1200


CONTAINER = small_model("plate").container()


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (b"", "The data of this page are damaged"),
        (b"SGVTWIN2" + CONTAINER[8:], "The data of this page are damaged"),
        (CONTAINER[:4000], "incomplete"),
        (CONTAINER[:8] + struct.pack("<I", 2**31) + CONTAINER[12:], "incomplete"),
        (packed({"format": 9}, {}), "format 9"),
        (packed(small_model("plate").description(), {}), "mesh.points|state|missing"),
    ],
)  # fmt: skip
def test_damaged_containers_are_named(open_page: Open, container: bytes, message: str) -> None:
    page = open_page(container, load=False).load(state="failed")
    shown = page.page.inner_text("#loading")
    assert shown.startswith("This page cannot be shown")
    assert any(part in shown for part in message.split("|")), shown


def test_a_network_that_cannot_run_is_named(open_page: Open) -> None:
    model = small_model("plate")
    arrays = model.arrays() | {"model.basis": model.arrays()["model.basis"][:200]}
    page = open_page(packed(model.description(), arrays), load=False).load(state="failed")
    assert page.page.inner_text("#loading").startswith("The model cannot be run here")
    # The runtime says so on the console, too.
    page.wrong.clear()


def test_a_file_that_was_cut_off_is_named(open_page: Open) -> None:
    page = open_page(CONTAINER, load=False)
    text = page.path.read_text(encoding="utf-8")
    start = text.index('id="twin">')
    page.path.write_text(
        text[: start + 400] + text[text.index("</script>", start) :], encoding="utf-8"
    )
    page.load(state="failed")
    assert "unpacked" in page.page.inner_text("#loading")


def test_a_page_that_arrives_slowly_waits_for_its_data(open_page: Open) -> None:
    page = open_page(CONTAINER, load=False)
    text = page.path.read_bytes()
    inside = [text.index(b'id="runtime">') + 400, text.index(b'id="twin">') + 400]

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            for start, end in pairwise([0, *inside, len(text)]):
                self.wfile.write(text[start:end])
                self.wfile.flush()
                time.sleep(0.3)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.address = f"http://127.0.0.1:{server.server_port}/"
        page.load()
        server.shutdown()
    assert page.page.inner_text("#study") == small_model("plate").description()["study"]


@pytest.mark.parametrize("script", ["let old = @;", "new Intl.NumberFormat('C');"])
def test_a_browser_that_cannot_run_the_script_is_named(open_page: Open, script: str) -> None:
    page = open_page(CONTAINER, load=False)
    text = page.path.read_text(encoding="utf-8")
    start = '<script type="module" async>'
    page.path.write_text(text.replace(start, start + script, 1), encoding="utf-8")
    page.load(state="failed")
    assert page.page.inner_text("#loading").startswith("This browser cannot run the page: ")
    page.wrong.clear()


def test_a_request_of_a_page_would_be_seen(open_page: Open, tmp_path: Path) -> None:
    """What the tests listen to notices requests: of a page that its policy does not hold back."""
    page = open_page(CONTAINER, load=False)
    text = page.path.read_text(encoding="utf-8")
    page.path.write_text(text.replace("Content-Security-Policy", "x"), encoding="utf-8")
    page.load()
    assert page.foreign == []
    near = tmp_path / "near.png"
    near.write_bytes(b"")
    with socket.create_server(("127.0.0.1", 0)) as other:
        # Nobody answers: that it was asked is enough.
        there = f"127.0.0.1:{other.getsockname()[1]}"
        asked = [
            f"http://{there}/fetched",
            f"http://{there}/image",
            near.as_uri(),
            f"ws://{there}/",
        ]
        page.page.evaluate(
            """([fetched, image, near, socket]) => {
                fetch(fetched).catch(() => {});
                for (const each of [image, near]) new Image().src = each;
                new WebSocket(socket);
                const script = `fetch(${JSON.stringify(fetched + "/worker")}).catch(() => {})`;
                new Worker(URL.createObjectURL(new Blob([script])));
            }""",
            asked,
        )
        expected = {*asked, asked[0] + "/worker"}
        end = time.monotonic() + LONGEST
        while set(page.foreign) != expected and time.monotonic() < end:
            page.page.evaluate("0")
            time.sleep(0.02)
    assert set(page.foreign) == expected
    page.page.goto("about:blank")
    page.foreign.clear()
    page.wrong.clear()


def test_the_policy_of_a_page_holds_requests_back(open_page: Open) -> None:
    page = open_page(CONTAINER)
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.3)
        address = f"http://127.0.0.1:{other.getsockname()[1]}/"
        failed = page.page.evaluate(
            "(there) => fetch(there).then(() => false, () => true)", address
        )
        assert failed
        with pytest.raises(TimeoutError):
            other.accept()
    assert any("Content Security Policy" in each for each in page.wrong)
    page.wrong.clear()
    page.foreign.clear()
