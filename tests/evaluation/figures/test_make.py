"""Every figure draws for every kind of mesh, for one timestep and for errors that are undefined."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.evaluation.figures.make import (
    error_over_time,
    reference_bars,
    run_histogram,
    training_curves,
)
from simulgenvae.evaluation.presentation import methods, png


def test_training_curves_have_a_panel_a_stage() -> None:
    history = [
        {"stage": "vae", "step": 1, "train": 1.0, "validation": None},
        {"stage": "vae", "step": 2, "train": float("nan"), "validation": 0.5},
        {"stage": "end_to_end", "step": 3, "train": -1.0, "validation": 0.2},
    ]
    figure = training_curves(history)
    assert [axes.get_title() for axes in figure.axes] == ["vae", "end to end", "", ""]
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log", "log", "linear"]
    assert png(figure).startswith(b"\x89PNG")


def test_training_curves_compare_errors_of_the_same_measure_and_draw_the_loss_apart() -> None:
    history = [
        {"stage": stage, "step": step, "train": 7.0, "train_error": 0.01, "validation": 0.04}
        for stage in ("vae", "conditioner")
        for step in (10, 20)
    ]
    vae, conditioner, losses, _ = training_curves(history).axes
    curves = {
        stage: {line.get_label(): line.get_ydata()[-1] for line in stage.lines}
        for stage in (vae, conditioner)
    }
    assert curves[vae] == pytest.approx({"training runs": 1.0, "validation runs": 4.0})
    assert curves[conditioner] == pytest.approx({"training runs": 10.0, "validation runs": 20.0}), (
        "roots of squares"
    )
    assert [list(line.get_ydata()) for line in losses.lines] == [[7.0, 7.0]]
    assert (vae.get_ylabel(), losses.get_ylabel()) == ("error [% of standard deviation]", "loss")


def test_training_curves_of_an_earlier_version_have_no_errors_of_training_runs() -> None:
    history = [
        {"stage": "vae", "step": step, "train": 7.0, "validation": 0.04} for step in (10, 20)
    ]
    errors, losses = training_curves(history).axes
    assert [line.get_label() for line in errors.lines] == ["validation runs"]
    assert len(losses.lines) == 1


def test_histogram_names_the_worst_run() -> None:
    figure = run_histogram({"a": 0.01, "b$2$": 0.5, "c": None}, "test")
    assert figure.axes[0].get_title(loc="right") == r"worst: run “b\$2\$”, 50.0 %"
    png(figure)
    png(run_histogram({"a": None}, "test"))


@pytest.mark.parametrize("value", [None, 0.0, 0.3])
def test_comparison_and_time_figures(value: float | None) -> None:
    one = {"test": {"relative_l2": {"mean": value}, "times": {"relative_l2": [value] * 3}}}
    errors = {"prediction": one, "pod_gpr": one}
    bars = reference_bars(errors, "test", methods())
    assert len(bars.axes[0].patches) == (0 if value is None else 2)
    png(bars)
    png(error_over_time(errors, "test", np.arange(3.0), methods()))
