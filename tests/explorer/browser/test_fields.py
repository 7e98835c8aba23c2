"""Fields, uncertainty and scores as the page computes them, in a browser, from a file."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.small_models import (
    INTERVAL_FACTOR,
    STD_FACTOR,
    TIMES,
    SmallModel,
    packed,
    small_model,
)
from tests.explorer.browser.small_models import plate as plate_mesh


def _require_equal(page: Opened, model: SmallModel, inputs: np.ndarray, time: int) -> None:
    """Compare all that is shown at a time with what the model says."""
    field, spread = model.fields(inputs)[time], model.spread(inputs)[time]
    expected = {
        "prediction": field,
        "std": STD_FACTOR * spread,
        "lower": field - INTERVAL_FACTOR * spread,
        "upper": field + INTERVAL_FACTOR * spread,
    }
    for shown, values in expected.items():
        for v in range(len(model.variables)):
            wrong = np.abs(np.array(page.values(v, shown)) - values[:, v]).max()
            assert wrong < 1e-4 * np.ptp(model.fields(inputs)[:, :, v]), (shown, v)


@pytest.mark.parametrize("time", [0, 2, len(TIMES) - 1])
def test_fields_and_intervals_are_those_of_the_model(plate: Opened, time: int) -> None:
    plate.set(f"{{time: {time}, shown: 'std', design: {{parameters: [0.3, 1], image: null}}}}")
    _require_equal(plate, small_model("plate"), np.array([0.3, 1.0]), time)


def test_scores_are_those_of_the_model(plate: Opened) -> None:
    plate.set("{design: {parameters: [-0.7, 2], image: null}}")
    assert plate.page.evaluate("window.explorer.novelty") == pytest.approx(0.7, rel=1e-6)
    expected = small_model("plate").expected_error(np.array([-0.7, 2.0]))
    assert plate.page.evaluate("window.explorer.study.expectedError") == pytest.approx(expected)
    assert f"{100 * expected:.3g} %" in plate.page.inner_text("#gauges")


def test_magnitudes_follow_from_their_components(plate: Opened) -> None:
    plate.set("{time: 3, design: {parameters: [0.5, 0], image: null}}")
    components = small_model("plate").fields(np.array([0.5, 0.0]))[3][:, 1:]
    found = np.array(plate.values(3, "prediction"))
    np.testing.assert_allclose(found, np.linalg.norm(components, axis=1), atol=1e-6)


@pytest.mark.parametrize("mesh", ["box", "cloud", "frame", "rod"])
def test_every_kind_of_mesh_is_drawn(open_page: Open, mesh: str) -> None:
    model = small_model(mesh)
    page = open_page(model.container())
    page.set("{time: 1, shown: 'std', design: {parameters: [0.9, 1], image: null}}")
    _require_equal(page, model, np.array([0.9, 1.0]), 1)
    page.set("{shown: 'prediction'}")
    before = page.picture()
    page.set("{time: 4, design: {parameters: [-0.9, 2], image: null}}")
    assert page.picture() != before
    if mesh == "box":
        _require_turned_by_keys(page)


def _require_turned_by_keys(page: Opened) -> None:
    """Turn, move and zoom a mesh in space by keys, and show the whole of it again."""
    page.page.keyboard.press("f")
    start = page.picture()
    _, _, _, *middle = page.state("camera")
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "+"):
        before = page.picture()
        page.page.keyboard.press(key)
        assert page.picture() != before
    *eye, zoom = page.state("camera")
    assert eye[3:] == middle[:3]
    assert zoom == pytest.approx(1.2)
    page.page.keyboard.press("Control+Shift+ArrowRight")
    assert page.state("camera")[3:6] != middle[:3]
    # Over the pole it does not turn.
    for _ in range(30):
        page.page.keyboard.press("Shift+ArrowDown")
    eye = np.array(page.state("camera"))
    assert eye[2] > eye[5]
    page.page.keyboard.press("f")
    assert page.picture() == start


def test_offsets_keep_their_digits_and_nodes_without_values_are_grey(open_page: Open) -> None:
    model = SmallModel(plate_mesh(), (("p", "Pa"),))
    model.mean -= 300
    model.factor = np.array([0.01], np.float32)
    valued = np.ones(len(model.mesh.points), np.uint8)
    valued[:40] = 0
    arrays = model.arrays() | {"state.offsets": np.array([101325.0]), "state.valued": valued}
    page = open_page(packed(model.description(), arrays))
    page.complete()
    expected = model.fields(np.array([0.0, 0.0]))[-1][:, 0].astype(np.float64) + 101325
    np.testing.assert_allclose(page.values(0, "prediction"), expected, rtol=0, atol=1e-7)
    # Their common digits are in the title of the bar, not at each of its numbers.
    page.set("{rangeKind: 'time'}")
    assert page.page.inner_text(".colour-bar-title >> nth=0").startswith("p − ")


def test_times_between_the_trained_ones_are_predicted(plate: Opened) -> None:
    model, inputs = small_model("plate"), np.array([0.3, 1.0])
    plate.set(
        "{time: 3.25, shown: 'std', design: {parameters: [0.3, 1], image: null}, probes: [30]}"
    )
    # The model is linear in time.
    before, after = model.fields(inputs)[3:5]
    expected = before + 0.25 * (after - before)
    for v in range(len(model.variables)):
        wrong = np.abs(np.array(plate.values(v, "prediction")) - expected[:, v]).max()
        assert wrong < 1e-4 * np.ptp(model.fields(inputs)[:, :, v])
    field = plate.page.get_by_label("Time, number")
    assert field.input_value() == "2.5"
    # The value beside the probe is of this time, too.
    text = plate.page.inner_text(".probe-value")
    value = float(text.split(" ±")[0].replace("−", "-"))
    shown = plate.state("scalar")
    scalars = [*expected[30], np.linalg.norm(expected[30, 1:])]
    assert value == pytest.approx(scalars[shown], rel=1e-3)
    field.fill("0.5")
    field.press("Enter")
    plate.complete()
    assert plate.state("time") == 1
    plate.page.evaluate("document.activeElement.blur()")
    plate.set("{time: 1.5, shown: 'prediction', probes: []}")
    plate.page.keyboard.press("ArrowRight")
    assert plate.state("time") == 2


def test_only_trained_times_where_a_model_knows_no_others(open_page: Open) -> None:
    page = open_page(small_model("plate", continuous_in_time=False).container(), load=False)
    page.load("#t=1.5")
    assert page.state("time") == len(TIMES) - 1
    assert not page.page.get_by_label("Time, number").count()
    assert page.page.inner_text("#time output") == "t = 4 s"
    assert page.page.get_by_label("Time", exact=True).get_attribute("step") == "1"
