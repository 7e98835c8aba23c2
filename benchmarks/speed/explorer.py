"""Times of a page of the explorer in headless Chromium, which draws without a graphics card.

    python -m benchmarks.speed.explorer demo/explorer.html [--seconds 5]

prints the seconds until the first picture (the least of three), and the fields a second while the
first input is moved, each of another design.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from docs.site.explorer_pictures import ARGUMENTS, wait_for

MOVED = """async (seconds) => {
  const page = window.explorer;
  const { parameters, image } = page.state.design;
  const { lower, upper } = page.description.inputs[0];
  const start = performance.now();
  let fields = 0;
  while (performance.now() < start + 1000 * seconds) {
    const moved = parameters.slice();
    moved[0] = lower + (upper - lower) * (0.5 + 0.4 * Math.sin(fields / 9));
    page.set({ design: { parameters: moved, image } });
    while (!page.upToDate) await new Promise((done) => setTimeout(done, 1));
    await new Promise((done) => requestAnimationFrame(done));
    fields++;
  }
  return fields / ((performance.now() - start) / 1000);
}"""
"""Function of the page that moves its first input, and returns the fields a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0, help="time for which it is moved")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = [_opened(browser, options.page) for _ in range(3)]
        print(f"first picture after {min(seconds for _, seconds in opened):.2f} s")
        fields = opened[-1][0].evaluate(MOVED, options.seconds)
        print(f"{fields:.1f} new fields a second")
        browser.close()


def _opened(browser: Browser, path: Path) -> tuple[Page, float]:
    """Return the page, and the seconds until it showed its first picture."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    start = time.perf_counter()
    page.goto(path.resolve().as_uri())
    wait_for(page, "document.documentElement.dataset.state === 'ready'")
    return page, time.perf_counter() - start


if __name__ == "__main__":
    main()
