"""Similarities of designs follow a mirror."""

from __future__ import annotations

import numpy as np

from simulgenvae.data.images import GREY, ImageFormat, Images
from simulgenvae.training.symmetry.designs import MirroredDesigns


def test_similarities_are_those_of_images_and_of_mirrored_images() -> None:
    """Of designs whose second half is the first one mirrored, both are known."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    together = np.concatenate([pixels, pixels[:, ::-1]])
    designs = MirroredDesigns.of(
        Images(together, ImageFormat(4, 4, GREY, 4)), np.tile(random.random((6, 1)), (2, 1)), ("y",)
    )
    for similarity in designs.similarities():
        same = similarity.same
        np.testing.assert_allclose(np.diag(similarity.plain), 1.0, atol=1e-6)
        # A part that the mirror keeps is the same for both; one that it turns around is opposite.
        np.testing.assert_allclose(same[:6], same[6:], atol=1e-6)
        np.testing.assert_allclose(similarity.opposite[:6], -similarity.opposite[6:], atol=1e-6)


def test_distances_are_those_of_pixels() -> None:
    pixels = np.zeros((3, 2, 2, 1), np.uint8)
    pixels[1, 0, 0] = 30
    pixels[2, 1, 1] = 60
    designs = MirroredDesigns.of(
        Images(pixels, ImageFormat(2, 2, GREY, 2)), np.zeros((3, 0)), ("x",)
    )
    squared = np.square(designs.components[:, None] - designs.components).sum(axis=-1)
    np.testing.assert_allclose(squared, [[0, 900, 3600], [900, 0, 4500], [3600, 4500, 0]], atol=1)
