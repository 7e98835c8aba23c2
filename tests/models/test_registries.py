"""Kinds of networks that another package adds: chosen by name, trained, saved and read back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.settings import Settings, StudyFolder, load_settings
from simulgenvae.settings.networks import (
    CONDITIONERS,
    DECODERS,
    ConditionerSpec,
    DecoderSpec,
    conditioners_of,
    load_builder,
)
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

TOY_NETWORKS = '''
"""A linear conditioner and a decoder of polynomials in time, as another package would have them."""

import torch
from torch import nn

from simulgenvae.models.conditioner.base import ConditionEncoder
from simulgenvae.models.decoders.base import LatentDecoder


class Linear(ConditionEncoder):
    def __init__(self, parameters, features):
        super().__init__()
        self.layer = nn.Linear(parameters, features)
        self.features = features

    def forward(self, x):
        return self.layer(x)


def build_linear(settings, filters, shape):
    return Linear(shape.parameters, filters[-1])


class Forgetful(Linear):
    """Has a tensor that no model file holds."""

    def __init__(self, parameters, features):
        super().__init__(parameters, features)
        self.directions = torch.randn(parameters, parameters)

    def forward(self, x):
        return self.layer(x @ self.directions)


def build_forgetful(settings, filters, shape):
    return Forgetful(shape.parameters, filters[-1])


class Polynomial(LatentDecoder):
    def __init__(self, settings, rank, timesteps):
        super().__init__()
        self.factors = nn.Linear(settings.latent_dim, 3 * rank)

    def forward(self, latents, times):
        times = times.expand(latents.z.shape[0], -1)
        powers = torch.stack([times**power for power in range(3)], -1)
        return powers @ self.factors(latents.z).unflatten(1, (3, -1))
'''


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_networks.py").write_text(TOY_NETWORKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    conditioner = ConditionerSpec(
        title="linear map",
        meaning="a linear map of the parameters",
        reads="table",
        default_filters=(5,),
        build="toy_networks:build_linear",
    )
    decoder = DecoderSpec(
        meaning="parabolas in time",
        continuous_in_time=True,
        build="toy_networks:Polynomial",
    )
    monkeypatch.setitem(CONDITIONERS, "linear", conditioner)
    forgetful = dataclasses.replace(conditioner, build="toy_networks:build_forgetful")
    monkeypatch.setitem(CONDITIONERS, "forgetful", forgetful)
    monkeypatch.setitem(DECODERS, "polynomial", decoder)


@pytest.mark.usefixtures("toys")
def test_toys_of_another_package_are_trained_saved_and_read(
    waves: Dataset, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    study = StudyFolder(tmp_path / "study")
    small = make_settings(3).model_dump(exclude_unset=True)
    small["conditioner"] = {"kind": "linear"}
    small["model"]["decoder"] = "polynomial"
    trained = fit(waves, Settings.model_validate(small), study=study)
    assert trained.networks.conditioner.table.layer.out_features == 5
    fields = trained.predict(waves.conditions, times=np.array([0.25, 0.5]))["fields"]
    assert np.isfinite(fields).all()
    loaded = Surrogate.load(study).predict(waves.conditions, times=np.array([0.25, 0.5]))
    np.testing.assert_array_equal(loaded["fields"], fields)


@pytest.mark.usefixtures("toys")
def test_a_tensor_that_files_do_not_hold_is_refused_when_read(
    waves: Dataset, make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """Without memory of its own it would predict whatever is there."""
    study = StudyFolder(tmp_path / "study")
    small = make_settings(2).model_dump(exclude_unset=True)
    small["conditioner"] = {"kind": "forgetful"}
    fit(waves, Settings.model_validate(small), study=study)
    with pytest.raises(UserError, match=r"table\.directions is a tensor that model files do not"):
        Surrogate.load(study)


@pytest.mark.usefixtures("toys")
def test_mistakes_name_the_toys_too() -> None:
    with pytest.raises(UserError, match=r"'linear' or 'forgetful' \(the nearest is 'linear'\)"):
        load_settings(StudyFolder(Path("nowhere")), overrides=["conditioner.kind=liner"])


def test_an_unknown_name_is_told_with_file_line_and_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('[model]\ndecoder = "modulatd"\n')
    message = (
        r"study\.toml, line 2: model\.decoder must be 'modulated', 'convolutional' or 'field' "
        r"\(the nearest is 'modulated'\), but is 'modulatd'"
    )
    with pytest.raises(UserError, match=message):
        load_settings(StudyFolder(tmp_path))


@pytest.mark.parametrize("spec", [*CONDITIONERS.values(), *DECODERS.values()])
def test_every_descriptor_names_a_function(spec: ConditionerSpec | DecoderSpec) -> None:
    assert callable(load_builder(spec))


def test_the_first_kinds_are_the_defaults() -> None:
    assert conditioners_of("table")[0] == "mlp"
    assert conditioners_of("images")[0] == "cnn"
    assert Settings().model.decoder == "modulated"
