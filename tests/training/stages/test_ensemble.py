"""Stages of an ensemble, and the networks that they end with."""

from __future__ import annotations

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


@pytest.mark.parametrize("refits", [True, False])
def test_a_network_is_followed_by_its_refit_and_the_last_one_by_the_encoder(
    make_problem: MakeProblem, make_settings: MakeSettings, *, refits: bool
) -> None:
    stage = make_problem(make_settings()).stage("end_to_end")
    labels = [found.label for found in ensemble_stages([stage], refits=refits)]
    assert labels == ["end_to_end", *["end_to_end_refit"] * refits, "end_to_end_encoder"]


@pytest.mark.parametrize(
    ("changes", "validation", "test", "refitted"),
    [
        ({"refit": True}, 2, 2, True),
        ({"refit": False}, 2, 2, False),
        ({"refit": True}, 0, 2, False),
        # The validation runs then are the only ones that say how large errors are.
        ({"refit": True}, 2, 0, False),
    ],
)
def test_there_is_a_refit_where_it_is_wanted_and_test_runs_remain(
    waves: Dataset,
    make_settings: MakeSettings,
    changes: dict[str, bool],
    validation: int,
    test: int,
    *,
    refitted: bool,
) -> None:
    last = 8 + validation
    split = Split(waves.ids[:8], waves.ids[8:last], waves.ids[last : last + test])
    found = train(waves, split, make_settings(2, end_to_end=changes), stages=["end_to_end"])
    assert len(found.refitted) == (len(found.members) if refitted else 0)


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
    settings = make_settings(4, end_to_end={"members": 2, "refit": True})
    found = train(waves, _split(waves), settings, stages=["end_to_end"])
    decoders = ["modulated", "field"]
    expected = decoders if better == 1 else decoders[::-1]
    for networks in (found.members, found.refitted):
        assert [member.decoder_name for member in networks] == expected
    # The refitted network's decoder and conditioner are those that predict; the encoder is new.
    first = found.refitted[0].state_dict()
    without = {k: v for k, v in found.members[0].state_dict().items() if "encoder" in k}
    assert any(not torch.equal(v, first[k]) for k, v in without.items())
