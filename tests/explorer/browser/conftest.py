"""A browser, and pages that are opened from files in it; whatever they ask of a network fails."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from simulgenvae.explorer.page import ASSETS, make_page
from tests.explorer.browser.small_models import small_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
]  # fmt: skip
LONGEST = 60
"""Seconds after which a page has failed; on a busy machine most of them are needed."""


class Opened:
    """Page that is open in the browser, with everything that went wrong in it."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.path = path
        self.address = path.as_uri()
        self.wrong: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("request", lambda request: self._see(request.url))
        page.on("websocket", lambda socket: self.foreign.append(socket.url))

    def load(self, fragment: str = "", *, state: str = "ready") -> Opened:
        """Open the file, and wait until it shows a field (or has failed)."""
        # A page with another fragment would not be loaded anew.
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}{fragment}")
        self.wait(f"document.documentElement.dataset.state === {state!r}")
        return self

    def wait(self, expression: str) -> None:
        """Wait until an expression is true.

        Playwright's own waiting needs ``unsafe-eval``, which the page does not allow.
        """
        end = time.monotonic() + LONGEST
        while not self.page.evaluate(expression):
            if time.monotonic() > end:
                text = self.page.inner_text("body")[:500]
                pytest.fail(f"{expression} did not become true in {LONGEST} s: {text}")
            time.sleep(0.02)

    def complete(self) -> None:
        """Wait until all that the page shall show is computed and drawn."""
        self.wait("window.explorer.complete")
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
        )

    def set(self, change: str) -> None:
        """Change the state, by an expression of an object, and wait for the result."""
        self.page.evaluate(f"window.explorer.set({change})")
        self.complete()

    def values(self, column: int, shown: str) -> list[float]:
        """Return what is shown of a variable at all nodes."""
        return list(self.page.evaluate(f"window.explorer.values({column}, {shown!r})"))

    def picture(self) -> bytes:
        """Return the pixels of the view."""
        self.complete()
        return self.page.locator("#stage").screenshot()

    def download(self, name: str, folder: Path, within: str = "#takeaway") -> Path:
        """Press a button that saves a file, and return where it was saved in ``folder``."""
        with self.page.expect_download() as waiting:
            self.page.locator(within).get_by_role("button", name=name, exact=True).click()
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    def click_middle(self) -> None:
        """Click near the middle of the view."""
        box = self.page.locator("#stage").bounding_box()
        assert box is not None
        middle = box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2
        self.page.mouse.click(*middle)
        self.complete()

    def state(self, path: str) -> Any:
        """Return a part of the state."""
        return self.page.evaluate(f"window.explorer.state.{path}")

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and "GPU stall" not in text:
            self.wrong.append(f"{kind}: {text}")

    def _see(self, address: str) -> None:
        """Note a request, unless it is for the page itself or for what the page has made."""
        parts = urlsplit(self.address)
        origin = "null" if parts.scheme == "file" else f"{parts.scheme}://{parts.netloc}"
        # The icon is empty, so that browsers ask for none.
        own = {self.address, "about:blank", "data:,"}
        if address.partition("#")[0] in own or address.startswith(f"blob:{origin}/"):
            return
        self.foreign.append(address)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium; the tests are skipped where it, Playwright or the built page is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    if not (ASSETS / "page.html").is_file():
        pytest.skip("the explorer's page is not built: make web")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def page_file(container: bytes, path: Path, title: str = "small study") -> Path:
    """Write a page with a container into a file."""
    path.write_bytes(make_page(title, container))
    return path


Open = Callable[..., Opened]


_OPENED: list[Opened] = []


@pytest.fixture(autouse=True)
def nothing_goes_wrong() -> Iterator[None]:
    """Fail a test in which a page reports an error, or asks for anything but its own bytes."""
    yield
    wrong = [page.wrong + page.foreign for page in _OPENED]
    for page in _OPENED:
        page.wrong.clear()
        page.foreign.clear()
    assert not any(wrong), wrong


@pytest.fixture(scope="session")
def open_file(browser: Browser) -> Iterator[Open]:
    """Return a function that opens the file of a page."""
    contexts = []

    def open_one(path: Path, *, load: bool = True, **options: Any) -> Opened:
        size = options.pop("viewport", {"width": 1200, "height": 760})
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        page = Opened(context.new_page(), path)
        _OPENED.append(page)
        return page.load() if load else page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def open_page(open_file: Open, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Return a function that opens a page with a container."""
    folder = tmp_path_factory.mktemp("pages")

    def open_one(container: bytes, **options: Any) -> Opened:
        return open_file(page_file(container, folder / f"page{len(_OPENED)}.html"), **options)

    return open_one


@pytest.fixture(scope="session")
def plate(open_page: Open) -> Opened:
    """Return the page of a small model on a plate."""
    return open_page(small_model("plate").container())
