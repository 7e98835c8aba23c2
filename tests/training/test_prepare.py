"""Preparation of a training, and what of it an interrupted one leaves for the next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulgenvae.training.prepare
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import make_split
from simulgenvae.errors import UserError
from simulgenvae.training.train import train
from tests.conftest import MakeSettings

STAGES = ("vae", "conditioner", "end_to_end")


def test_prepared_coefficients_of_another_training_are_not_resumed(
    waves: Dataset, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A training killed before its first checkpoint leaves such a file over an older one."""
    settings, other = make_settings(), make_settings(model={"latent_dim": 5})
    split = make_split(waves.ids, settings.data, None)
    train(waves, split, settings, stages=STAGES, folder=tmp_path / "one")
    train(waves, split, other, stages=STAGES, folder=tmp_path / "two")
    (tmp_path / "two" / "prepared.safetensors").replace(tmp_path / "one" / "prepared.safetensors")
    with pytest.raises(UserError, match=r"prepared.*settings\.model\.latent_dim was 5 and is 4"):
        train(waves, split, settings, stages=STAGES, folder=tmp_path / "one", resume=True)


def test_the_scaler_that_was_chosen_is_that_of_a_resumed_training(
    waves: Dataset, make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(1)
    split = make_split(waves.ids, settings.data, None)
    monkeypatch.setattr(
        simulgenvae.training.prepare, "choose_logarithms", lambda *_, **__: ("speed",)
    )
    before = train(waves, split, settings, stages=STAGES, folder=tmp_path).condition_scaler
    monkeypatch.undo()
    assert before.logarithm == (False, True)
    assert (
        train(waves, split, settings, stages=STAGES, folder=tmp_path, resume=True).condition_scaler
        == before
    )


def test_data_in_which_nothing_varies_are_refused(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    same = Dataset.from_arrays(np.full(waves.shape, 0.1), waves.conditions)
    with pytest.raises(UserError, match="nothing to learn"):
        train(
            same, make_split(same.ids, make_settings().data, None), make_settings(), stages=STAGES
        )
