"""Real surrogates in the browser: their values are those of ``Surrogate.predict``."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import COLOUR, ImageFormat
from simulgenvae.data.images.files import read_images
from simulgenvae.deployment.write import inputs_of, random_conditions
from simulgenvae.explorer.describe import Origin
from simulgenvae.explorer.networks import SAMPLES
from simulgenvae.explorer.twin import make_twin
from simulgenvae.quantities import default_texts
from simulgenvae.surrogate.surrogate import Surrogate
from tests.explorer.browser.conftest import Open
from tests.explorer.browser.shown import CLOSE, require_shown

DROP = """async (content) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));
    const drop = new DragEvent('drop', {dataTransfer: transfer, bubbles: true});
    document.getElementById('image').dispatchEvent(drop);
}"""
"""Function that drops a file on the page."""
ORIGIN = Origin("S", "model-1", "2026-01-01T00:00:00Z", None)


@pytest.mark.slow
def test_the_page_shows_what_the_surrogate_predicts(
    make_surrogate: Callable[..., Surrogate], open_page: Open
) -> None:
    surrogate = make_surrogate("both", 0.4)
    designs = random_conditions(surrogate.condition_scaler, 3)
    page = open_page(make_twin(surrogate, designs, ORIGIN).container())
    design = designs.select([0])
    known = surrogate.predict(design, samples=SAMPLES)
    inputs = inputs_of(design)
    image = f"{{data: Uint8Array.from({inputs['images'].ravel().tolist()}), training: null}}"
    parameters = json.dumps(inputs["parameters"].ravel().tolist())
    last = len(surrogate.times) - 1
    page.set(
        f"{{design: {{parameters: {parameters}, image: {image}}}, time: {last}, shown: 'std'}}"
    )
    require_shown(page, known, last)
    scores = page.page.evaluate("[window.explorer.novelty, window.explorer.study.expectedError]")
    assert scores[0] == pytest.approx(float(known["novelty"][0]), rel=1e-3)
    assert scores[1] == pytest.approx(float(known["expected_error"][0]), rel=1e-3)
    between = 0.5 * (surrogate.times[1] + surrogate.times[2])
    known_between = surrogate.predict(design, times=np.array([between]))["fields"].to_numpy()
    page.set("{time: 1.5}")
    for v in range(len(surrogate.variables)):
        apart = np.array(page.values(v, "prediction")) - known_between[0, 0, :, v]
        assert np.abs(apart).max() < CLOSE * np.ptp(known["fields"].to_numpy()[..., v])
    quantities = surrogate.quantities(design, default_texts(surrogate.variables))
    found_quantities = page.page.evaluate("window.explorer.quantities")
    assert len(found_quantities) == 2 * len(surrogate.variables)
    for q, found_quantity in enumerate(found_quantities):
        expected_quantity = quantities.isel(run=0, quantity=q)
        for name in ("value", "std", "lower", "upper"):
            allowed = CLOSE * abs(float(expected_quantity["value"]))
            assert abs(found_quantity[name] - float(expected_quantity[name])) < allowed, name
    # Where the numbers of networks overflow, both say the same.
    far = replace(design, table=design.table * [1e60, 1.0])
    known = surrogate.predict(far, samples=SAMPLES)
    unknown = surrogate.quantities(far, default_texts(surrogate.variables)).isel(run=0)
    parameters = json.dumps(far.table[0].tolist())
    page.set(f"{{time: {last}, design: {{parameters: {parameters}, image: {image}}}}}")
    for shown, name in {"prediction": "fields", "std": "std", "lower": "lower"}.items():
        found = np.array(page.values(0, shown))
        np.testing.assert_allclose(
            found, known[name].to_numpy()[0, last, :, 0], 1e-5, 0, err_msg=name
        )
    expected_error = page.page.evaluate("window.explorer.study.expectedError")
    np.testing.assert_allclose(expected_error, known["expected_error"][0], 1e-3)
    for q, found_quantity in enumerate(page.page.evaluate("window.explorer.quantities")):
        for name in ("value", "std", "lower", "upper"):
            expected = float(unknown[name][q])
            np.testing.assert_allclose(found_quantity[name], expected, 1e-5, 0, err_msg=name)


@pytest.mark.slow
def test_colour_images_are_chosen_drawn_and_dropped(
    make_surrogate: Callable[..., Surrogate],
    open_page: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Designs that are an image and nothing else, of whose training runs the page has some."""
    monkeypatch.setattr("simulgenvae.explorer.twin.MOST_IMAGES", 3)
    surrogate = make_surrogate("cnn", 0.4)
    training = random_conditions(surrogate.condition_scaler, 9)
    assert training.images is not None
    page = open_page(make_twin(surrogate, training, ORIGIN).container())

    def shown() -> Conditions:
        """Compare what is shown with the prediction of the page's own pixels."""
        page.set("{time: 2, shown: 'std'}")
        found = page.page.evaluate("Array.from(window.explorer.state.design.image.data)")
        size = surrogate.condition_scaler.images.size
        pixels = np.array(found, np.uint8).reshape(1, size, size, 3)
        images = replace(training.images, pixels=pixels)
        design = replace(training.select([0]), images=images)
        require_shown(page, surrogate.predict(design, samples=SAMPLES), 2)
        return design

    # The image is that of its run, not that of its place among the images of the page.
    page.page.get_by_label("Training run", exact=True).select_option(training.ids[4])
    pixels = shown().images.pixels[0]
    np.testing.assert_array_equal(pixels, training.images.pixels[4])
    assert "3 of 9 training runs can be chosen" in page.page.inner_text("#designs")

    page.page.get_by_label("Brush colour").fill("#ff2010")
    box = page.page.get_by_label("Image of the design").bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 150, box["y"] + 90, steps=4)
    page.page.mouse.up()
    drawn = shown().images.pixels[0]
    assert (drawn != pixels).any()
    assert [255, 32, 16] in drawn.reshape(-1, 3).tolist()

    file = tmp_path / "wide.png"
    random = np.random.default_rng(5)
    Image.fromarray(random.integers(0, 256, (24, 40, 3), np.uint8)).save(file)
    page.page.evaluate(DROP, base64.b64encode(file.read_bytes()).decode())
    page.wait("window.explorer.state.design.image.training === null")
    like = ImageFormat(40, 24, COLOUR, surrogate.condition_scaler.images.size)
    _, read = read_images(file, like.size, like=like)
    page.wait(f"window.explorer.state.design.image.data[0] === {read.pixels.ravel()[0]}")
    np.testing.assert_array_equal(shown().images.pixels, read.pixels)
