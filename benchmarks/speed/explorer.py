"""Times of a page of the explorer in headless Chromium, which draws without a graphics card.

    python -m benchmarks.speed.explorer demo/explorer.html [--seconds 5]
    python -m benchmarks.speed.explorer --nodes 95008 [--modes 256] [--moved] [PAGE]

prints the seconds until the first picture (the least of three), the time until a new design at
another time is shown (the median), and the fields a second while the first input is moved, each of
another design. With ``--nodes`` the page is first made, of a surrogate on tetrahedra between so
many nodes that is trained for a few steps; its size is printed, and that of the cells in it. With
``--moved``, the nodes are elsewhere in each design.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.speed.cube import trained_cube, with_moved_nodes
from docs.site.explorer_pictures import ARGUMENTS, wait_for
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.page import make_page
from simulgenvae.explorer.twin import make_twin

MOVED = """async (seconds) => {
  const page = window.explorer;
  const { parameters, image } = page.state.design;
  const { inputs, times } = page.description;
  const { lower, upper } = inputs[0];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let fields = 0;
  const move = async (change) => {
    const before = performance.now();
    const moved = parameters.slice();
    moved[0] = lower + (upper - lower) * (0.5 + 0.4 * Math.sin(++fields / 9));
    page.set({ design: { parameters: moved, image }, ...change });
    while (!page.upToDate) await new Promise((done) => setTimeout(done, 1));
    const shown = performance.now() - before;
    await frame();
    return shown;
  };
  const start = performance.now();
  while (performance.now() < start + 1000 * seconds) await move({});
  const rate = fields / ((performance.now() - start) / 1000);
  const waits = [];
  for (let k = 0; k < 15; k++) waits.push(await move({ time: (7 * k) % times.length }));
  return { rate, waits };
}"""
"""Function of the page that moves its first input. It returns the fields a second at one time, and
the milliseconds until each of 15 new designs at another time was computed and drawn."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, nargs="?", help="page to measure, or to write")
    parser.add_argument("--nodes", type=int, help="number of nodes of a study that is made")
    parser.add_argument("--modes", type=int, default=256, help="its number of modes at most")
    parser.add_argument("--moved", action="store_true", help="designs have their own geometry")
    parser.add_argument("--seconds", type=float, default=5.0, help="time for which it is moved")
    options = parser.parse_args()
    if options.page is None and options.nodes is None:
        parser.error("give a page, or --nodes")
    with tempfile.TemporaryDirectory() as folder:
        page = options.page or Path(folder) / "page.html"
        if options.nodes is not None:
            study = Path(folder) / "study"
            make_large_page(options.nodes, options.modes, study, page, moved=options.moved)
        measure(page, options.seconds)


def make_large_page(
    nodes: int, modes: int, study: Path, page: Path, *, moved: bool = False
) -> None:
    """Write the page of a surrogate on tetrahedra, and print its size."""
    surrogate, runs = trained_cube(nodes, modes, study)
    if moved:
        surrogate = with_moved_nodes(surrogate, runs)
    twin = make_twin(surrogate, runs, Origin("cube", "model-1", "", None))
    page.write_bytes(make_page("cube", twin.container()))
    drawn = {name: each for name, each in twin.arrays.items() if not name.startswith("volume.")}
    cells = page.stat().st_size - len(make_page("cube", replace(twin, arrays=drawn).container()))
    print(
        f"{nodes:,} nodes, {len(twin.arrays['volume.types']):,} tetrahedra, "
        f"{surrogate.reduction.rank} modes: {page.stat().st_size / 1e6:.1f} MB, of these "
        f"{cells / 1e6:.1f} MB for the cells of files that it saves"
    )


def measure(page: Path, seconds: float) -> None:
    """Print the times of a page."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = [_opened(browser, page) for _ in range(3)]
        print(f"first picture after {min(seconds for _, seconds in opened):.2f} s")
        found = opened[-1][0].evaluate(MOVED, seconds)
        print(f"a new design at another time after {statistics.median(found['waits']):.0f} ms")
        print(f"{found['rate']:.1f} new fields a second")
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
