"""Whole trainings, interrupted in every way and resumed through the command line."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import multiprocessing
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import simulgenvae.training.prepare
import simulgenvae.training.stages
from simulgenvae.cli.main import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split, make_split
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.at_stage import surrogate_at_stage
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.training.batch import Batch
from simulgenvae.training.device import choose_device
from simulgenvae.training.interrupt import Interrupted
from simulgenvae.training.stages import Stage, default_stages
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.vae import VaeStage
from simulgenvae.training.train import Trained, train
from simulgenvae.utils.tensor_file import read_tensors, write_tensors
from tests.conftest import MakeSettings

STAGES = ("vae", "conditioner", "end_to_end")
STEPS = 60
OVERRIDES = {
    "model.filters": [16, 8],
    "model.latent_dim": 4,
    "model.hierarchical_dim": 2,
    "model.time_features": 4,
    "conditioner.filters": [16, 16],
    "conditioner.dropout": 0.2,
    "training.device": '"cpu"',
    "training.validate_every": 7,
    "training.checkpoint_seconds": 0.02,
    **{f"training.{stage}.steps": STEPS for stage in STAGES},
    **{f"training.{stage}.batch_size": 4 for stage in STAGES},
    "training.end_to_end.members": 2,
    "training.end_to_end.from_scratch": "false",
}
ARGUMENTS = [
    argument for key, value in OVERRIDES.items() for argument in ("--set", f"{key}={value}")
]


@pytest.fixture(scope="module")
def uninterrupted(waves: Dataset, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Return a study that was trained in one go."""
    study = _study(waves, tmp_path_factory.mktemp("uninterrupted"))
    assert main(["train", str(study.folder), *ARGUMENTS]) == 0
    return study


def _study(waves: Dataset, folder: Path) -> StudyFolder:
    study = StudyFolder(folder)
    study.input_data.mkdir()
    waves.save(study.dataset)
    return study


