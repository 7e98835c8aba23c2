"""Sliders, fields, buttons and keys of the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.images import GREY, ImageFormat
from simulgenvae.data.images.files import read_images
from tests.explorer.browser.conftest import Open, Opened
from tests.explorer.browser.small_models import SmallModel, small_model
from tests.explorer.browser.small_models import plate as plate_mesh


@pytest.fixture
def page(plate: Opened) -> Opened:
    """Return the page as it is when it has been opened."""
    plate.page.keyboard.press("Escape")
    plate.set("{design: {parameters: [0, 0], image: null}, pinned: null, time: 4, probes: []}")
    plate.page.evaluate("document.activeElement.blur()")
    return plate


def test_a_slider_moves_the_number_and_the_field(page: Opened) -> None:
    before = page.picture()
    slider = page.page.get_by_label("a (mm), slider")
    slider.focus()
    slider.press("End")
    assert page.state("design.parameters[0]") == pytest.approx(1.3)
    assert page.page.get_by_label("a (mm)", exact=True).input_value() == "1.3"
    assert page.picture() != before


def test_values_outside_the_trained_range_are_marked_and_kept(page: Opened) -> None:
    number = page.page.get_by_label("a (mm)", exact=True)
    number.fill("2.5")
    page.complete()
    assert page.state("design.parameters[0]") == 2.5
    assert page.page.locator(".input .outside").is_visible()
    warnings = page.page.inner_text(".warnings")
    assert "a = 2.5 mm is above the trained range, −1 to 1 mm." in warnings
    assert "Novelty 2.5" in warnings
    number.fill("0.5")
    page.complete()
    assert page.page.locator(".warnings").is_hidden()
    # What is no number leaves the design as it was.
    number.fill("")
    number.blur()
    assert number.input_value() == "0.5"


def test_categories_are_chosen_by_name(page: Opened) -> None:
    page.page.get_by_label("kind").select_option("two")
    assert page.state("design.parameters[1]") == 2


def test_reset_random_and_training_runs(page: Opened) -> None:
    page.page.get_by_role("button", name="Random").click()
    assert -1 <= page.state("design.parameters[0]") <= 1
    page.page.get_by_label("Training run").select_option("second")
    assert page.state("design.parameters") == [0.2, 1]
    page.complete()
    assert "second (the same)" in page.page.inner_text("#nearest")
    page.page.get_by_role("button", name="Reset").click()
    assert page.state("design.parameters") == [0, 0]


@pytest.mark.parametrize("width", [390, 1200])
def test_numbers_are_not_cut_off(open_page: Open, width: int) -> None:
    page = open_page(small_model("plate").container(), viewport={"width": width, "height": 800})
    page.set(
        "{design: {parameters: [-0.12345678901, 1], image: null},"
        "rangeKind: 'manual', manual: [-12345.5, 300.125]}"
    )
    for label in ("a (mm)", "Least value of the colours"):
        field = page.page.get_by_label(label, exact=True)
        assert field.input_value() in {"-0.12345678901", "-12345.5"}
        assert field.evaluate("each => each.scrollWidth <= each.clientWidth"), label


def test_keys_move_through_time_and_play(page: Opened) -> None:
    page.page.keyboard.press("Home")
    page.page.keyboard.press("ArrowRight")
    assert page.state("time") == 1
    page.page.keyboard.press("Space")
    page.wait("window.explorer.state.time === 3")
    page.page.keyboard.press("Space")
    page.page.keyboard.press("End")
    assert page.state("time") == 4
    page.page.keyboard.press("p")
    assert page.state("pinned.parameters") == [0, 0]
    page.page.keyboard.press("?")
    assert page.page.locator("dialog").is_visible()
    assert "onnxruntime-web" in (page.page.locator("dialog pre").text_content() or "")
    page.page.keyboard.press("Escape")


def test_space_plays_also_after_a_slider_was_used(page: Opened) -> None:
    slider = page.page.get_by_label("a (mm), slider")
    slider.focus()
    slider.press("ArrowRight")
    assert page.state("time") == 4
    assert page.state("design.parameters[0]") != 0
    page.page.keyboard.press("Space")
    page.wait("window.explorer.state.time !== 4")
    page.page.keyboard.press("Space")
    # Ticks and lists need the space bar themselves.
    edges = page.page.get_by_label("Mesh edges")
    edges.focus()
    edges.press("Space")
    page.wait("window.explorer.state.edges === true")
    edges.press("e")
    page.wait("window.explorer.state.edges === false")
    assert page.page.get_by_role("button", name="Play", exact=True).count() == 1


def test_the_camera_is_moved_by_keys(page: Opened) -> None:
    page.page.keyboard.press("f")
    whole, pictures = page.picture(), set()
    for key in ("+", "-", "Shift+ArrowLeft", "Control+Shift+ArrowUp", "-"):
        page.page.keyboard.press(key)
        pictures.add(page.picture())
    # Zooming in and out again shows the same.
    assert whole in pictures
    assert len(pictures) == 5
    assert page.state("time") == 4
    page.page.keyboard.press("f")
    assert page.picture() == whole
    page.page.keyboard.press("?")
    keys = page.page.inner_text("dialog dl >> nth=1")
    assert "Shift + ← → ↑ ↓" in keys
    assert "move the mesh" in keys
    page.page.keyboard.press("Escape")
    page.set("{camera: null}")


def test_images_are_chosen_drawn_and_dropped(open_page: Open) -> None:
    ids = ["first", "second", "third", "fourth", "fifth", "sixth"]
    model = SmallModel(
        plate_mesh(), image_size=8, image_runs=(0, 2, 5), changes={"training_ids": ids}
    )
    page = open_page(model.container())

    def compare() -> None:
        page.complete()
        pixels = page.page.evaluate("Array.from(window.explorer.state.design.image.data)")
        expected = model.fields(pixels)[page.state("time")][:, 0]
        assert max(abs(page.values(0, "prediction") - expected)) < 1e-3

    page.page.get_by_label("Training image third").click()
    assert page.state("design.image.training") == 2
    compare()
    # Runs whose images are not in the page cannot be chosen, and it says so.
    runs = page.page.get_by_label("Training run", exact=True)
    assert runs.locator("option").all_inner_texts() == ["Training run …", "first", "third", "sixth"]
    assert "3 of 6 training runs can be chosen" in page.page.inner_text("#designs")
    runs.select_option("sixth")
    pixels = page.page.evaluate("Array.from(window.explorer.state.design.image.data)")
    assert pixels == model.images()[2].ravel().tolist()
    nearest = page.page.inner_text("#nearest")
    assert "Nearest of the 3 training runs whose images are here: sixth (the same)" in nearest
    before = page.picture()
    canvas = page.page.get_by_label("Image of the design")
    box = canvas.bounding_box()
    assert box is not None
    page.page.get_by_label("Brush size").fill("20")
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20, steps=4)
    page.page.mouse.up()
    # The first drawn pixel is white.
    assert page.page.evaluate("window.explorer.state.design.image.data[0]") > 200
    assert page.state("design.image.training") is None
    compare()
    assert page.picture() != before
    page.page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(30, 16);
            const context = canvas.getContext('2d');
            context.fillStyle = 'rgb(60, 60, 60)';
            context.fillRect(0, 0, 30, 16);
            const blob = await canvas.convertToBlob();
            const transfer = new DataTransfer();
            transfer.items.add(new File([blob], 'grey.png', {type: 'image/png'}));
            const drop = new DragEvent('drop', {dataTransfer: transfer, bubbles: true});
            document.getElementById('image').dispatchEvent(drop);
        }"""
    )
    page.wait("window.explorer.state.design.image.data.every((value) => value === 60)")
    compare()


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_files_of_16_bits_are_read_as_for_training(
    open_page: Open, tmp_path: Path, name: str
) -> None:
    model = SmallModel(plate_mesh(), image_size=16, image_bits=16)
    page = open_page(model.container())
    levels = np.random.default_rng(0).integers(0, 2**16, (20, 24)).astype(np.uint16)
    file = tmp_path / name
    Image.fromarray(levels).save(file)
    _, images = read_images(file, 16, like=ImageFormat(24, 20, GREY, 16, bits=16))
    page.page.locator("#image input[type=file]").set_input_files(file)
    page.wait("window.explorer.state.design.image?.training === null")
    page.complete()
    pixels = page.page.evaluate("Array.from(window.explorer.state.design.image.data)")
    assert pixels == images.pixels.ravel().tolist()
    expected = model.fields(images.pixels)[page.state("time")][:, 0]
    assert max(abs(page.values(0, "prediction") - expected)) < 1e-4
    assert page.page.locator("#image .note").text_content() == ""


def test_everything_has_a_name_for_screen_readers(page: Opened) -> None:
    nameless = page.page.evaluate(
        """() => [...document.querySelectorAll('button, input, select')]
            .filter((one) => !one.hidden && one.type !== 'file')
            .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim()
                || one.closest('label')?.textContent.trim()))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_screens_show_field_and_inputs(open_page: Open, scheme: str) -> None:
    narrow = {"width": 380, "height": 800}
    page = open_page(small_model("plate").container(), viewport=narrow, color_scheme=scheme)
    page.complete()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 380
    assert page.page.locator("#stage canvas").is_visible()
    assert page.page.get_by_label("a (mm), slider").is_visible()
    paper = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
