"""Principal components of images keep what the pixels say; features join them with the table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from simulgenvae.baselines import image_features
from simulgenvae.baselines.image_features import Features, ImageComponents
from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.images import ImageFormat, Images

RNG = np.random.default_rng(0)


def make_images(count: int, channels: int = 1, size: int = 8) -> Images:
    pixels = RNG.integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    return Images(pixels, ImageFormat(size, size, channels, size))


def flat(images: Images) -> np.ndarray:
    return images.pixels.reshape(len(images), -1).astype(float)


@pytest.mark.parametrize("channels", [1, 3])
def test_components_are_those_of_a_singular_value_decomposition(channels: int) -> None:
    train, new = make_images(7, channels), make_images(3, channels)
    fitted = ImageComponents.fit(train)
    mean = flat(train).mean(axis=0)
    _, singular, axes = np.linalg.svd(flat(train) - mean, full_matrices=False)
    expected = (flat(new) - mean) @ axes[:6].T / (singular[0] / np.sqrt(7))
    assert np.abs(fitted.transform(new)) == pytest.approx(np.abs(expected), abs=1e-4)
    assert fitted.transform(train).std(axis=0) == pytest.approx(
        singular[:6] / singular[0], rel=1e-4
    )


def test_the_nearest_training_picture_is_that_of_the_pixels() -> None:
    train, new = make_images(9), make_images(20)
    fitted = ImageComponents.fit(train)
    by_pixels = cdist(flat(new), flat(train)).argmin(axis=1)
    assert np.array_equal(
        cdist(fitted.transform(new), fitted.transform(train)).argmin(axis=1), by_pixels
    )


def test_blocks_of_pixels_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    train, new = make_images(6), make_images(2)
    whole = np.abs(ImageComponents.fit(train).transform(new))
    monkeypatch.setattr(image_features, "_BLOCK_VALUES", 30)
    assert np.abs(ImageComponents.fit(train).transform(new)) == pytest.approx(
        whole, rel=1e-3, abs=1e-4
    )


def test_what_pictures_have_in_common_makes_no_component() -> None:
    images = make_images(4)
    twice = Images(np.concatenate([images.pixels] * 2), images.format)
    assert ImageComponents.fit(twice).projection.shape == (8, 3)


def test_features_of_table_pictures_and_both() -> None:
    images, table = make_images(5), RNG.normal(size=(5, 2))
    ids = tuple("abcde")
    kinds = {
        "table": Conditions(ids, ("p", "q"), table),
        "images": Conditions.of_images(ids, images),
        "both": Conditions(ids, ("p", "q"), table, images),
    }
    scalers = {name: ConditionScaler.fit(conditions) for name, conditions in kinds.items()}
    fitted = {name: Features.fit(conditions, scalers[name]) for name, conditions in kinds.items()}
    x = {name: fitted[name].transform(conditions) for name, conditions in kinds.items()}
    assert [fitted[name].components for name in kinds] == [0, 4, 4]
    assert np.array_equal(x["table"], scalers["table"].transform(kinds["table"]))
    assert np.array_equal(x["both"], np.concatenate([x["table"], x["images"]], axis=1))
    few = fitted["both"].transform(kinds["both"].select([3, 1]))
    assert few == pytest.approx(x["both"][[3, 1]], abs=1e-5)