def _progress(study: StudyFolder) -> tuple[int, int]:
    """Return stage and step of the last checkpoint.

    The file is replaced as a whole, so that its header can be read always.
    """
    try:
        with (study.checkpoints / "last.safetensors").open("rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    except FileNotFoundError:
        return 0, -1
    progress = json.loads(header["__metadata__"]["json"])["progress"]
    return progress["stage"], progress["step"]


def _has_reached(study: StudyFolder, moment: tuple[int, int]) -> bool:
    return _progress(study) >= moment


def _wait(reached: Callable[[], bool], alive: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not reached() and alive() and time.monotonic() < end:
        time.sleep(0.002)


def _assert_same_model(one: StudyFolder, other: StudyFolder) -> None:
    for file in (
        "vae_file",
        "conditioner_file",
        "ensemble_file",
        "latents_file",
        "hierarchical_latents_file",
    ):
        assert getattr(one, file).read_bytes() == getattr(other, file).read_bytes(), file


def test_training_twice_gives_the_same_bits(
    waves: Dataset, uninterrupted: StudyFolder, tmp_path: Path
) -> None:
    study = _study(waves, tmp_path)
    assert main(["train", str(study.folder), *ARGUMENTS]) == 0
    _assert_same_model(study, uninterrupted)


def test_killed_and_resumed_is_bit_for_bit_uninterrupted(
    waves: Dataset, uninterrupted: StudyFolder, tmp_path: Path
) -> None:
    """SIGKILL at a random moment of every stage, then ``--resume``."""
    study, chance = _study(waves, tmp_path), random.Random(0)
    context = multiprocessing.get_context("fork")  # copies of this process have torch already
    killed = []
    for stage in range(len(STAGES) + 1):  # the second member is the last
        moment = stage, chance.randrange(1, STEPS)
        process = context.Process(
            target=main, args=(["train", str(study.folder), *ARGUMENTS, "--resume"],)
        )
        process.start()
        _wait(partial(_has_reached, study, moment), process.is_alive)
        time.sleep(0.03 * chance.random())
        assert process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed.append(process.exitcode == -signal.SIGKILL)
    assert sum(killed) >= 2, "nearly all were killed while they trained"
    assert main(["train", str(study.folder), *ARGUMENTS, "--resume"]) == 0
    _assert_same_model(study, uninterrupted)


def test_resuming_a_finished_training_changes_nothing(uninterrupted: StudyFolder) -> None:
    before = uninterrupted.vae_file.read_bytes()
    assert main(["train", str(uninterrupted.folder), *ARGUMENTS, "--resume"]) == 0
    assert uninterrupted.vae_file.read_bytes() == before


def test_ctrl_c_saves_says_how_to_go_on_and_leaves_130(waves: Dataset, tmp_path: Path) -> None:
    study = _study(waves, tmp_path)
    command = [sys.executable, "-m", "simulgenvae.cli.main", "train", str(study.folder), *ARGUMENTS]
    command += ["--set", "training.vae.steps=1000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _wait(lambda: _progress(study) >= (0, 1), lambda: process.poll() is None)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert _progress(study) > (0, 0)
    assert not study.vae_file.exists()


def test_other_settings_or_data_are_not_resumed(
    uninterrupted: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "train",
        str(uninterrupted.folder),
        *ARGUMENTS,
        "--resume",
        "--set",
        "training.vae.learning_rate=0.1",
    ]
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert "settings.training.vae.learning_rate was" in errors
    assert "--overwrite" in errors


@pytest.mark.parametrize(
    "override",
    [
        "training.device=auto",
        "training.checkpoint_seconds=500",
        "training.performance.workers=2",
        "data.load_all=true",
    ],
)
def test_settings_without_effect_may_change_on_resume(
    uninterrupted: StudyFolder, override: str
) -> None:
    before = uninterrupted.conditioner_file.read_bytes()
    assert (
        main(["train", str(uninterrupted.folder), *ARGUMENTS, "--resume", "--set", override]) == 0
    )
    loaded = Surrogate.load(uninterrupted)
    surrogate_at_stage(loaded, uninterrupted, "vae")
    assert main(["train", str(uninterrupted.folder), *ARGUMENTS, "--resume"]) == 0
    assert uninterrupted.conditioner_file.read_bytes() == before


def test_other_validation_runs_are_not_resumed(
    waves: Dataset, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """They choose the weights."""
    settings = make_settings(2)
    one, two = (Split(waves.ids[:8], held, ()) for held in (waves.ids[8:10], waves.ids[10:]))
    train(waves, one, settings, stages=STAGES, folder=tmp_path)
    with pytest.raises(UserError, match="validation runs was"):
        train(waves, two, settings, stages=STAGES, folder=tmp_path, resume=True)


def _replace_stage(patch: pytest.MonkeyPatch, name: str, stage: type[Stage]) -> None:
    registry = simulgenvae.training.stages.STAGES
    patch.setitem(registry, name, dataclasses.replace(registry[name], stage_class=stage))


class _Interrupting(VaeStage):
    """During whose third step the user presses Ctrl-C."""

    calls = 0

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, torch.Tensor]:
        self.calls += 1
        if self.calls == 3:
            signal.raise_signal(signal.SIGINT)
        return super().losses(batch, kl_weight)


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("last", "networks/vae.times", torch.zeros(3)),
        ("last", "optimizer/0.0.exp_avg", None),
        ("last", "optimizer/1.0.momentum_buffer", torch.zeros(2, 2)),
        ("last", "rng/cpu", torch.zeros(3)),
        ("prepared", "coefficients", torch.zeros(12, 8)),
        ("prepared", "coefficients", None),
        ("prepared", "basis", torch.zeros(2, 2)),
        ("prepared", "mean", torch.zeros(30, 1, dtype=torch.bfloat16)),
    ],
)
def test_damaged_checkpoints_are_refused(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    name: str,
    value: torch.Tensor | None,
) -> None:
    settings = make_settings(5)
    split = make_split(waves.ids, settings.data, None)
    with monkeypatch.context() as patch:
        _replace_stage(patch, "vae", _Interrupting)
        with pytest.raises(Interrupted):
            train(waves, split, settings, stages=STAGES, folder=tmp_path)
    path = tmp_path / f"{file}.safetensors"
    tensors, about = read_tensors(path)
    assert name in tensors
    changed = (
        tensors | {name: value}
        if value is not None
        else {k: v for k, v in tensors.items() if k != name}
    )
    write_tensors(path, changed, about)
    with pytest.raises(UserError, match="damaged"):
        train(waves, split, settings, stages=STAGES, folder=tmp_path, resume=True)


class _InterruptingMember(EndToEndStage):
    """During the third step of whose second member the user presses Ctrl-C."""

    calls = 0

    def losses(self, batch: Batch, kl_weight: float) -> dict[str, torch.Tensor]:
        self.calls += self.member == 2
        if self.calls == 3:
            signal.raise_signal(signal.SIGINT)
        return super().losses(batch, kl_weight)


def _assert_same_members(one: Trained, other: Trained) -> None:
    assert len(one.members) == len(other.members)
    for mine, others in zip(one.members, other.members, strict=True):
        weights = others.state_dict()
        assert all(torch.equal(value, weights[name]) for name, value in mine.state_dict().items())


PLANS = [("end_to_end",), STAGES]
"""From new weights, and on with the networks of the first two stages."""


@pytest.mark.parametrize("stages", PLANS)
def test_members_learn_from_weights_of_their_own(
    waves: Dataset, make_settings: MakeSettings, tmp_path: Path, stages: tuple[str, ...]
) -> None:
    settings, one = make_settings(3, end_to_end={"members": 2}), make_settings(3)
    split = make_split(waves.ids, settings.data, None)
    trained = train(waves, split, settings, stages=stages, folder=tmp_path)
    # The encoder of networks that go on with trained ones is trained already.
    encoder = ["end_to_end_encoder"] if stages == ("end_to_end",) else []
    labels = [entry.stage for entry in trained.progress.history]
    assert labels == [*stages, "end_to_end_2", *encoder]
    # The one with the encoder comes first, which may be the second one that was trained.
    by_error = sorted(trained.members, key=lambda member: member.decoder_name != "modulated")
    first, second = (member.state_dict() for member in by_error)
    assert not torch.equal(first["vae.decoder.output.weight"], second["vae.decoder.output.weight"])
    assert all(
        torch.equal(first[name], second[name]) for name in ("vae.times", "vae.coefficient_std")
    )
    alone = train(waves, split, one, stages=stages).members
    assert len(alone) == 1
    predicting = [name for name in first if name.startswith(("vae.decoder.", "conditioner.table"))]
    assert all(torch.equal(alone[0].state_dict()[name], first[name]) for name in predicting)
    for label, weights in (("end_to_end", first), ("end_to_end_2", second)):
        kept, _ = read_tensors(tmp_path / f"{label}.safetensors")
        assert all(torch.equal(kept[name], weights[name]) for name in kept if name in predicting)


@pytest.mark.parametrize("stages", PLANS)
def test_interrupted_members_go_on_as_if_never_stopped(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stages: tuple[str, ...],
) -> None:
    settings = make_settings(5, end_to_end={"members": 3})
    split = make_split(waves.ids, settings.data, None)
    whole = train(waves, split, settings, stages=stages)
    with monkeypatch.context() as patch:
        _replace_stage(patch, "end_to_end", _InterruptingMember)
        with pytest.raises(Interrupted):
            train(waves, split, settings, stages=stages, folder=tmp_path)
    resumed = train(waves, split, settings, stages=stages, folder=tmp_path, resume=True)
    _assert_same_members(resumed, whole)
    assert resumed.progress == whole.progress
    again = train(waves, split, settings, stages=stages, folder=tmp_path, resume=True)
    _assert_same_members(again, whole)


@pytest.mark.parametrize("decoder", ["trained", "frozen"])
def test_further_stages_have_the_trained_vae_and_a_new_conditioner(
    waves: Dataset, make_settings: MakeSettings, decoder: str
) -> None:
    """Before its first step changes anything: with no learning rate."""
    still = {"learning_rate": 1e-30, "weight_decay": 0.0}
    settings = make_settings(2, end_to_end={"members": 2, "decoder": decoder} | still)
    first, second = train(
        waves, make_split(waves.ids, settings.data, None), settings, stages=STAGES
    ).members
    one, other = first.state_dict(), second.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one if name.startswith("vae."))
    assert not torch.equal(
        one["conditioner.table.input.weight"], other["conditioner.table.input.weight"]
    )


