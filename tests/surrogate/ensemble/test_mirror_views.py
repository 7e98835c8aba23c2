"""Mirror images of a symmetric problem as further predictions."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.data.symmetry import with_mirrored
from simulgenvae.errors import UserError
from simulgenvae.reduction import Pod, reduce_runs
from simulgenvae.settings import AugmentationSettings, ReductionSettings
from simulgenvae.surrogate.ensemble.mirror_views import MirrorView, mirror_views_of

SYMMETRY = AugmentationSettings(flips=("y",), odd_variables=("y:v",))


@pytest.fixture(scope="module")
def mirrored() -> Dataset:
    """Six runs on a grid of 3 x 4 nodes, their mirror images after them; v is odd."""
    rng = np.random.default_rng(0)
    y, x = np.meshgrid(np.arange(4.0), np.arange(3.0), indexing="ij")
    coords = np.stack([x.ravel(), y.ravel()], axis=1)
    pixels = rng.integers(0, 255, (6, 16, 16, 1), dtype=np.uint8)
    conditions = Conditions.of_images(
        tuple(f"run{k}" for k in range(6)), Images(pixels, ImageFormat(16, 16, GREY, 16))
    )
    dataset = Dataset.from_arrays(
        rng.normal(size=(6, 5, 12, 2)),
        conditions,
        times=np.arange(5.0),
        coords=coords,
        variables=("u", "v"),
    )
    return with_mirrored(dataset, np.arange(6), SYMMETRY.flips, SYMMETRY.odd)


@pytest.fixture(scope="module")
def reduced(mirrored: Dataset) -> tuple[Pod, np.ndarray]:
    pod, coefficients = reduce_runs(mirrored, np.arange(12), ReductionSettings(tolerance=1e-6))
    assert isinstance(pod, Pod)
    return pod, np.asarray(coefficients)


@pytest.fixture(scope="module")
def reduction(reduced: tuple[Pod, np.ndarray]) -> Pod:
    return reduced[0]


def test_coefficients_of_the_mirror_image_come_back(
    mirrored: Dataset, reduced: tuple[Pod, np.ndarray]
) -> None:
    reduction, coefficients = reduced
    (view,) = mirror_views_of(mirrored, SYMMETRY, reduction)
    assert view.unmirror(coefficients[6:]) == pytest.approx(
        coefficients[:6], abs=1e-4 * float(np.abs(coefficients).max())
    )


def test_images_are_mirrored_and_back(mirrored: Dataset, reduction: Pod) -> None:
    (view,) = mirror_views_of(mirrored, SYMMETRY, reduction)
    few = mirrored.conditions.select([0, 1])
    seen = view.mirror_conditions(few)
    np.testing.assert_array_equal(
        seen.images.pixels, mirrored.conditions.select([6, 7]).images.pixels
    )
    np.testing.assert_array_equal(view.mirror_conditions(seen).images.pixels, few.images.pixels)


def test_without_symmetry_there_is_no_view(mirrored: Dataset, reduction: Pod) -> None:
    assert mirror_views_of(mirrored, AugmentationSettings(), reduction) == ()


def test_restored_view_is_the_same_and_damage_is_refused(mirrored: Dataset, reduction: Pod) -> None:
    (view,) = mirror_views_of(mirrored, SYMMETRY, reduction)
    again = MirrorView.restore(list(view.axes), view.arrays(), reduction.rank)
    np.testing.assert_array_equal(again.matrix, view.matrix)
    with pytest.raises(ValueError, match="shape"):
        MirrorView.restore(["y"], view.arrays(), reduction.rank + 1)
    with pytest.raises(ValueError, match="along"):
        MirrorView.restore(["../x"], view.arrays(), reduction.rank)
    with pytest.raises(ValueError, match="finite"):
        MirrorView.restore(
            ["y"], view.arrays() | {"offset": np.full(reduction.rank, np.nan)}, reduction.rank
        )


def test_a_table_alone_has_no_mirror_image(mirrored: Dataset, reduction: Pod) -> None:
    (view,) = mirror_views_of(mirrored, SYMMETRY, reduction)
    with pytest.raises(UserError, match="mirrored images"):
        view.mirror_conditions(Conditions(("a",), ("p",), np.ones((1, 1))))
