"""Stages of an ensemble, and the networks that they end with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.ensemble import ensemble_stages
from simulgenvae.training.train import train
from tests.conftest import MakeSettings
from tests.training.conftest import MakeProblem


def _split(waves: Dataset) -> Split:
    return Split(waves.ids[:8], waves.ids[8:10], waves.ids[10:])


@pytest.mark.parametrize(
    ("changes", "without", "count"),
    [
        ({}, (), 1),
        ({"refit": False}, (), 0),
        ({}, ("validation",), 0),
        # The validation runs then are the only ones that say how large errors are.
        ({}, ("test",), 0),
    ],
)
def test_there_is_a_refit_where_it_is_wanted_and_test_runs_remain(
    make_problem: MakeProblem,
    make_settings: MakeSettings,
    changes: dict[str, bool],
    without: tuple[str, ...],
    count: int,
) -> None:
    problem = make_problem(make_settings(end_to_end=changes))
    stage = problem.stage("end_to_end")
    stage.data.rows.update({part: np.arange(0) for part in without})
    labels = [found.label for found in ensemble_stages([stage])]
    assert labels == ["end_to_end", *["end_to_end_refit"] * count, "end_to_end_encoder"]


def test_nothing_is_added_to_networks_that_go_on_with_trained_ones(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    stages = ["vae", "conditioner", "end_to_end"]
    found = train(waves, _split(waves), make_settings(2), stages=stages)
    assert not found.refitted
    assert {entry.stage for entry in found.progress.history} == set(stages)


@pytest.mark.parametrize("better", [1, 2])
def test_the_better_network_comes_first_and_has_the_encoder(
    waves: Dataset, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, better: int
) -> None:
    """Which one it is depends on the errors, which are given here."""
    monkeypatch.setattr(
        EndToEndStage,
        "validation_error",
        lambda self, _: torch.tensor(0.1 if self.member == better else 0.2),
    )
    settings = make_settings(4, end_to_end={"members": 2})
    found = train(waves, _split(waves), settings, stages=["end_to_end"])
    decoders = ["modulated", "field"]
    expected = decoders if better == 1 else decoders[::-1]
    for networks in (found.members, found.refitted):
        assert [member.decoder_name for member in networks] == expected
    # The refitted network's decoder and conditioner are those that predict; the encoder is new.
    first = found.refitted[0].state_dict()
    without = {k: v for k, v in found.members[0].state_dict().items() if "encoder" in k}
    assert any(not torch.equal(v, first[k]) for k, v in without.items())