@pytest.mark.parametrize("end_to_end", [{"decoder": "frozen"}, {"enabled": False}])
def test_the_vae_of_its_own_stage_is_kept_bit_by_bit(
    waves: Dataset, make_settings: MakeSettings, tmp_path: Path, end_to_end: dict[str, object]
) -> None:
    settings = make_settings(3, end_to_end=end_to_end)
    split = make_split(waves.ids, settings.data, None)
    kept = (
        train(waves, split, settings, stages=default_stages(settings), folder=tmp_path)
        .members[0]
        .state_dict()
    )
    after, _ = read_tensors(tmp_path / "vae.safetensors")
    assert all(
        torch.equal(kept[name], value) for name, value in after.items() if name.startswith("vae.")
    )


@pytest.mark.parametrize(
    "change", [{"vae.times": None}, {"vae.times": torch.zeros(3)}, {"other": torch.zeros(1)}]
)
def test_a_damaged_member_is_not_resumed(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    change: dict[str, torch.Tensor | None],
) -> None:
    settings = make_settings(1, end_to_end={"members": 2})
    split = make_split(waves.ids, settings.data, None)
    train(waves, split, settings, stages=STAGES, folder=tmp_path)
    path = tmp_path / "end_to_end.safetensors"
    tensors, about = read_tensors(path)
    write_tensors(
        path,
        {name: value for name, value in (tensors | change).items() if value is not None},
        about,
    )
    with pytest.raises(UserError, match=r"end_to_end\.safetensors is damaged"):
        train(waves, split, settings, stages=STAGES, folder=tmp_path, resume=True)
    write_tensors(path, tensors, {"identity": about["identity"] | {"data": "other"}})
    with pytest.raises(UserError, match=r"end_to_end\.safetensors belongs to another training"):
        train(waves, split, settings, stages=STAGES, folder=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("stages", "end_to_end"),
    [
        (["vae"], {}),
        (["vae", "conditioner"], {"members": 3}),
        (STAGES, {"from_scratch": False}),
        (STAGES, {"decoder": "frozen"}),
    ],
)
def test_what_is_fine_tuned_has_one_member_unless_more_are_asked_for(
    waves: Dataset, make_settings: MakeSettings, stages: list[str], end_to_end: dict[str, object]
) -> None:
    settings = make_settings(1, end_to_end={"members": None} | end_to_end)
    trained = train(waves, make_split(waves.ids, settings.data, None), settings, stages=stages)
    assert len(trained.members) == 1
    assert [entry.stage for entry in trained.progress.history] == list(stages)


