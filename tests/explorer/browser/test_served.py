"""Pages of a server: several tabs, another model while a page is open, other addresses, touch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.explorer.host import LOOPBACK
from simulgenvae.explorer.page import make_page
from simulgenvae.explorer.server import PageServer
from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.small_models import packed, small_model
from tests.explorer.conftest import own_address

MODEL = small_model("plate")
CONTAINER = MODEL.container()


class Served:
    """Server of a page that can be replaced, as ``simulgenvae app`` does after a training."""

    def __init__(self, host: str) -> None:
        self.html = make_page("S", CONTAINER)
        self.error: UserError | None = None
        self.server = PageServer(self._page, host=host)

    def _page(self) -> bytes:
        if self.error is not None:
            raise self.error
        return self.html


@contextmanager
def serving(host: str = LOOPBACK) -> Iterator[Served]:
    served = Served(host)
    with served.server as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def tab(served: Served, open_page: Open) -> Opened:
    """Return the first tab, on a screen that is touched, too."""
    page = open_page(CONTAINER, load=False, has_touch=True)
    page.address = served.server.address
    page.load()
    page.complete()
    return page


@pytest.fixture(autouse=True)
def _first_model(served: Served) -> Iterator[None]:
    yield
    served.html, served.error = make_page("S", CONTAINER), None


def test_a_served_page_works_under_the_policy_of_its_server(tab: Opened) -> None:
    assert tab.page.title() == "S"
    tab.set("{design: {parameters: [0.5, 1], image: null}, time: 2}")
    wrong = abs(tab.values(0, "prediction") - MODEL.fields(np.array([0.5, 1]))[2][:, 0]).max()
    assert wrong < 1e-3


def test_two_tabs_do_not_disturb_each_other(tab: Opened, open_page: Open) -> None:
    second = open_page(CONTAINER, load=False)
    second.address = tab.address
    second.load()
    tab.set("{design: {parameters: [0.5, 1], image: null}, probes: [30], time: 2}")
    second.set("{design: {parameters: [-0.5, 2], image: null}, time: 4}")
    tab.complete()
    assert tab.state("design.parameters") == [0.5, 1]
    assert second.state("probes") == []
    for page, design, time in ((tab, [0.5, 1], 2), (second, [-0.5, 2], 4)):
        wrong = abs(page.values(0, "prediction") - MODEL.fields(np.array(design))[time][:, 0]).max()
        assert wrong < 1e-3
    tab.set("{probes: []}")


def test_a_model_that_is_replaced_shows_after_reloading(tab: Opened, served: Served) -> None:
    tab.set("{design: {parameters: [0.5, 1], image: null}, time: 2}")
    shown = tab.values(0, "prediction")
    tab.wait("location.hash.includes('x=0.5,1')")
    about = MODEL.description() | {"model": "model-2"}
    served.html = make_page("S", packed(about, MODEL.arrays()))
    # What is open stays as it is, and says which model it is.
    tab.set("{time: 3}")
    tab.set("{time: 2}")
    assert tab.values(0, "prediction") == shown
    assert tab.page.inner_text("#model").startswith("model-1 ")
    tab.page.reload()
    tab.wait("document.documentElement.dataset.state === 'ready'")
    assert tab.page.inner_text("#model").startswith("model-2 ")
    assert tab.state("design.parameters") == [0.5, 1]
    assert tab.page.locator("#toast").is_hidden()


def test_a_design_that_a_new_model_does_not_know_is_named(tab: Opened, served: Served) -> None:
    tab.set("{design: {parameters: [0.5, 2], image: null}}")
    tab.wait("location.hash.includes('x=0.5,2')")
    about = MODEL.description()
    # The third of the categories is gone.
    about["inputs"][1] |= {"values": ["zero", "one"]}
    served.html = make_page("S", packed(about, MODEL.arrays()))
    tab.page.reload()
    tab.wait("document.documentElement.dataset.state === 'ready'")
    said = "The design of this link does not fit this model: the middle of its range is shown."
    assert tab.page.inner_text("#toast") == said
    assert tab.state("design.parameters") == [0, 0]


def test_a_study_that_is_being_trained_is_named(tab: Opened, served: Served) -> None:
    served.error = UserError("S is being trained, and has no model yet: wait.")
    tab.page.goto("about:blank")
    answer = tab.page.goto(tab.address)
    assert answer is not None
    assert answer.status == 503
    assert tab.page.inner_text("body") == "S is being trained, and has no model yet: wait."
    # Chromium says on its console that there was no page.
    assert all("503" in each for each in tab.wrong)
    tab.wrong.clear()
    served.error = None
    tab.load()


def test_a_page_at_an_address_that_others_reach(open_page: Open) -> None:
    with serving(own_address()) as served:
        page = open_page(CONTAINER, load=False)
        page.address = served.server.address
        page.load()
        page.complete()
        assert page.page.title() == "S"


def test_a_tap_is_a_probe_and_fingers_move_and_zoom(tab: Opened) -> None:
    tab.set("{camera: null, probes: [], displaced: false}")
    tab.page.keyboard.press("f")
    tab.complete()
    box = tab.page.locator("#stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2
    tab.page.touchscreen.tap(x, y)
    assert len(tab.state("probes")) == 1
    *before, zoom = tab.state("camera")
    touch(tab, [(x, y)], [(x + 60, y)])
    *moved, same = tab.state("camera")
    # One finger moves a mesh in a plane to the right: the camera goes to the left.
    assert moved[0] < before[0]
    assert same == pytest.approx(zoom)
    touch(tab, [(x - 20, y), (x + 20, y)], [(x - 80, y), (x + 80, y)])
    assert tab.state("camera")[-1] > 1.5 * zoom
    # Neither was a tap.
    assert len(tab.state("probes")) == 1
    tab.page.keyboard.press("f")
    tab.set("{camera: null, probes: []}")


def touch(page: Opened, start: list[tuple[float, float]], end: list[tuple[float, float]]) -> None:
    """Put fingers on the screen, move them, and lift them."""
    session = page.page.context.new_cdp_session(page.page)

    def send(kind: str, places: list[tuple[float, float]]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", start)
    for part in (0.25, 0.5, 0.75, 1.0):
        between = [
            (x0 + part * (x1 - x0), y0 + part * (y1 - y0))
            for (x0, y0), (x1, y1) in zip(start, end, strict=True)
        ]
        send("touchMove", between)
    send("touchEnd", [])
    session.detach()
    page.complete()
