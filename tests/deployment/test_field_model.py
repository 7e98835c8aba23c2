from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.deployment.field_model import FieldModel
from simulgenvae.deployment.write import inputs_of, largest_difference, random_conditions
from simulgenvae.errors import UserError
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate
from tests.conftest import MakeSettings

MakeSurrogate = Callable[..., Surrogate]
KINDS = ["table", "none", "convolutional", "cnn", "vit", "both", "many components", "categories"]


@pytest.mark.parametrize("weight", [0.0, 0.4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_network_says_what_the_surrogate_says(
    make_surrogate: MakeSurrogate, kind: str, weight: float
) -> None:
    surrogate = make_surrogate(kind, weight)
    designs = random_conditions(surrogate.condition_scaler, 4)
    given = {name: torch.from_numpy(array) for name, array in inputs_of(designs).items()}
    with torch.inference_mode():
        found = FieldModel(surrogate)(**given).numpy()
    expected = surrogate.predict(designs)["fields"].to_numpy()
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert largest_difference(found, expected) < 2e-5


def test_the_network_has_the_mean_over_both_kernels(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("both", 0.4)
    ensemble = surrogate.ensemble
    assert len(ensemble.pod_gp.by_kernel) == 2
    mixed = replace(ensemble.pod_gp, weights=(0.6, 0.4))
    surrogate = replace(surrogate, ensemble=replace(ensemble, pod_gp=mixed))
    designs = random_conditions(surrogate.condition_scaler, 4)
    given = {name: torch.from_numpy(array) for name, array in inputs_of(designs).items()}
    with torch.inference_mode():
        found = FieldModel(surrogate)(**given).numpy()
    assert largest_difference(found, surrogate.predict(designs)["fields"].to_numpy()) < 2e-5


def test_networks_without_weight_are_left_out(make_surrogate: MakeSurrogate) -> None:
    surrogate = make_surrogate("table", 0.0)
    members = surrogate.ensemble.members[:1] * 2
    twice = replace(surrogate.ensemble, members=members, member_weights=(0.0, 1.0))
    surrogate = replace(surrogate, ensemble=twice)
    designs = random_conditions(surrogate.condition_scaler, 2)
    given = {name: torch.from_numpy(array) for name, array in inputs_of(designs).items()}
    model = FieldModel(surrogate)
    assert len(model.members) == 1
    with torch.inference_mode():
        found = model(**given).numpy()
    assert largest_difference(found, surrogate.predict(designs)["fields"].to_numpy()) < 2e-5


def test_the_cases_have_mirrored_images_and_components_that_share_a_length_scale(
    make_surrogate: MakeSurrogate,
) -> None:
    ensemble = make_surrogate("many components").ensemble
    assert ensemble.mirror_views
    arrays = ensemble.pod_gp.leading.arrays()
    assert arrays["theta"].shape[1] - 2 < arrays["x"].shape[1]


def test_the_vae_alone_predicts_nothing(waves: Dataset, make_settings: MakeSettings) -> None:
    with pytest.raises(UserError, match="--stage conditioner"):
        FieldModel(fit(waves, make_settings(1), stages=["vae"]))
