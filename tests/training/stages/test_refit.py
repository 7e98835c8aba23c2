"""Refit: each network ends with steps on the validation runs too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.stages import Stage
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.refit import STEPS, RefitStage
from simulgenvae.training.train import train
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def _split(waves: Dataset) -> Split:
    return Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])


def test_a_refit_learns_from_training_and_validation_runs_with_steps_for_the_new_ones(
    make_problem: MakeProblem, make_settings: MakeSettings
) -> None:
    settings = make_settings(end_to_end={"steps": 100, "cycles": 3})
    stage = make_problem(settings).stage("end_to_end")
    assert isinstance(stage, EndToEndStage)
    refit = RefitStage(stage)
    assert refit.rows.tolist() == [*range(9), 9, 10]
    assert refit.own_settings.steps == round(100 * STEPS * 2 / 11)
    assert refit.own_settings.cycles == 1
    assert (refit.label, refit.member) == ("end_to_end_refit", 1)
    assert refit.number != stage.number


def test_refitted_networks_know_the_validation_runs_and_the_judged_ones_do_not(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(40, end_to_end={"members": 2, "refit": True})
    found = train(waves, _split(waves), settings, stages=["end_to_end"])
    for judged, refitted in zip(found.members, found.refitted, strict=True):
        other = refitted.vae.decoder.state_dict()
        weights = judged.vae.decoder.state_dict()
        assert any(not torch.equal(value, other[name]) for name, value in weights.items())
    stages = {entry.stage for entry in found.progress.history}
    assert stages == {"end_to_end", "end_to_end_2", "end_to_end_encoder"}
    assert not [text for text in found.warnings if "refit" in text]


def test_an_interrupted_refit_goes_on_as_if_never_stopped(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pressing_ctrl_c: Callable[[type[Stage], int], type[Stage]],
) -> None:
    settings = make_settings(20, end_to_end={"members": 2, "refit": True})
    whole = train(waves, _split(waves), settings, stages=["end_to_end"])
    with monkeypatch.context() as patch:
        pressed = pressing_ctrl_c(RefitStage, 2)
        patch.setattr("simulgenvae.training.stages.ensemble.RefitStage", pressed)
        with pytest.raises(Interrupted):
            train(waves, _split(waves), settings, stages=["end_to_end"], folder=tmp_path)
    resumed = train(
        waves, _split(waves), settings, stages=["end_to_end"], folder=tmp_path, resume=True
    )
    for networks, expected in (
        *zip(resumed.members, whole.members, strict=True),
        *zip(resumed.refitted, whole.refitted, strict=True),
    ):
        other = expected.state_dict()
        assert all(torch.equal(v, other[k]) for k, v in networks.state_dict().items())
