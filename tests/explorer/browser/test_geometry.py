"""Designs with their own geometry in the browser: what is shown and saved is what is predicted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import pyvista

from simulgenvae.data.designs_from import designs_from
from simulgenvae.explorer.geometry import given_scaler
from simulgenvae.explorer.networks import SAMPLES
from simulgenvae.explorer.twin import make_twin
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings
from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.shown import CLOSE, require_shown
from tests.explorer.test_geometry import ORIGIN, discs, stretched

pytestmark = pytest.mark.slow

SHORT = [0.6, 1.5]
LONG = [1.4, 1.2]
LAST = 3


class Plates(NamedTuple):
    """Surrogate of plates that are stretched, and its page."""

    surrogate: Surrogate
    page: Opened

    def show(self, values: list[float], more: str = "") -> None:
        """Show a design at the last time."""
        self.page.set(f"{{design: {{parameters: {values}, image: null}}, time: {LAST}, {more}}}")

    def coords(self, values: list[float]) -> np.ndarray:
        """Return where the nodes of a design are predicted, ``[M, 2]``."""
        shapes = self.surrogate.shapes
        assert shapes is not None
        design = designs_from([values], given_scaler(self.surrogate))
        coords = shapes.placement(shapes.predicted(design)[0]).mesh.coords
        assert coords is not None
        return coords


@pytest.fixture(scope="module")
def plates(make_settings: MakeSettings, open_page: Open) -> Plates:
    surrogate = fit(stretched(("stretch", "load")), make_settings(3))
    texts = {"peak": "max(T)", "least": "min(T, time=1)", "mean": "mean(T)"}
    return Plates(surrogate, open_page(make_twin(surrogate, None, ORIGIN, texts).container()))


@pytest.mark.parametrize("values", [SHORT, LONG])
def test_values_and_positions_are_those_of_predict(plates: Plates, values: list[float]) -> None:
    plates.show(values, "shown: 'std', pinned: null, probes: []")
    design = designs_from([values], given_scaler(plates.surrogate))
    require_shown(plates.page, plates.surrogate.predict(design, samples=SAMPLES), LAST)
    coords = plates.coords(values)
    found = np.array(plates.page.page.evaluate("window.explorer.shape()")).reshape(-1, 2)
    assert np.abs(found - coords).max() < CLOSE * np.ptp(coords)
    place = plates.page.page.evaluate("window.explorer.position(7)")
    assert np.abs(place[:2] - coords[7]).max() < CLOSE * np.ptp(coords)


def test_saved_files_have_the_geometry_of_the_design(plates: Plates, tmp_path: Path) -> None:
    plates.show(LONG, "shown: 'prediction', pinned: null")
    coords = plates.coords(LONG)
    close = CLOSE * np.ptp(coords)
    rows = list(csv.DictReader(plates.page.download("CSV", tmp_path).open()))
    nodes = [int(row["node"]) for row in rows]
    assert sorted(nodes) == list(range(len(coords)))
    places = [[float(row["x"]), float(row["y"])] for row in rows]
    np.testing.assert_allclose(places, coords[nodes], atol=close)
    # A grid has its points in the order of the table.
    grid = pyvista.UnstructuredGrid(plates.page.download("VTU", tmp_path))
    np.testing.assert_allclose(grid.points[:, :2], coords[nodes], atol=close)
    np.testing.assert_allclose(grid["T"], [float(row["T"]) for row in rows], rtol=1e-6)


def test_the_picture_moves_with_the_slider_and_the_view_fits_it(plates: Plates) -> None:
    # The same values everywhere: only the outline can change.
    plates.show(SHORT, "shown: 'prediction', rangeKind: 'manual', manual: [90, 91]")
    page = plates.page
    page.page.keyboard.press("f")
    short, numbers = page.picture(), page.state("camera")
    plates.show(LONG)
    assert page.picture() != short
    assert page.state("camera") == numbers
    page.page.keyboard.press("f")
    page.complete()
    assert page.state("camera") != numbers
    page.set("{rangeKind: 'training'}")


def test_two_designs_are_compared_each_in_its_geometry(plates: Plates) -> None:
    page = plates.page

    def panes(design: list[float], pinned: list[float]) -> list[bytes]:
        plates.show(design, f"pinned: {{parameters: {pinned}, image: null}}")
        return [page.page.locator(".pane").nth(i).screenshot() for i in range(2)]

    # One colour: only outlines can differ.
    page.set("{shown: 'prediction', rangeKind: 'manual', manual: [90, 91], probes: []}")
    both_short = panes(SHORT, SHORT)
    titles = page.page.locator(".pane-title:visible").all_inner_texts()
    assert titles == ["This design", "Pinned design", "Difference at the same nodes"]
    long_pinned = panes(SHORT, LONG)
    assert long_pinned[0] == both_short[0]
    assert long_pinned[1] != both_short[1]
    long_shown = panes(LONG, SHORT)
    assert long_shown[0] != both_short[0]
    assert long_shown[1] == both_short[1]
    page.set("{pinned: null, rangeKind: 'training'}")


def test_a_probe_follows_its_node(plates: Plates, tmp_path: Path) -> None:
    plates.show(SHORT, "probes: [19]")
    before = plates.page.page.inner_text(".probe-place")
    plates.show(LONG)
    after = plates.page.page.inner_text(".probe-place")
    assert before != after
    assert float(after.strip("()").split(",")[0]) == pytest.approx(plates.coords(LONG)[19, 0], 1e-2)
    head = next(csv.reader(plates.page.download("CSV", tmp_path, "#probe-head").open()))
    (place,) = {name[name.rindex("(") + 1 : name.rindex(")")] for name in head if "node" in name}
    found = [float(number) for number in place.split()]
    np.testing.assert_allclose(found[:2], plates.coords(LONG)[19], atol=1e-3)
    # A probe is placed in the geometry that is shown.
    plates.page.set("{probes: []}")
    x, y = plates.coords(LONG)[8]
    plates.page.page.get_by_label("Coordinates of a probe").fill(f"{x + 0.01}, {y}")
    plates.page.page.get_by_role("button", name="Add", exact=True).click()
    assert plates.page.state("probes") == [8]
    plates.page.set("{probes: []}")


def test_quantities_that_need_no_positions(plates: Plates) -> None:
    plates.show(LONG)
    page = plates.page.page
    design = designs_from([LONG], given_scaler(plates.surrogate))
    texts = {"peak": "max(T)", "least": "min(T, time=1)"}
    known = plates.surrogate.quantities(design, texts).isel(run=0)
    found = page.evaluate("window.explorer.quantities")
    for q, quantity in enumerate(found):
        # Bands of a single network come from fewer samples than in Python.
        assert quantity["value"] == pytest.approx(float(known["value"][q]), rel=1e-3)
        assert quantity["lower"] < quantity["value"] < quantity["upper"]
    # The place is that in the geometry of the design.
    nodes = plates.surrogate.predict(design)["fields"].to_numpy()[0, :, :, 0]
    (_, node) = np.unravel_index(int(nodes.argmax()), nodes.shape)
    np.testing.assert_allclose(found[0]["place"], plates.coords(LONG)[node], atol=1e-3)
    (note,) = page.locator("#quantities .note", has_text="not in this page").all_inner_texts()
    assert "“mean” (mean(T)) is not in this page: volumes" in note


def test_a_shape_that_nothing_predicts_is_moved_itself(
    make_settings: MakeSettings, open_page: Open
) -> None:
    surrogate = fit(stretched(()), make_settings(3))
    page = open_page(make_twin(surrogate, None, ORIGIN).container())
    names = surrogate.condition_scaler.names
    assert page.page.locator(".input-name").all_inner_texts() == list(names)
    assert "shape 1" in page.page.inner_text("#inputs .note")
    values = [float(number) for number in surrogate.condition_scaler.upper]
    page.set(f"{{design: {{parameters: {values}, image: null}}, time: {LAST}}}")
    shapes = surrogate.shapes
    assert shapes is not None
    own = shapes.placement(np.pad(values, (0, shapes.modes.count - len(values))))
    found = np.array(page.page.evaluate("window.explorer.shape()")).reshape(-1, 2)
    assert np.abs(found - own.mesh.coords).max() < CLOSE * np.ptp(own.mesh.coords)
    # The same as predicting on a mesh with this shape.
    conditions = designs_from([values], surrogate.condition_scaler)
    np.testing.assert_allclose(shapes.modes.encode(own.shape)[: len(values)], values, atol=1e-6)
    known = surrogate.predict(conditions)["fields"].to_numpy()[0, LAST, :, 0]
    assert np.abs(np.array(page.values(0, "prediction")) - known).max() < CLOSE * np.ptp(known)


def test_a_grid_is_cut_where_the_geometry_ends(
    make_settings: MakeSettings, open_page: Open, tmp_path: Path
) -> None:
    surrogate = discs(make_settings(3))
    page = open_page(make_twin(surrogate, None, ORIGIN).container())
    shapes = surrogate.shapes
    assert shapes is not None
    pictures = []
    for radius in (0.65, 0.95):
        page.set(f"{{design: {{parameters: [{radius}], image: null}}, time: {LAST}}}")
        design = designs_from([[radius]], given_scaler(surrogate))
        known = surrogate.predict(design)["fields"].to_numpy()[0, LAST, :, 0]
        placement = shapes.placement(shapes.predicted(design)[0])
        inside = placement.shape[:, 0] > 0
        assert 0 < inside.sum() < len(inside)
        found = np.array(page.values(0, "prediction"))
        assert np.abs(found - known)[inside].max() < CLOSE * np.ptp(known[inside])
        # The saved grid has the distance, and only nodes inside are in the table.
        grid = pyvista.UnstructuredGrid(page.download("VTU", tmp_path))
        cut = grid.clip_scalar(scalars="distance", invert=False, value=0.0)
        assert cut.area == pytest.approx(np.pi * radius**2, rel=0.05)
        rows = list(csv.DictReader(page.download("CSV", tmp_path).open()))
        assert sorted(int(row["node"]) for row in rows) == np.flatnonzero(inside).tolist()
        # Only the outline differs: one colour.
        page.set("{rangeKind: 'manual', manual: [900, 901], edges: false}")
        pictures.append(page.picture())
        page.set("{rangeKind: 'time'}")
        span = page.page.locator(".colour-bar:visible").inner_text()
        assert "1000" not in span
    assert pictures[0] != pictures[1]


def test_probes_outside_of_a_geometry_say_so(make_settings: MakeSettings, open_page: Open) -> None:
    surrogate = discs(make_settings(3))
    page = open_page(make_twin(surrogate, None, ORIGIN).container())
    page.set("{design: {parameters: [0.95], image: null}}")
    page.click_middle()
    (row,) = page.state("probes")
    assert "±" in page.page.inner_text(".probe-value")
    shapes = surrogate.shapes
    assert shapes is not None
    page.set("{probes: [0]}")
    assert page.page.inner_text(".probe-value") == "outside of the geometry"
    assert not page.page.locator(".marker:visible").count()
    # Nothing is picked where the grid is cut off.
    box = page.page.locator("#stage").bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    page.complete()
    assert page.state("probes") == [0]
    assert row != 0
