"""Pictures of the explorer for README and documents, from a page of the demo.

    python -m docs.site.explorer_pictures demo/explorer.html docs/images

writes ``explorer.gif``, in which a person moves an input and plays the time, and
``explorer_probe.png``, ``explorer_compare.png`` and ``explorer_narrow.png``. It needs Chromium.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
WIDE = (1180, 720)
NARROW = (420, 860)
FRAMES = 14
"""Frames of each of the two movements of the film."""
FILM_WIDTH = 860
FRAME_MILLISECONDS = 140


def main(page: Path, folder: Path) -> None:
    """Write the pictures of a page into a folder."""
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        _film(_opened(browser, page, WIDE), folder / "explorer.gif")
        probing = _opened(browser, page, WIDE)
        _set(probing, f"{{ time: {_times(probing) // 2}, edges: true }}")
        box = probing.locator("#stage").bounding_box()
        assert box is not None, "the page has a view"
        for x, y in ((0.34, 0.42), (0.45, 0.47)):
            probing.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        # Away from the mesh, so that nothing is pointed at, and down to the histories.
        probing.mouse.move(5, 5)
        wait_for(probing, "window.explorer.complete")
        probing.evaluate("document.getElementById('compare').scrollIntoView()")
        _save(probing, folder / "explorer_probe.png")
        comparing = _opened(browser, page, WIDE, scheme="dark")
        _set(comparing, f"{{ time: {_times(comparing) // 2} }}")
        comparing.get_by_role("button", name="Pin this design").click()
        _set(comparing, f"{{ design: {_design(0.9)} }}")
        _save(comparing, folder / "explorer_compare.png")
        narrow = _opened(browser, page, NARROW)
        _set(narrow, f"{{ time: {_times(narrow) // 2} }}")
        _save(narrow, folder / "explorer_narrow.png")
        browser.close()


def _opened(
    browser: Browser, path: Path, size: tuple[int, int], scheme: str | None = "light"
) -> Page:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(path.resolve().as_uri())
    wait_for(page, "document.documentElement.dataset.state === 'ready'")
    wait_for(page, "window.explorer.complete")
    return page


def wait_for(page: Page, expression: str) -> None:
    """Wait until an expression of the page is true."""
    # Playwright's own waiting needs `unsafe-eval`, which the page does not allow.
    while not page.evaluate(expression):
        page.wait_for_timeout(20)


def _set(page: Page, change: str) -> None:
    page.evaluate(f"window.explorer.set({change})")
    wait_for(page, "window.explorer.complete")


def _times(page: Page) -> int:
    return int(page.evaluate("window.explorer.description.times.length"))


def _design(part: float) -> str:
    """Return the design with the first input at a part of its range, the others in the middle."""
    return (
        "{ image: null, parameters: window.explorer.description.inputs.map((input, k) => Number(("
        f"input.lower + (k === 0 ? {part:.4f} : 0.5) * (input.upper - input.lower)"
        ").toPrecision(5))) }"
    )


def _film(page: Page, out: Path) -> None:
    frames = [_picture(page) for _ in _movements(page)]
    height = round(frames[0].height * FILM_WIDTH / frames[0].width)
    small = [frame.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS) for frame in frames]
    # One palette for all frames, so that still parts do not flicker.
    palette = small[len(small) // 2].quantize(256, method=Image.Quantize.MAXCOVERAGE)
    packed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in small]
    packed[0].save(
        out, save_all=True, append_images=packed[1:], duration=FRAME_MILLISECONDS, loop=0
    )


def _movements(page: Page) -> Iterator[None]:
    """Play the time, then move the first input there and back."""
    times = _times(page)
    for frame in range(FRAMES):
        _set(page, f"{{ time: {round(frame * (times - 1) / 2 / (FRAMES - 1))} }}")
        yield
    for frame in range(2 * FRAMES):
        away = 1 - abs(1 - frame / FRAMES)
        _set(page, f"{{ design: {_design(0.5 + 0.5 * away)} }}")
        yield


def _picture(page: Page) -> Image.Image:
    page.wait_for_timeout(60)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _save(page: Page, out: Path) -> None:
    wait_for(page, "window.explorer.complete")
    page.wait_for_timeout(300)
    _picture(page).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
