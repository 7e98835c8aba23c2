"""Curves of a training: a panel for each stage, errors by the same measure, and the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulgenvae.evaluation.figures.style import png
from simulgenvae.evaluation.figures.training import training_curves
from simulgenvae.models.training_record import HistoryEntry


def test_training_curves_have_a_panel_a_stage() -> None:
    history: list[dict[str, Any]] = [
        {"stage": "vae", "step": 1, "train": 1.0, "validation": float("nan")},
        {"stage": "vae", "step": 2, "train": float("nan"), "validation": 0.5},
        {"stage": "end_to_end_2", "step": 3, "train": -1.0, "validation": 0.2},
    ]
    figure = training_curves([HistoryEntry(**entry) for entry in history])
    assert [axes.get_title() for axes in figure.axes] == ["VAE", "End to end, member 2", "", ""]
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log", "log", "linear"]
    assert png(figure).startswith(b"\x89PNG")


def test_training_curves_compare_errors_of_the_same_measure_and_draw_the_loss_below() -> None:
    history: list[dict[str, Any]] = [
        {"stage": stage, "step": step, "train": 7.0, "train_error": 0.01, "validation": 0.04}
        for stage in ("vae", "conditioner")
        for step in (10, 20)
    ]
    vae, conditioner, losses, _ = training_curves([HistoryEntry(**entry) for entry in history]).axes
    curves = {
        stage: {line.get_label(): np.asarray(line.get_ydata())[-1] for line in stage.lines}
        for stage in (vae, conditioner)
    }
    assert curves[vae] == pytest.approx({"training runs": 1.0, "validation runs": 4.0})
    assert curves[conditioner] == pytest.approx({"training runs": 10.0, "validation runs": 20.0}), (
        "roots of squares"
    )
    assert [np.asarray(line.get_ydata()).tolist() for line in losses.lines] == [[7.0, 7.0]]
    assert (vae.get_ylabel(), losses.get_ylabel()) == ("error [% of standard deviation]", "loss")


def test_training_curves_of_an_earlier_version_have_no_errors_of_training_runs() -> None:
    history: list[dict[str, Any]] = [
        {"stage": "vae", "step": step, "train": 7.0, "validation": 0.04} for step in (10, 20)
    ]
    errors, losses = training_curves([HistoryEntry(**entry) for entry in history]).axes
    assert [line.get_label() for line in errors.lines] == ["validation runs"]
    assert len(losses.lines) == 1
