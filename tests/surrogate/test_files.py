"""Model files that are damaged, mixed up or made to harm.

What they are for is in test_surrogate.py.
"""

from __future__ import annotations

import os
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.files import load_parts
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.load_warm_start import load_warm_start
from simulgenvae.surrogate.surrogate import Surrogate
from simulgenvae.utils.tensor_file import read_tensors, write_tensors
from tests.conftest import MakeSettings

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def original(
    make_waves: Callable[..., Dataset],
    make_settings: MakeSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> StudyFolder:
    study = StudyFolder(tmp_path_factory.mktemp("original"))
    dataset = make_waves(variables=2)
    fit(dataset, make_settings(2, end_to_end={"members": 2}), study=study)
    return study


@pytest.fixture(scope="module")
def other_study(
    make_waves: Callable[..., Dataset],
    make_settings: MakeSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> StudyFolder:
    """Return the study of another training on the same data."""
    study = StudyFolder(tmp_path_factory.mktemp("other"))
    fit(make_waves(variables=2), make_settings(2, seed=1), study=study)
    return study


@pytest.fixture
def study(original: StudyFolder, tmp_path: Path) -> StudyFolder:
    """Return a copy that a test may damage."""
    shutil.copytree(original.model_save, StudyFolder(tmp_path).model_save)
    return StudyFolder(tmp_path)


def _change(path: Path, change: Callable[[Tensors, dict[str, Any]], object]) -> None:
    tensors, about = read_tensors(path)
    change(tensors, about)
    write_tensors(path, tensors, about)


def _assert_refused(study: StudyFolder, told: str = "does not hold a complete model") -> None:
    """With a message that names the file, and without taking memory that the file does not hold."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=told) as caught:
            load_parts(study)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert str(study.model_save) in str(caught.value)


def test_round_trip(study: StudyFolder) -> None:
    parts = load_parts(study)
    surrogate = Surrogate(**vars(parts))
    before = {path.name: path.read_bytes() for path in study.model_save.iterdir()}
    surrogate.save(study)
    assert {path.name: path.read_bytes() for path in study.model_save.iterdir()} == before
    assert all(value.device.type == "cpu" for value in parts.networks.state_dict().values())
    assert not parts.networks.training


@pytest.mark.parametrize("name", ["vae_file", "conditioner_file", "ensemble_file"])
def test_missing_and_truncated_files(study: StudyFolder, name: str) -> None:
    path: Path = getattr(study, name)
    content = path.read_bytes()
    for share in (0.001, 0.5, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        _assert_refused(study, "is damaged")
    os.truncate(path, 0)
    _assert_refused(study, "is damaged")
    path.unlink()
    _assert_refused(study, "does not exist: train first")


@pytest.mark.parametrize("name", ["vae_file", "conditioner_file", "ensemble_file"])
def test_a_flipped_byte_in_the_header_is_an_error_for_users(study: StudyFolder, name: str) -> None:
    """Any one: the file is refused in words, or still read."""
    path: Path = getattr(study, name)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    for position in np.random.default_rng(0).integers(0, 8 + size, 40):
        damaged = bytearray(content)
        damaged[position] ^= 0x15
        path.write_bytes(damaged)
        try:
            load_parts(study)
        except UserError as error:
            assert str(path.parent) in str(error)  # noqa: PT017 - most positions raise, some do no harm


def test_a_conditioner_of_another_vae_is_refused(
    study: StudyFolder, other_study: StudyFolder, make_settings: MakeSettings
) -> None:
    shutil.copy(other_study.conditioner_file, study.conditioner_file)
    _assert_refused(study, "trained for another VAE")
    with pytest.raises(UserError, match="trained for another VAE"):
        load_warm_start(study.vae_file, study, make_settings(2), conditioner=True)
    load_warm_start(study.vae_file, study, make_settings(2), conditioner=False)


def test_a_vae_without_conditioner_says_what_is_missing(
    study: StudyFolder,
    make_waves: Callable[..., Dataset],
    make_settings: MakeSettings,
    tmp_path: Path,
) -> None:
    alone = StudyFolder(tmp_path / "alone")
    fit(make_waves(variables=2), make_settings(2), stages=["vae"], study=alone)
    assert alone.vae_file.exists()
    _assert_refused(alone, "LatentConditioner does not exist: train")


def test_another_format_version(study: StudyFolder) -> None:
    _change(study.vae_file, lambda tensors, about: about.update(format_version=1))
    _assert_refused(study, "format version 1")


@pytest.mark.parametrize(
    "model",
    [
        {"filters": [16384, 16383, 16382, 16381, 16380]},
        {"filters": [16384]},
        {"latent_dim": 4096},
        {"latent_dim": 5},
        {"filters": [10**9]},
        {"filters": list(range(2000, 0, -1))},
        {"decoder": "convolutional"},
        {"size": "large"},
        {"surprise": 1},
        {"filters": "wide"},
        None,
    ],
)
def test_settings_that_are_not_those_of_the_weights(
    study: StudyFolder, model: dict[str, Any] | None
) -> None:
    def change(tensors: Tensors, about: dict[str, Any]) -> None:
        about["settings"]["model"] = model if model is None else about["settings"]["model"] | model

    _change(study.vae_file, change)
    _assert_refused(study)


def _without(name: str, tensors: Tensors, _: dict[str, Any]) -> None:
    tensors.pop(name)


def _names(study: StudyFolder) -> list[str]:
    return sorted(read_tensors(study.vae_file)[0])


def test_every_tensor_is_needed(study: StudyFolder) -> None:
    content = study.vae_file.read_bytes()
    for name in _names(study):
        # Some data have no positions, and models of earlier versions no latents.
        if name in {"coords", "training_latents"}:
            continue
        _change(study.vae_file, partial(_without, name))
        with pytest.raises(UserError, match="does not hold a complete model"):
            load_parts(study)
        study.vae_file.write_bytes(content)


@pytest.mark.parametrize(
    "key", ["settings", "condition_scaler", "info", "split", "variables", "units"]
)
def test_every_entry_of_the_description_is_needed(study: StudyFolder, key: str) -> None:
    _change(study.vae_file, lambda tensors, about: about.pop(key))
    _assert_refused(study)


SHAPES: dict[str, torch.Tensor] = {
    "times": torch.zeros(3),
    "training_latents": torch.zeros(9, 2),
    "training_latents in a row": torch.zeros(9),
    "training_latents of no run": torch.zeros(0, 6),
    "times that fall": torch.arange(8.0, 0.0, -1.0),
    "times that are a table": torch.zeros(8, 2),
    "coords": torch.zeros(4, 1),
    "cells.quad": torch.full((1, 4), 30),
    "cells.blob": torch.zeros(1, 4, dtype=torch.int64),
    "cells.quad that is no integer": torch.zeros(1, 4),
    "cells.types": torch.zeros(1, dtype=torch.uint8),
    "reduction.basis": torch.zeros(60, 0),
    "reduction.mean": torch.zeros(30, 1),
    "reduction.spread": torch.zeros(1),
    "reduction.centre": torch.zeros(1, 200_000),
    "reduction.half_span": torch.zeros(60, 2),
    "vae.coefficient_std": torch.zeros(1),
    "vae.decoder.output.weight": torch.zeros(2, 2),
    "vae.times": torch.zeros(8, dtype=torch.float64),
    "vae.encoder.input.bias": torch.zeros(16, dtype=torch.int64),
    "vae.surprise": torch.zeros(1),
    "reduction.spread that is zero": torch.zeros(2, dtype=torch.float64),
    "reduction.mean that is no number": torch.full((30, 2), torch.nan, dtype=torch.float64),
    "times of half precision": torch.arange(8).to(torch.bfloat16),
}


@pytest.mark.parametrize("name", SHAPES)
def test_arrays_that_do_not_fit(study: StudyFolder, name: str) -> None:
    _change(
        study.vae_file, lambda tensors, about: tensors.update({name.split(" ", 1)[0]: SHAPES[name]})
    )
    with pytest.raises(UserError):
        load_parts(study)


def test_all_kinds_of_cells_are_read(study: StudyFolder) -> None:
    cells = {
        "types": torch.tensor([7, 22], dtype=torch.uint8),
        "offsets": torch.tensor([0, 5, 11]),
        "connectivity": torch.arange(11),
    }
    _change(
        study.vae_file,
        lambda tensors, about: tensors.update({f"cells.{key}": cells[key] for key in cells}),
    )
    found = load_parts(study)
    assert {name: table.tolist() for name, table in found.mesh.cells.items()} == {
        "polygon5": [[0, 1, 2, 3, 4]],
        "triangle6": [[5, 6, 7, 8, 9, 10]],
    }
    # The same file again: what it is written with has the same arrays.
    again = found.mesh.cells.arrays()
    assert {key: torch.from_numpy(again[key]).tolist() for key in again} == {
        key: cells[key].tolist() for key in cells
    }


def test_shapes_that_broadcast_to_a_huge_field(study: StudyFolder) -> None:
    """Two arrays of a million entries each must not become a field of a million millions."""

    def change(tensors: Tensors, about: dict[str, Any]) -> None:
        tensors["reduction.mean"] = torch.zeros(1_000_000, 1)
        tensors["reduction.centre"] = tensors["reduction.half_span"] = torch.ones(1, 1_000_000)
        tensors["reduction.basis"] = torch.zeros(1_000_000, 1)

    _change(study.vae_file, change)
    with pytest.raises(UserError, match="does not hold a complete model"):
        load_parts(study)


@pytest.mark.parametrize(
    "split",
    [
        {},
        {"train": ["run0", ["run1"]], "validation": [], "test": []},
        {"train": ["run0", 1], "validation": [], "test": []},
        {"train": ["run0", "run1"], "validation": ["run1"], "test": []},
        {"train": [], "validation": ["run1"], "test": []},
        {"train": ["a"]},
        {"train": 3, "validation": [], "test": []},
        {"training": [], "x": [], "y": []},
        5,
    ],
)
def test_a_split_that_is_none(study: StudyFolder, split: object) -> None:
    _change(study.vae_file, lambda tensors, about: about.update(split=split))
    _assert_refused(study)


def test_names_that_do_not_fit_the_fields(study: StudyFolder) -> None:
    _change(study.vae_file, lambda tensors, about: about.update(variables=["u"]))
    _assert_refused(study)


@pytest.mark.parametrize(
    "names", [{"variables": [1, 2]}, {"variables": ["u", "u"]}, {"units": [None, "m"]}]
)
def test_names_that_are_none(study: StudyFolder, names: dict[str, Any]) -> None:
    _change(study.vae_file, lambda tensors, about: about.update(names))
    _assert_refused(study)


@pytest.mark.parametrize(
    "info",
    [
        {"data_fingerprint": None},
        {"stages": "vae"},
        {"stages": ["../../vae"]},
        {"stages": [["vae"]]},
        {"history": 3},
        {"history": [{}]},
        {"history": [{"stage": "vae", "step": "late", "train": 0.0, "validation": 0.0}]},
        {"history": [{"stage": "vae", "step": 10**400, "train": 0.0, "validation": 0.0}]},
        {"history": [{"stage": "end_to_end_x", "step": 1, "train": 0.0, "validation": 0.0}]},
        {"history": [{"stage": "other", "step": 1, "train": 0.0, "validation": 0.0}]},
        {
            "history": [
                {"stage": "vae", "step": 1, "train": 0.0, "train_error": [], "validation": 0.0}
            ]
        },
        {"warnings": "vae: overfitting"},
        {"warnings": [3]},
        {"warnings": ["\x1b[31mred"]},
    ],
)
def test_information_of_the_wrong_kind(study: StudyFolder, info: dict[str, Any]) -> None:
    _change(study.vae_file, lambda tensors, about: about["info"].update(info))
    _assert_refused(study)


@pytest.mark.parametrize("key", ["data_fingerprint", "stages", "history"])
def test_information_that_is_missing(study: StudyFolder, key: str) -> None:
    _change(study.vae_file, lambda tensors, about: about["info"].pop(key))
    _assert_refused(study)


@pytest.mark.parametrize("name", ["vae_file", "conditioner_file", "ensemble_file"])
def test_weights_that_are_no_numbers(study: StudyFolder, name: str) -> None:
    def change(tensors: Tensors, about: dict[str, Any]) -> None:
        first = next(
            key for key in sorted(tensors) if key.startswith(("vae.", "conditioner.", "member_2."))
        )
        tensors[first].flatten()[0] = torch.nan

    _change(getattr(study, name), change)
    _assert_refused(study)


def test_a_damaged_weight_is_noticed(study: StudyFolder) -> None:
    _change(study.vae_file, lambda tensors, about: tensors["vae.decoder.output.bias"].add_(1e-3))
    _assert_refused(study, "not those that were written")


def test_a_conditioner_brings_nothing_but_itself(study: StudyFolder) -> None:
    before = load_parts(study).networks.state_dict()
    _change(
        study.conditioner_file, lambda tensors, about: tensors.update({"vae.times": torch.zeros(8)})
    )
    after = load_parts(study).networks.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_scaler_that_divides_by_zero(study: StudyFolder) -> None:
    _change(
        study.vae_file, lambda tensors, about: about["condition_scaler"].update(scale=[0.0, 1.0])
    )
    with pytest.raises(UserError, match="not positive"):
        load_parts(study)


def test_no_file_of_another_kind_is_read_as_a_model(study: StudyFolder, tmp_path: Path) -> None:
    """Neither a pickle, which could run code, nor the other one of the two."""
    torch.save({"x": torch.zeros(1)}, study.vae_file)
    _assert_refused(study, "damaged or was not written by simulgenvae")
    shutil.copy(study.conditioner_file, study.vae_file)
    _assert_refused(study, r"does not hold a vae \(but: conditioner\)")


def _change_ensemble(
    study: StudyFolder, change: Callable[[Tensors, dict[str, Any]], object]
) -> None:
    _change(study.ensemble_file, change)
    _assert_refused(study, "Ensemble does not hold a complete model")


ENSEMBLE_CHANGES: dict[str, Callable[[Tensors, dict[str, Any]], object]] = {
    "no description": lambda tensors, about: about.pop("members"),
    "no calibration": lambda tensors, about: about.pop("calibration"),
    "members that are missing": lambda tensors, about: about.update(members=3),
    "endless members": lambda tensors, about: about.update(members=10**9),
    "a weight above one": lambda tensors, about: about.update(weight=1.01),
    "a weight that is missing": lambda tensors, about: tensors.pop(
        "member_2.vae.decoder.output.weight"
    ),
    "a weight of another shape": lambda tensors, about: tensors.update(
        {"member_2.vae.decoder.output.bias": torch.zeros(10**5)}
    ),
    "a kernel that is unknown": lambda tensors, about: tensors["linear.processes.view"].fill_(2),
    "processes without a part": lambda tensors, about: tensors.pop("linear.processes.alpha"),
    "processes of nothing": lambda tensors, about: tensors.update({"linear.known": torch.zeros(0)}),
}


@pytest.mark.parametrize("kind", ENSEMBLE_CHANGES)
def test_a_damaged_ensemble_is_refused(study: StudyFolder, kind: str) -> None:
    _change_ensemble(study, ENSEMBLE_CHANGES[kind])


def test_an_ensemble_of_another_training_is_refused(
    study: StudyFolder, other_study: StudyFolder
) -> None:
    shutil.copy(other_study.ensemble_file, study.ensemble_file)
    _assert_refused(study, "Ensemble was trained for another VAE")
    shutil.copy(study.conditioner_file, study.ensemble_file)
    _assert_refused(study, r"does not hold a ensemble \(but: conditioner\)")


def test_members_are_read_back(study: StudyFolder) -> None:
    parts = load_parts(study)
    assert parts.ensemble is not None
    assert len(parts.ensemble.members) == 2
    stages = {entry.stage for entry in parts.info.history}
    assert stages == {"end_to_end", "end_to_end_2", "end_to_end_encoder"}


def test_start_refuses_another_architecture(
    study: StudyFolder, make_settings: MakeSettings
) -> None:
    with pytest.raises(UserError, match=r"model\.latent_dim was 4 and is 5"):
        load_warm_start(
            study.vae_file, study, make_settings(2, model={"latent_dim": 5}), conditioner=False
        )
    start = load_warm_start(study.vae_file, study, make_settings(9), conditioner=True)
    assert {name.split(".")[0] for name in start.weights} == {"vae", "conditioner"}
    assert start.shape == (8, 30, 2)
    assert start.condition_scaler.names == ("amplitude", "speed")


@pytest.mark.parametrize("file", ["vae_file", "conditioner_file"])
def test_start_refuses_weights_that_are_missing_or_of_another_shape(
    study: StudyFolder, make_settings: MakeSettings, file: str
) -> None:
    path: Path = getattr(study, file)
    content = path.read_bytes()
    name = {
        "vae_file": "vae.encoder.input.bias",
        "conditioner_file": "conditioner.table.input.bias",
    }[file]
    for change in (
        lambda tensors, about: tensors.pop(name),
        lambda tensors, about: tensors.update({name: torch.zeros(3)}),
        lambda tensors, about: tensors.update({name: torch.zeros(16, dtype=torch.int64)}),
    ):
        _change(path, change)
        with pytest.raises(UserError, match="does not hold a complete model"):
            load_warm_start(study.vae_file, study, make_settings(2), conditioner=True)
        path.write_bytes(content)


def test_start_of_other_fields_is_refused(
    study: StudyFolder, make_waves: Callable[..., Dataset], make_settings: MakeSettings
) -> None:
    """Even where a file says that it was trained on the very same data."""
    start = load_warm_start(study.vae_file, study, make_settings(2), conditioner=False)
    other = make_waves(variables=2, timesteps=9)
    with pytest.raises(UserError, match="other data"):
        fit(
            other,
            make_settings(2),
            stages=["conditioner"],
            start=replace(start, data_fingerprint=other.fingerprint),
        )
