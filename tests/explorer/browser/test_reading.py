"""Probes, comparison, display, links and files of the page."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import pyvista
from PIL import Image

from tests.explorer.browser.conftest import Opened
from tests.explorer.browser.small_models import (
    INTERVAL_FACTOR,
    STD_FACTOR,
    TIMES,
    small_model,
)

DESIGN = np.array([0.4, 1.0])


@pytest.fixture
def page(plate: Opened) -> Opened:
    """Return the page with a design, as it is without any choices."""
    # Values are shown beside the pointer.
    plate.page.mouse.move(0, 0)
    plate.set(
        "{design: {parameters: [0.4, 1], image: null}, pinned: null, time: 3, probes: [], scalar: 0,"
        "shown: 'prediction', edges: false, isolines: false, arrows: false, displaced: true,"
        "factor: null, rangeKind: 'training', manual: [0, 1], map: 'auto'}"
    )
    return plate


def test_a_probe_shows_the_history_with_its_interval(page: Opened, tmp_path: Path) -> None:
    page.click_middle()
    (row,) = page.state("probes")
    model = small_model("plate")
    place = model.mesh.points[row]
    assert abs(place[0] - 0.75) < 0.3
    assert abs(place[1] - 0.5) < 0.2
    assert page.page.locator("#probes .chart canvas").is_visible()
    table = list(csv.reader(page.download("CSV", tmp_path, "#probe-head").open()))
    assert table[0][0] == "time [s]"
    assert table[0][1].startswith(f"T at node {row} (")
    found = np.array([line[:5] for line in table[1:]], float)
    field, spread = model.fields(DESIGN)[:, row, 0], model.spread(DESIGN)[:, row, 0]
    expected = np.column_stack(
        [TIMES, field, STD_FACTOR * spread, field - INTERVAL_FACTOR * spread,
         field + INTERVAL_FACTOR * spread]
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    # A second click at the same node takes the probe away.
    page.click_middle()
    assert page.state("probes") == []


def test_a_probe_is_placed_by_its_coordinates(page: Opened) -> None:
    field = page.page.get_by_label("Coordinates of a probe")
    field.fill("0.62, 0.49")
    field.press("Enter")
    page.complete()
    (row,) = page.state("probes")
    points = small_model("plate").mesh.points
    distances = np.linalg.norm(points[:, :2] - [0.62, 0.49], axis=1)
    assert row == int(np.argmin(distances))
    assert field.input_value() == ""
    # The same place is no second probe, and other texts are none.
    for text in ("0.62 0.49", "here", "1"):
        field.fill(text)
        page.page.get_by_role("button", name="Add", exact=True).click()
        assert page.state("probes") == [row]
    assert field.evaluate("one => one.validationMessage") == "2 numbers are needed: x, y"


def test_a_pinned_design_is_compared(page: Opened) -> None:
    alone = page.picture()
    page.page.get_by_role("button", name="Pin this design").click()
    page.set("{design: {parameters: [-0.8, 2], image: null}}")
    titles = page.page.locator(".pane-title:visible")
    assert titles.all_inner_texts() == ["This design", "Pinned design", "Difference"]
    assert page.picture() != alone
    page.page.get_by_role("button", name="Swap").click()
    assert page.state("design.parameters") == [0.4, 1]
    page.complete()
    page.page.get_by_role("button", name="Release").click()
    assert page.picture() == alone


@pytest.mark.parametrize(
    "change",
    [
        "{edges: true}", "{isolines: true}", "{arrows: true}", "{displaced: false}", "{factor: 9}",
        "{map: 'cividis'}", "{rangeKind: 'time'}", "{rangeKind: 'design'}", "{scalar: 2}",
        "{shown: 'std'}", "{shown: 'upper'}", "{time: 0}", "{clip: {axis: 0, position: 0.5, flipped: true}}",
    ],
)  # fmt: skip
def test_every_choice_changes_the_picture(page: Opened, change: str) -> None:
    before = page.picture()
    page.set(change)
    assert page.picture() != before
    page.set("{clip: null}")


def test_own_limits_of_colours_begin_with_those_that_are_shown(page: Opened) -> None:
    page.page.get_by_label("Range of colours").select_option("manual")
    trained = page.page.evaluate("window.explorer.description.variables[0].range")
    assert page.state("manual") == trained
    # The fields of the limits leave the view less room.
    before = page.picture()
    page.page.get_by_label("Largest value of the colours").fill("500")
    page.page.get_by_label("Largest value of the colours").blur()
    assert page.state("manual[1]") == 500
    assert page.picture() != before


def test_a_link_restores_what_is_shown(page: Opened) -> None:
    page.set("{edges: true, probes: [30, 60], scalar: 1, time: 2, map: 'inferno'}")
    page.page.locator("#stage").hover()
    page.page.mouse.wheel(0, -300)
    page.page.mouse.move(0, 0)
    page.wait("location.hash.includes('camera') && location.hash.includes('inferno')")
    before = page.picture()
    fragment = page.page.evaluate("location.hash")
    state = page.page.evaluate("({...window.explorer.state, camera: null})")
    page.load(fragment)
    page.complete()
    assert page.page.evaluate("({...window.explorer.state, camera: null})") == state
    one, other = (
        np.asarray(Image.open(io.BytesIO(png)).convert("L"), int)
        for png in (before, page.picture())
    )
    # A pixel at an edge may differ, as the camera's numbers are rounded in the link.
    assert (np.abs(one - other) > 40).mean() < 0.002
    page.page.keyboard.press("f")
    page.set("{camera: null}")


def test_a_table_of_the_shown_state(page: Opened, tmp_path: Path) -> None:
    table = list(csv.reader(page.download("CSV", tmp_path).open()))
    model = small_model("plate")
    assert table[0][:8] == [
        "node",
        "x [m]",
        "y [m]",
        "z [m]",
        "T [K]",
        "T_std [K]",
        "T_lower [K]",
        "T_upper [K]",
    ]
    found = np.array(table[1:], float)
    np.testing.assert_allclose(found[:, 1:4], model.mesh.points, atol=1e-6)
    np.testing.assert_allclose(found[:, 4], model.fields(DESIGN)[3][:, 0], rtol=1e-5)
    np.testing.assert_allclose(found[:, 5], STD_FACTOR * model.spread(DESIGN)[3][:, 0], rtol=1e-4)


def test_a_grid_that_vtk_reads(page: Opened, tmp_path: Path) -> None:
    grid = pyvista.UnstructuredGrid(page.download("VTU", tmp_path))
    model = small_model("plate")
    assert grid.n_cells == len(model.mesh.triangles)
    np.testing.assert_allclose(grid.points, model.mesh.points, atol=1e-6)
    np.testing.assert_allclose(grid["T"], model.fields(DESIGN)[3][:, 0], rtol=1e-6)
    np.testing.assert_allclose(
        np.asarray(grid["u"])[:, :2], model.fields(DESIGN)[3][:, 1:], atol=1e-7
    )
    assert grid.field_data["TimeValue"][0] == TIMES[3]
    assert grid.field_data["a"][0] == pytest.approx(0.4)


def test_a_picture_with_title_and_colour_bar(page: Opened, tmp_path: Path) -> None:
    with Image.open(page.download("PNG", tmp_path)) as image:
        pixels = np.asarray(image.convert("RGB"))
    # Title, field and colour bar: most of it is paper, but not all.
    coloured = (pixels != 255).any(axis=2)
    assert 0.1 < coloured.mean() < 0.9
    assert coloured[:50].any()


def test_a_design_beyond_what_the_model_can_say(page: Opened, tmp_path: Path) -> None:
    """Its numbers overflow: no field, an infinite spread, and the page says so."""
    row = 58
    page.set(
        f"{{design: {{parameters: [1e39, 1], image: null}}, probes: [{row}], shown: 'std', edges: true}}"
    )
    assert not np.isfinite(page.values(0, "prediction")).any()
    for shown, expected in {"std": np.inf, "lower": -np.inf, "upper": np.inf}.items():
        np.testing.assert_array_equal(page.values(0, shown), expected)
    assert page.page.evaluate("window.explorer.study.expectedError") == np.inf
    assert "This design is beyond what the model can say" in page.page.inner_text(".warnings")
    assert "the error has no limit" in page.page.inner_text("#gauges")
    assert page.page.inner_text(".pane-title:visible") == "Beyond what the model can say"
    assert page.page.inner_text("#probes .probe-value") == "– ± ∞ K"
    # The mesh is drawn at rest, without colours, and comes back with numbers.
    page.set("{probes: []}")
    with Image.open(io.BytesIO(page.picture())) as image:
        colours = np.asarray(image.convert("RGB"), int)[200:400, 100:400]
    assert (np.ptp(colours, axis=2) < 8).all()
    table = list(csv.reader(page.download("CSV", tmp_path).open()))
    assert table[1][4:8] == ["", "inf", "-inf", "inf"]
    page.set("{design: {parameters: [0.4, 1], image: null}, shown: 'prediction'}")
    assert page.page.locator(".warnings").is_hidden()
    assert np.isfinite(page.values(0, "std")).all()
