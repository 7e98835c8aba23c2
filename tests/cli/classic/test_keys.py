"""Every key of ``condition.txt`` and every line of a preset has its effect.

It acts on the stages of training that it is about, on the data that are read, or on the network
that reads the conditions. Each test goes from the text of the file to the effect.
"""

from __future__ import annotations

import pickle
import shutil
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from simulgenvae.cli.classic.dataset import update_dataset
from simulgenvae.cli.classic.simulgen_vae import main
from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.models.conditioner.cnn import CnnEncoder
from simulgenvae.models.conditioner.conditioner import Conditioner
from simulgenvae.models.conditioner.table import TableEncoder
from simulgenvae.models.conditioner.vit import VisionTransformer
from simulgenvae.settings import Settings, SettingsNote, load_settings
from simulgenvae.settings.classic.condition_keys import UNUSED
from simulgenvae.settings.raw import FIELDS
from simulgenvae.study import Study
from simulgenvae.surrogate.fit import fit

RUNS, STEPS, NODES, VARIABLES = 12, 6, 23, 2
PRESET = {
    "data_No": "1",
    "init_beta_divisor": "4",
    "num_filter_enc": "16 12 8",
    "latent_conditioner_filter": "16",
}
OWN_KEYS: dict[str, tuple[str, str, set[str]]] = {
    "validation_fraction": ("0.1", "0.2", {"data.validation_fraction"}),
    "test_fraction": ("0.1", "0", {"data.test_fraction"}),
    "split_seed": ("0", "3", {"data.split_seed"}),
    "reduction": ("pod", "none", {"reduction.method"}),
    "seed": ("0", "3", {"training.seed"}),
    "device": ("auto", "cpu", {"training.device"}),
    "optimizer": ("muon", "adamw", {"training.optimizer"}),
    "validate_every": ("10", "3", {"training.validate_every"}),
    "patience": (
        "50",
        "3",
        {"training.vae.patience", "training.conditioner.patience", "training.end_to_end.patience"},
    ),
    "e2e_from_scratch": ("1", "0", {"training.end_to_end.from_scratch"}),
    "e2e_decoder": ("trained", "frozen", {"training.end_to_end.decoder"}),
    "members": ("2", "3", {"training.end_to_end.members"}),
    "gaussian_process": ("auto", "off", {"prediction.gaussian_process"}),
    "flips": ("x", "x y", {"training.augmentation.flips"}),
    "odd_variables": ("x:u", "x:v", {"training.augmentation.odd_variables"}),
    "pixel_noise": ("0", "0.1", {"training.augmentation.pixel_noise"}),
    "parameter_noise": ("0", "0.1", {"training.augmentation.parameter_noise"}),
    "field_noise": ("0", "0.1", {"training.augmentation.field_noise"}),
    "mixup": ("0", "0.1", {"training.augmentation.mixup"}),
    "mixed_precision": ("auto", "1", {"training.performance.mixed_precision"}),
    "compile": ("auto", "0", {"training.performance.compile"}),
    "gradient_checkpointing": ("0", "1", {"training.performance.gradient_checkpointing"}),
}
"""Keys that the classic system does not have → two texts and the settings in which they
differ."""
DATA_KEYS = {
    "Dim1",
    "Dim2",
    "Dim3",
    "num_var",
    "Dim2_red",
    "Dim3_start",
    "Dim3_end",
    "param_dir",
    "param_data_type",
}


def study_with(
    folder: Path, keys: dict[str, str], preset: dict[str, str] = PRESET
) -> tuple[Study, Settings]:
    """Return a study whose files say this, and the settings read from them."""
    (folder / "input_data").mkdir(exist_ok=True)
    (folder / "input_data/condition.txt").write_text(
        "".join(f"{key}: {text}\n" for key, text in keys.items())
    )
    (folder / "preset.txt").write_text("\n".join([" ".join(preset), *preset.values()]))
    study = Study(folder)
    return study, load_settings(study)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, make_runs: Any) -> Path:
    """Return the runs' pickle, table and images in the classic places; not to be changed."""
    folder = tmp_path_factory.mktemp("runs")
    made = make_runs(RUNS, STEPS, NODES, VARIABLES)
    for name in ("input_data", "parametric_data", "other", "images"):
        (folder / name).mkdir()
    (folder / "input_data/dataset1.pickle").write_bytes(
        pickle.dumps(made.fields.reshape(RUNS, STEPS, -1))
    )
    np.savetxt(folder / "parametric_data/p.csv", made.params, delimiter=",")
    np.savetxt(folder / "other/p.csv", made.params[:, :1], delimiter=",")
    for k, row in enumerate(made.params):
        image = Image.fromarray(grey(row))
        image.save(folder / f"images/param_{k + 1:03d}.png")
        image.rotate(90).save(folder / f"images/param_{k + 1:03d}.jpg")
    return folder


def grey(parameters: NDArray[np.float64]) -> NDArray[np.uint8]:
    speed, size = parameters
    return (np.add.outer(np.arange(32) * size, np.arange(32) * speed) * 2).astype(np.uint8)


@pytest.fixture
def folder(runs: Path, tmp_path: Path) -> Path:
    """Return a study folder of this test's own, without settings."""
    return shutil.copytree(runs, tmp_path / "study")


def stored(folder: Path, **keys: str) -> Dataset:
    """Return what the classic script stores as the data of a study with these keys."""
    study, settings = study_with(folder, keys)
    update_dataset(study, settings, 1, ("vae",))
    return Dataset.open(study.dataset)


