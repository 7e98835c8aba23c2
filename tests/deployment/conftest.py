"""Small surrogates of every kind of condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import COLOUR, ImageFormat, Images
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate


def _with_images(runs: int, *, parameters: bool) -> Dataset:
    """Return symmetric fields of random images on a grid of 3 x 4 nodes, perhaps with a table."""
    random = np.random.default_rng(0)
    y, x = np.meshgrid(np.arange(4.0), np.arange(3.0), indexing="ij")
    pixels = random.integers(0, 256, (runs, 16, 16, COLOUR), np.uint8)
    images = Images(pixels, ImageFormat(16, 16, COLOUR, 16))
    names, table = (
        (("p", "q"), random.uniform(1.0, 90.0, (runs, 2)))
        if parameters
        else ((), np.zeros((runs, 0)))
    )
    conditions = Conditions(tuple(f"run{k}" for k in range(runs)), names, table, images)
    fields = pixels.mean((1, 2, 3))[:, None, None, None] + random.normal(size=(runs, 5, 12, 2))
    return Dataset.from_arrays(fields, conditions, coords=np.stack([x.ravel(), y.ravel()], axis=1))


def _with_categories(waves: Dataset) -> Dataset:
    """Return the waves with a category, and a parameter that spans decades and has a zero."""
    given = waves.conditions
    runs = len(given)
    decades = np.where(np.arange(runs) == 2, 0.0, 10.0 ** np.linspace(-6, 2, runs))
    table = np.column_stack([given.table, np.arange(runs) % 3, decades])
    levels = ((), (), ("copper", "PLA, filled", "steel"), ())
    names = (*given.names, "material", "k")
    conditions = Conditions(given.ids, names, table, levels=levels)
    return Dataset.from_arrays(
        np.asarray(waves.load().fields), conditions, coords=waves.mesh.coords
    )


@pytest.fixture(scope="session")
def make_surrogate(
    waves: Dataset, make_settings: Callable[..., Settings]
) -> Callable[..., Surrogate]:
    """Trains one for a few steps, and gives the Gaussian processes a weight."""

    @cache
    def trained(kind: str) -> Surrogate:
        model = {"decoder": "convolutional"} if kind == "convolutional" else {}
        settings = make_settings(3, model=model, stage={"batch_size": 4}, end_to_end={"members": 2})
        dataset = waves
        if kind == "none":
            settings = settings.model_copy(
                update={"reduction": settings.reduction.model_copy(update={"method": "none"})}
            )
        if kind == "categories":
            dataset = _with_categories(waves)
        if kind in {"cnn", "vit", "both", "many components"}:
            dataset = _with_images(16, parameters=kind in {"both", "many components"})
            conditioner = settings.conditioner.model_copy(
                update={"kind": "vit" if kind == "vit" else "cnn"}
            )
            symmetric = settings.training.augmentation.model_copy(update={"flips": ("y",)})
            training = settings.training.model_copy(update={"augmentation": symmetric})
            settings = settings.model_copy(
                update={"conditioner": conditioner, "training": training}
            )
        with pytest.MonkeyPatch.context() as patch:
            if kind == "many components":  # share a length scale
                patch.setattr(
                    "simulgenvae.baselines.pod_gpr.component_counts",
                    lambda _, components: (components,),
                )
            return fit(dataset, settings)

    def make(kind: str, weight: float = 0.4) -> Surrogate:
        return replace(trained(kind), ensemble=replace(trained(kind).ensemble, gp_weight=weight))

    return make
