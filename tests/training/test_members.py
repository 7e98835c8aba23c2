"""How many networks an ensemble has, and which decoders they have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import Cells
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import Settings
from simulgenvae.training.batch import Batch
from simulgenvae.training.members import member_count
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.train import Trained, train
from tests.conftest import MakeSettings, MakeWaves


def decoders(dataset: Dataset, settings: Settings, *stages: str) -> list[str]:
    """Return the decoder of each member after a training of one step."""
    return [member.decoder_name for member in trained(dataset, settings, *stages).members]


def trained(dataset: Dataset, settings: Settings, *stages: str, **options: Any) -> Trained:
    split = Split(dataset.ids[:8], dataset.ids[8:10], dataset.ids[10:])
    return train(dataset, split, settings, stages=stages or ["end_to_end"], **options)


def test_the_number_of_networks() -> None:
    assert [member_count(None, 100, 9, images=seen) for seen in (False, True)] == [3, 2]
    assert [member_count(None, runs, 100, images=False) for runs in (199, 200)] == [3, 2]
    assert member_count(5, 200, 100, images=True) == 5


@pytest.mark.parametrize(
    ("end_to_end", "expected"),
    [
        ({"members": None}, ["modulated", "field", "better"]),
        ({"members": 2}, ["modulated", "field"]),
        ({"members": 1}, ["modulated"]),
        ({"members": 2, "second_decoder": "none"}, ["modulated", "modulated"]),
        ({"members": 2, "second_decoder": "convolutional"}, ["modulated", "convolutional"]),
        ({"members": 2, "loss": "mae"}, ["modulated", "modulated"]),
    ],
)
def test_the_second_network_has_another_decoder(
    waves: Dataset,
    make_settings: MakeSettings,
    end_to_end: dict[str, Any],
    expected: list[str],
) -> None:
    found = decoders(waves, make_settings(1, end_to_end=end_to_end))
    # The one with the encoder comes first, which may be the second one that was trained.
    assert sorted(found) == sorted(found[-1] if name == "better" else name for name in expected)


@pytest.mark.parametrize("better", ["modulated", "field"])
def test_further_networks_have_the_decoder_of_the_better_one(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    better: str,
) -> None:
    """Also when the training is resumed in the middle of them, and after its end."""
    error = EndToEndStage.validation_error

    def favouring(stage: EndToEndStage, batch: Batch) -> Tensor:
        return error(stage, batch) * (1 if stage.networks.decoder_name == better else 1e6)

    monkeypatch.setattr(EndToEndStage, "validation_error", favouring)
    settings = make_settings(2, end_to_end={"members": 4})
    whole = trained(waves, settings)
    other = {"modulated": "field", "field": "modulated"}[better]
    # The better one has the encoder, and comes first.
    assert [member.decoder_name for member in whole.members] == [better, other, better, better]
    losses = EndToEndStage.losses

    def interrupted(stage: EndToEndStage, *arguments: Any) -> dict[str, Tensor]:
        if stage.member == 4:
            raise KeyboardInterrupt
        return losses(stage, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(EndToEndStage, "losses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(waves, settings, folder=tmp_path)
    for _ in range(2):
        resumed = trained(waves, settings, folder=tmp_path, resume=True)
        for found, expected in zip(resumed.members, whole.members, strict=True):
            assert found.decoder_name == expected.decoder_name
            weights = expected.state_dict()
            for name, value in found.state_dict().items():
                torch.testing.assert_close(value, weights[name], rtol=0, atol=0)


def test_another_decoder_of_the_first_network_is_that_of_all(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(1, model={"decoder": "convolutional"}, end_to_end={"members": 2})
    assert decoders(waves, settings) == ["convolutional"] * 2


def test_where_training_continues_all_decoders_are_the_same(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(1, end_to_end={"members": 2})
    assert decoders(waves, settings, "vae", "conditioner", "end_to_end") == ["modulated"] * 2


@pytest.mark.parametrize(
    ("coords", "reason"),
    [(None, "no node positions"), (np.ones((30, 2)), "all nodes are at one place")],
)
def test_nodes_without_positions_have_no_field(
    make_waves: MakeWaves,
    make_settings: MakeSettings,
    coords: np.ndarray | None,
    reason: str,
) -> None:
    somewhere = replace(make_waves(), mesh=Mesh(coords, Cells.none()))
    assert decoders(somewhere, make_settings(1, end_to_end={"members": 2})) == ["modulated"] * 2
    wanted = make_settings(1, end_to_end={"members": 2, "second_decoder": "field"})
    with pytest.raises(UserError, match=reason):
        decoders(somewhere, wanted)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"reduction": {"method": "none"}}, "second_decoder = field needs reduction.method = pod"),
        ({"training": {"loss": "mae"}}, "second_decoder = field learns from mean squares only"),
    ],
)
def test_a_field_that_cannot_be_learned_is_refused(settings: dict[str, Any], reason: str) -> None:
    training = settings.get("training", {}) | {"end_to_end": {"second_decoder": "field"}}
    with pytest.raises(ValueError, match=reason):
        Settings.model_validate(settings | {"training": training})