# --- training
# ---------------------------------------------------------------------------------------------------------


def test_epochs_and_batches_are_counted_as_the_keys_say(folder: Path) -> None:
    """Ten training runs: 4 epochs of ⌈10 / 5⌉ and 2 of ⌈10 / 4⌉ steps."""
    keys = {
        "num_var": "2",
        "Training_epochs": "4",
        "Batch_size": "5",
        "n_epoch": "2",
        "latent_conditioner_batch": "4",
    }
    dataset = stored(folder, **keys)
    history = fit(dataset, study_with(folder, keys)[1]).info.history
    steps = {entry.stage: entry.step for entry in history}
    assert steps == {"vae": 4 * 2, "conditioner": 2 * 3, "end_to_end": 2 * 3}


@pytest.mark.parametrize("key", OWN_KEYS)
def test_a_key_of_ours_changes_the_settings_it_is_about_and_no_other(
    key: str, tmp_path: Path
) -> None:
    *texts, changed = OWN_KEYS[key]
    others = {"flips": "x"} if key == "odd_variables" else {}
    before, after = (study_with(tmp_path, {**others, key: str(text)})[1] for text in texts)
    assert {name for name in FIELDS if value_at(before, name) != value_at(after, name)} == changed


def value_at(settings: Settings, name: str) -> object:
    return reduce(getattr, name.split("."), settings)


@pytest.mark.parametrize("key", UNUSED)
def test_keys_of_other_versions_change_nothing_and_are_said_to(key: str, tmp_path: Path) -> None:
    with pytest.warns(SettingsNote, match=f"line 1: {key} is not used: .") as notes:
        _, settings = study_with(tmp_path, {key: "1"})
    assert len(notes) == 1
    assert settings == study_with(tmp_path, {})[1]


# --- data and conditions
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "wrong", "right"),
    [("Dim1", 13, RUNS), ("Dim2", 7, STEPS), ("Dim3", 24, NODES), ("num_var", 3, VARIABLES)],
)
def test_dimensions_are_compared_with_the_data(
    key: str, wrong: int, right: int, folder: Path
) -> None:
    others = {} if key == "num_var" else {"num_var": "2"}
    with pytest.raises(UserError, match=r"dataset1\.pickle") as error:
        stored(folder, **others, **{key: str(wrong)})
    assert f"{wrong}" in str(error.value)
    assert key in str(error.value)
    assert stored(folder, **others, **{key: str(right)}).shape == (RUNS, STEPS, NODES, VARIABLES)


def test_the_number_of_variables_splits_nodes_and_variables(folder: Path) -> None:
    assert stored(folder).shape == (RUNS, STEPS, NODES * VARIABLES, 1)
    assert stored(folder, num_var="2").shape == (RUNS, STEPS, NODES, VARIABLES)


def test_slices_of_timesteps_and_nodes(folder: Path) -> None:
    whole = stored(folder, num_var="2").run(3)
    assert np.array_equal(stored(folder, num_var="2", Dim2_red="4").run(3), whole[:4])
    assert np.array_equal(stored(folder, num_var="2", Dim3_start="5").run(3), whole[:, 5:])
    assert np.array_equal(stored(folder, num_var="2", Dim3_end="9").run(3), whole[:, :9])


def test_the_folder_of_the_conditions(folder: Path) -> None:
    assert stored(folder).conditions.names == ("p0", "p1")
    assert stored(folder, param_dir="/other").conditions.names == ("p0",)
    assert stored(folder, param_dir="other/p.csv").conditions.names == ("p0",)
    (folder / "images").rename(folder / "pictures")
    pictures = stored(folder, param_dir="/pictures", input_type="image", param_data_type=".png")
    assert (pictures.conditions.names, len(pictures.conditions.images or ())) == ((), RUNS)


def test_the_type_of_the_files_chooses_among_pictures(folder: Path) -> None:
    assert (
        png := stored(folder, input_type="image", param_data_type=".PNG").conditions.images
    ) is not None
    assert (
        jpg := stored(folder, input_type="image", param_data_type="jpg").conditions.images
    ) is not None
    assert np.array_equal(png.select([0]).pixels.shape, (1, 256, 256, 1))
    assert np.abs(png.pixels.astype(float) - jpg.pixels).mean() > 5
    assert stored(folder, param_data_type=".csv").conditions.images is None


@pytest.mark.parametrize(
    ("input_type", "encoder"),
    [
        ("csv", TableEncoder),
        ("csvs", TableEncoder),
        ("image", CnnEncoder),
        ("image_vit", VisionTransformer),
    ],
)
def test_the_input_type_chooses_conditions_and_network(
    input_type: str, encoder: type, folder: Path
) -> None:
    ending = ".csv" if encoder is TableEncoder else ".png"
    conditions = stored(folder, input_type=input_type, param_data_type=ending).conditions
    _, settings = study_with(folder, {"input_type": input_type})
    network = Conditioner(settings.conditioner, len(conditions.names), conditions.image_format, 6)
    assert isinstance(network.table if conditions.images is None else network.image, encoder)
    assert (network.table is None) == (encoder is not TableEncoder)


def test_mistakes_of_the_file_stop_the_script(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "input_data/condition.txt").write_text("input_tipe: image\n")
    monkeypatch.chdir(folder)
    assert main([]) == 2
    assert (
        "condition.txt, line 1: input_tipe is not a known key; the nearest is input_type"
        in capsys.readouterr().err
    )
