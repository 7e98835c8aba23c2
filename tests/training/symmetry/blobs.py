"""Runs whose field is a smoothed image of two blobs, with its gradient, and ways to break that."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import GREY, ImageFormat, Images

SIDE = 12
Break = Literal["nothing", "gravity", "inflow"]


def blob_runs(runs: int = 40, broken: Break = "nothing", strength: float = 1.0) -> Dataset:
    """Return runs with the variables value, u and v; nodes lie at the middles of the pixels.

    ``gravity`` carries the value down by ``strength`` pixels, ``inflow`` adds to it at the right
    edge; both in two timesteps of different size.
    """
    random = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE]
    centres = random.uniform(2, SIDE - 3, (runs, 2, 2, 1, 1))
    squared = (x - centres[:, 0]) ** 2 + (y - centres[:, 1]) ** 2
    images = np.exp(-squared / 6).max(axis=1)
    pixels = np.rint(255 * images).astype(np.uint8)[..., None]
    smooth = gaussian_filter(images, (0, 1, 1), mode="nearest")
    value = np.sqrt(0.1 + smooth)  # not linear
    if broken == "gravity":
        value = value - strength * np.gradient(value, axis=1)
    if broken == "inflow":
        value = value + strength * np.exp((x - SIDE) / 2)
    down, right = np.gradient(value, axis=(1, 2))
    fields = np.stack([value, right, -down], axis=-1).reshape(runs, 1, -1, 3)
    order = random.permutation(SIDE * SIDE)
    nodes = np.stack([x.ravel(), SIDE - 1 - y.ravel()], axis=1).astype(np.float64)
    return Dataset.from_arrays(
        np.concatenate([fields, 2 * fields], axis=1)[:, :, order],
        Conditions.of_images(
            tuple(f"run{k}" for k in range(runs)),
            Images(pixels, ImageFormat(SIDE, SIDE, GREY, SIDE)),
        ),
        coords=nodes[order],
        variables=("value", "u", "v"),
    )
