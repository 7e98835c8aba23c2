"""Every flag of ``SimulGen-VAE.py`` acts, as far as ``test_simulgen_vae.py`` does not show it."""

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr

from simulgenvae.cli.classic.simulgen_vae import _overrides, main, parser
from simulgenvae.study import Study
from simulgenvae.surrogate.surrogate import Surrogate

CONDITION = """
Training_epochs 2
Batch_size 5
n_epoch 2
latent_conditioner_batch 5
Latent_dim 2
Latent_dim_end 4
use_e2e_training 0
num_var 2
"""
FILTERS = {1: "16 12 8", 2: "14 12", 3: "10 8 6", 4: "12 8", 5: "6"}


@pytest.fixture
def study(tmp_path: Path, make_runs: Any, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Return a classic study with the data of presets 1 and 4, as the current folder."""
    for name in ("input_data", "parametric_data"):
        (tmp_path / name).mkdir()
    runs = make_runs()
    for preset in (1, 4):
        fields = runs.fields[:, : 7 - preset].reshape(12, 7 - preset, -1)
        (tmp_path / f"input_data/dataset{preset}.pickle").write_bytes(pickle.dumps(fields))
    (tmp_path / "input_data/condition.txt").write_text(CONDITION)
    blocks = [
        f"data_No, init_beta_divisor\n{preset}\n4\n{widths}\n16\n"
        for preset, widths in FILTERS.items()
    ]
    (tmp_path / "preset.txt").write_text("".join(blocks))
    np.savetxt(tmp_path / "parametric_data/p.csv", runs.params, delimiter=",")
    monkeypatch.chdir(tmp_path)
    return Study(tmp_path)


def trained(study: Study, *flags: str) -> Surrogate:
    assert main(flags) == 0
    return Surrogate.load(study)


def weights(surrogate: Surrogate, network: str) -> dict[str, torch.Tensor]:
    return dict(getattr(surrogate.networks, network).state_dict())


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_preset_has_its_own_data_and_filters(study: Study) -> None:
    first = trained(study)
    assert (first.settings.model.filters, len(first.times)) == ((16, 12, 8), 6)
    fourth = trained(study, "--preset", "4")
    assert (fourth.settings.model.filters, len(fourth.times)) == ((12, 8), 3)
    assert np.load(study.hierarchical_latents_file).shape == (12, 1, 2)


@pytest.mark.parametrize("preset", [2, 3, 5])
def test_every_preset_names_its_data(
    preset: int, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"--preset={preset}"]) == 2
    assert f"input_data/dataset{preset}.pickle: no such file" in capsys.readouterr().err
    study.preset_files(preset)[0].write_text(f"own, file\n{preset}\n4\n8 9\n16\n")
    assert main([f"--preset={preset}"]) == 2
    assert f"preset{preset}.txt, line 4" in capsys.readouterr().err


def test_large_has_two_layers_per_block(study: Study) -> None:
    small, large = trained(study), trained(study, "--size=large")
    assert (small.settings.model.layers, large.settings.model.layers) == (1, 2)
    count = [
        sum(tensor.numel() for tensor in weights(each, "vae").values()) for each in (small, large)
    ]
    assert count[1] > 1.2 * count[0]
    assert same(weights(trained(study, "--size", "small"), "vae"), weights(small, "vae"))


def test_all_in_memory_or_read_as_needed(study: Study) -> None:
    lazy, loaded = trained(study, "--load_all=0"), trained(study, "--load_all", "1")
    assert isinstance(study.open_dataset(lazy.settings).fields, zarr.Array)
    assert isinstance(study.open_dataset(loaded.settings).fields, np.ndarray)
    assert same(weights(lazy, "vae"), weights(loaded, "vae"))
    assert same(weights(lazy, "conditioner"), weights(loaded, "conditioner"))


VAE_FILES = "SimulGen-VAE", "latent_vectors.npy", "xs.npy"
"""What there is of the VAE: its file, and the posterior means of all runs."""


def vae_files(study: Study) -> dict[str, bytes]:
    return {name: (study.model_save / name).read_bytes() for name in VAE_FILES}


def say(study: Study, **keys: object) -> None:
    """Write ``CONDITION`` with other values of these keys, and with further ones."""
    condition = dict(line.split() for line in CONDITION.split("\n") if line) | keys
    study.condition_file.write_text("".join(f"{key} {value}\n" for key, value in condition.items()))


@pytest.mark.parametrize("end_to_end", [0, 1])
def test_the_conditioner_alone_leaves_the_vae_bit_by_bit(study: Study, end_to_end: int) -> None:
    """``--lc_only 1``, also where other keys of the VAE were changed meanwhile."""
    say(study, use_e2e_training=end_to_end)
    first, before = trained(study), vae_files(study)
    say(study, use_e2e_training=end_to_end, n_epoch=3, Training_epochs=5, LearningR=0.1)
    again = trained(study, "--lc_only=1")
    assert vae_files(study) == before
    assert not same(weights(again, "conditioner"), weights(first, "conditioner"))
    stages = ["conditioner", "end_to_end"][: 1 + end_to_end]
    assert [entry.stage for entry in again.info.history] == stages
    assert again.vae_training == first.vae_training
    assert again.settings.training.conditioner.epochs == 3


def test_end_to_end_with_a_frozen_decoder_leaves_the_vae_bit_by_bit(study: Study) -> None:
    say(study, use_e2e_training=0)
    trained(study)
    without = vae_files(study)
    say(study, use_e2e_training=1, e2e_decoder="frozen")
    trained(study)
    assert vae_files(study) == without
    say(study, use_e2e_training=1)
    trained(study)
    assert vae_files(study) != without


def test_end_to_end_goes_on_with_the_vae_of_the_first_stage(study: Study) -> None:
    """It starts from the VAE of the first stage: with next to no learning rate, it ends there."""
    say(study, use_e2e_training=0)
    first = trained(study)
    say(study, use_e2e_training=1, latent_conditioner_lr=1e-12, latent_conditioner_weight_decay=0)
    tuned = trained(study)
    for name, value in weights(tuned, "vae").items():
        torch.testing.assert_close(value, weights(first, "vae")[name], rtol=0, atol=1e-6)
    say(study, use_e2e_training=1)
    assert not same(weights(trained(study), "vae"), weights(first, "vae"))


def test_the_vae_of_another_training(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    """``e2e_vae_model_path`` takes the place of the stage ``vae``; the file is copied as it is."""
    other = trained(study)
    shutil.move(study.vae_file, study.folder / "other.vae")
    content = (study.folder / "other.vae").read_bytes()
    study.conditioner_file.unlink()
    for flags in ([], ["--lc_only=1"]):
        say(study, use_e2e_training=1, e2e_decoder="frozen", e2e_vae_model_path="/other.vae")
        capsys.readouterr()
        started = trained(study, *flags)
        assert {entry.stage for entry in started.info.history} == {
            "conditioner",
            "end_to_end",
        }
        assert same(weights(started, "vae"), weights(other, "vae"))
        assert study.vae_file.read_bytes() == content
        assert ("the stage vae is left out" in capsys.readouterr().out) == (not flags)
    say(study, e2e_vae_model_path="/other.vae")
    assert same(weights(trained(study, "--lc_only=1"), "vae"), weights(other, "vae"))
    say(study, e2e_vae_model_path="/other.vae", Training_epochs=3)
    assert not same(weights(trained(study), "vae"), weights(other, "vae"))
    assert "other.vae" in capsys.readouterr().out
    (study.folder / "other.vae").unlink()
    for flags in ([], ["--lc_only=1"]):
        say(study, use_e2e_training=1, e2e_vae_model_path="/other.vae")
        assert main(flags) == 2
        assert "other.vae does not exist" in capsys.readouterr().err


def test_the_studys_own_vae_is_no_other_one(study: Study) -> None:
    say(study, use_e2e_training=1, e2e_vae_model_path="model_save/SimulGen-VAE")
    assert trained(study).info.stages == ("vae", "conditioner", "end_to_end")


def test_set_comes_before_the_files_and_the_last_one_holds(study: Study) -> None:
    overrides = [
        "--set",
        "model.latent_dim=3",
        "--set=model.latent_dim=5",
        "--set",
        "training.performance.compile=false",
    ]
    settings = trained(study, "--size=large", "--set=model.size = large", *overrides).settings
    assert (settings.model.latent_dim, settings.model.hierarchical_dim) == (5, 2)
    assert settings.model.size == "large"
    assert settings.training.performance.compile is False
    assert settings.training.vae.epochs == 2


def test_keys_of_ours_hold_unless_set_says_something_else(study: Study) -> None:
    keys = "seed 3\npatience 4\nvalidation_fraction 0\ntest_fraction 0.25\nmixup 0.2\ngradient_checkpointing 1\n"
    study.condition_file.write_text(CONDITION + keys)
    surrogate = trained(
        study, "--set=training.vae.patience=5", "--set", "training.augmentation.mixup=0"
    )
    training = surrogate.settings.training
    assert (training.seed, training.vae.patience, training.conditioner.patience) == (3, 5, 4)
    assert training.performance.gradient_checkpointing is True
    assert training.augmentation.mixup == 0.0
    assert [
        len(surrogate.split.train),
        len(surrogate.split.validation),
        len(surrogate.split.test),
    ] == [9, 0, 3]


@pytest.mark.parametrize(
    ("flags", "texts"),
    [
        (["--set", "training.seed"], ["--set training.seed: write it as group.key=value"]),
        (["--set", "training.vae.step=3"], ["is not a setting; the nearest is training.vae.steps"]),
        (
            ["--set=training.vae.steps=true"],
            ["--set training.vae.steps=true: training.vae.steps cannot be true"],
        ),
        (
            ["--size=small", "--set=model.size=large"],
            ["--size small and --set model.size=large contradict"],
        ),
        (
            ["--load_all", "1", "--set", "data.load_all=true", "--set", "data.load_all=0"],
            ["--load_all 1 and --set data.load_all=0 contradict"],
        ),
        (["--size=large", "--set=model.size="], ["--size large and --set model.size= contradict"]),
        (
            ["--size=large", "--set=model.size=huge"],
            ["model.size must be 'small' or 'large', but is 'huge'"],
        ),
        (["--set=data.runs=13"], ["13 in the settings, 12 in the data"]),
    ],
)
def test_mistakes_in_set_are_told_before_anything_is_written(
    flags: list[str],
    texts: list[str],
    study: Study,
    tree: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = tree(study.folder)
    assert main(flags) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert all(text in said for text in texts), said
    assert tree(study.folder) == before


@pytest.mark.parametrize("typed", ["true", "1", "yes"])
def test_a_flag_and_a_setting_that_agree_are_no_mistake(typed: str) -> None:
    options = parser().parse_args(["--load_all=1", f"--set=data.load_all={typed}"])
    assert _overrides(options) == ["data.load_all=true", f"data.load_all={typed}"]


def test_help_shows_the_classic_flags_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = re.sub(r"\s+", " ", capsys.readouterr().out)
    for flag, default in {
        "--preset {1,2,3,4,5}": "(default 1)",
        "--plot {0,1,2}": "2 makes none (default)",
        "--lc_only {0,1}": "1: train",
        "--size {small,large}": "(default: small)",
        "--load_all {0,1}": "(default: 0)",
        "--use_ddp": "one of the processes",
    }.items():
        assert default in text.split(flag)[-1][:200]