def test_resuming_without_a_checkpoint_starts_and_says_so(
    waves: Dataset,
    make_settings: MakeSettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = make_settings(2)
    caplog.set_level(logging.INFO)
    split = make_split(waves.ids, settings.data, None)
    trained = train(waves, split, settings, stages=STAGES, folder=tmp_path, resume=True)
    assert "starts from the beginning" in caplog.text
    assert len(trained.progress.history) == 3


def test_the_random_state_of_the_caller_is_left_alone(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(waves, make_split(waves.ids, settings.data, None), settings, stages=STAGES)
    assert torch.equal(torch.rand(3), expected)


def test_held_out_runs_do_not_influence_the_networks(
    waves: Dataset, make_settings: MakeSettings
) -> None:
    """Not one bit, where no validation chooses among the weights."""
    settings = make_settings(3)
    fields = np.array(waves.fields)
    fields[[10, 11]] *= 50.0
    other = Dataset.from_arrays(
        fields, waves.conditions, times=waves.times, coords=waves.mesh.coords
    )
    split = Split(waves.ids[:10], waves.ids[10:11], waves.ids[11:])
    one, two = (
        train(data, split, settings, stages=STAGES).members[0].state_dict()
        for data in (waves, other)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_seed_of_its_own_gives_other_weights(waves: Dataset, make_settings: MakeSettings) -> None:
    split = make_split(waves.ids, make_settings().data, None)
    one, two = (
        train(waves, split, make_settings(1, seed=seed), stages=["vae"])
        .members[0]
        .vae.decoder.get_parameter("output.weight")
        for seed in (0, 1)
    )
    assert not torch.equal(one, two)


def test_device() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    if torch.cuda.is_available():
        assert choose_device("auto").type == choose_device("cuda").type == "cuda"
    else:
        assert choose_device("auto") == torch.device("cpu")
        with pytest.raises(UserError, match="no GPU"):
            choose_device("cuda")


def test_the_fine_tuned_vae_reconstructs_unseen_runs_as_well_as_after_its_own_stage(
    make_waves: Callable[..., Dataset], make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A short stage end to end, with a conditioner that is far off, would drive it away."""
    waves = make_waves(runs=24)
    settings = make_settings(80, vae={"steps": 400}, conditioner={"steps": 20}, validate_every=2)
    split = make_split(waves.ids, settings.data, None)
    trained = train(waves, split, settings, stages=STAGES, folder=tmp_path)
    (networks,) = trained.members
    unseen = torch.from_numpy(np.asarray(trained.coefficients)[trained.rows["test"]])

    def error() -> float:
        with torch.inference_mode():
            decoded = networks.vae.decode(networks.vae.encode(unseen)[0])
        return float((decoded - unseen).norm() / unseen.norm())

    after_all = error()
    weights, _ = read_tensors(tmp_path / "vae.safetensors")
    networks.load_state_dict(weights)
    assert after_all < 1.1 * error()
