"""Figures draw what the analysis found, also with awkward names and missing values."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from simulgenvae.data.conditions import Conditions
from simulgenvae.evaluation.figures.latents import CAPTIONS, latent_figures, level_bars, off_bars
from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.results.latents import (
    LatentLevel,
    LatentR2,
    LatentResults,
    LatentRuns,
    LevelsOff,
    Parity,
    Principal,
)

VALUES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
R2 = LatentR2(all=1.0, per_latent=(1.0,) * 4)


def level(validation: float | None = 2.0) -> LatentLevel:
    return LatentLevel(
        size=4,
        kl={"train": 3.0, "validation": validation, "test": 2.5},
        kl_per_latent=(0.75,) * 4,
        variance_per_latent=(1.0,) * 4,
        active=3,
        active_by_kl=2,
        r2={"train": R2},
    )


@pytest.fixture
def latents() -> LatentResults:
    """Return what an analysis of six runs and two levels finds."""
    return LatentResults(
        runs=LatentRuns(
            ids=tuple("abcdef"), split=("train",) * 3 + ("validation",) + ("test",) * 2
        ),
        levels={"z": level(), "h_1": level()},
        pca=Principal(explained=(0.75, 0.25), scores=tuple((v, -v) for v in VALUES)),
        tsne=tuple((v, v**2) for v in VALUES),
        parity=tuple(
            Parity(level="z", dimension=k, encoded=VALUES, predicted=VALUES) for k in range(4)
        ),
        reconstruction=LevelsOff(
            split="test",
            relative_l2=0.01,
            level_off={"z": 0.5, "h_1": 0.01},
            dead_levels=("h_1",),
        ),
    )


@pytest.fixture
def conditions() -> Conditions:
    """In another order than the analysis."""
    return Conditions(tuple("fedcba"), ("$speed$", "size"), np.arange(12.0).reshape(6, 2))


def test_every_figure_has_its_caption(latents: LatentResults, conditions: Conditions) -> None:
    figures = dict(latent_figures(latents, {"a": 0.1, "b": None}, conditions))
    assert figures.keys() == CAPTIONS.keys()
    assert all(png(figure).startswith(b"\x89PNG") for figure in figures.values())


def test_runs_have_the_colour_of_their_own_parameter(
    latents: LatentResults, conditions: Conditions
) -> None:
    figure = dict(latent_figures(latents, {"a": 0.1}, conditions))["latent_pca"]
    by_split, by_error, by_parameter = figure.axes[:3]
    assert by_split.get_xlabel() == "first component, 75.0 % of the variance"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "training runs",
        "validation runs",
        "test runs",
    ]
    np.testing.assert_array_equal(
        np.ma.filled(by_error.collections[0].get_array(), -1), [10.0] + [-1] * 5
    )
    assert by_parameter.get_title() == r"\$speed\$"
    np.testing.assert_array_equal(by_parameter.collections[0].get_array(), [10, 8, 6, 4, 2, 0])


def test_without_parameters_and_neighbours(latents: LatentResults) -> None:
    """Designs that only have an image, and too few runs for t-SNE."""
    figures = dict(
        latent_figures(
            latents.model_copy(update={"tsne": None}),
            {},
            Conditions(tuple("abcdef"), (), np.zeros((6, 0))),
        )
    )
    assert "latent_tsne" not in figures
    assert len(figures["latent_pca"].axes) == 3  # split, error and its scale
    for figure in figures.values():
        png(figure)


def test_bars_of_what_each_level_is_for(latents: LatentResults) -> None:
    axes = off_bars(latents.reconstruction).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "all levels",
        "without z",
        "without h_1",
    ]
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [
        1.0,
        50.0,
        1.0,
    ]
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("linear", 0.0), (
        "lengths of bars can be compared"
    )
    png(off_bars(LevelsOff(split="test", relative_l2=0.0, level_off={"z": None}, dead_levels=())))


def test_bars_without_validation_runs() -> None:
    figure = level_bars({"z": level(validation=None), "h_1": level()})
    assert len(figure.axes[0].patches) == 2
    png(figure)
