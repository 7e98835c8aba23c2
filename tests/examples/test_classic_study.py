"""The example of a classic study, made by its script and trained by the classic commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simulgenvae.cli.classic.simulgen_vae import main
from simulgenvae.cli.main import main as simulgenvae
from simulgenvae.data.readers import open_source
from simulgenvae.settings import StudyFolder, load_settings
from simulgenvae.surrogate.surrogate import Surrogate

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/classic_study"
RUNS, TIMESTEPS, NODES = 14, 5, 9
SMALLER = {"Dim1": RUNS, "Dim2": TIMESTEPS, "Dim3": NODES**2, "Training_epochs": 2, "n_epoch": 1}
SMALLER |= {"Batch_size": 4, "latent_conditioner_batch": 4}
LEVELS = 3


def replace(text: str, **values: object) -> str:
    """Return a ``condition.txt`` with other values of these keys."""
    for key, value in values.items():
        text, found = re.subn(rf"^{key}: [^\s]+", f"{key}: {value}", text, flags=re.MULTILINE)
        assert found == 1, key
    return text


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the example with few runs on few nodes, as its own script makes it; to be copied."""
    folder = tmp_path_factory.mktemp("example") / "study"
    (folder / "input_data").mkdir(parents=True)
    for name in ("make.py", "preset.txt", "input_data/condition.txt"):
        shutil.copy(EXAMPLE / name, folder / name)
    sizes = ["--runs", str(RUNS), "--nodes", str(NODES), "--timesteps", str(TIMESTEPS)]
    subprocess.run(
        [sys.executable, folder / "make.py", *sizes], check=True, stdin=subprocess.DEVNULL
    )
    condition = folder / "input_data/condition.txt"
    condition.write_text(replace(condition.read_text(), **SMALLER))
    return folder


@pytest.fixture
def study(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    folder = shutil.copytree(template, tmp_path / "study")
    monkeypatch.chdir(folder)
    return StudyFolder(folder)


def assert_outputs(study: StudyFolder) -> None:
    """Everything that a documented training leaves, with the documented shapes."""
    assert np.load(study.latents_file).shape == (RUNS, 32)
    assert np.load(study.hierarchical_latents_file).shape == (RUNS, LEVELS, 8)
    assert {path.name for path in study.model_save.iterdir() if path.is_file()} == {
        "SimulGen-VAE",
        "LatentConditioner",
        "Ensemble",
        "latent_vectors.npy",
        "xs.npy",
    }
    assert {"last.safetensors", "best.safetensors"} <= {
        path.name for path in study.checkpoints.iterdir()
    }
    assert json.loads(study.metrics_file.read_text())["errors"]["prediction"]["test"]["runs"] == 1
    assert study.report_file.stat().st_size > 1000
    assert list(study.tensorboard.rglob("events.out.tfevents.*"))


def test_the_shipped_files_are_valid_and_say_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings = load_settings(StudyFolder.open(EXAMPLE))
    assert (settings.conditioner.kind, settings.data.images) == ("cnn", "/images")
    assert settings.conditioner.filters == (4, 8, 16, 32, 64)
    assert len((EXAMPLE / "preset.txt").read_text().splitlines()) == 5


def test_the_script_makes_different_plates_that_heat_up(template: Path) -> None:
    source = template / "input_data/dataset1.pickle"
    with open_source(source) as opened:
        fields = np.stack([opened.run(k) for k in range(RUNS)])
    assert fields.shape == (RUNS, TIMESTEPS, NODES**2)
    assert fields.dtype == np.float32
    assert fields.min() >= 0
    assert fields.max() < 100
    assert (np.diff(fields.sum(-1), axis=1) > 0).all()
    assert len({fields[k].tobytes() for k in range(RUNS)}) == RUNS
    pictures = sorted((template / "images").iterdir())
    assert [path.name for path in pictures] == [f"param_{k + 1:03d}.png" for k in range(RUNS)]
    for picture in map(Image.open, pictures):
        assert (picture.size, picture.mode) == ((64, 64), "L")
        assert picture.getextrema() == (0, 255)


def test_the_classic_command_lines(study: StudyFolder) -> None:
    flags = ["--preset=1", "--lc_only=0", "--size=small", "--load_all=1"]
    command = [sys.executable, str(ROOT / "SimulGen-VAE.py"), *flags]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert_outputs(study)
    assert not list(study.output.glob("*.png"))
    first = Surrogate.load(study)
    assert (first.settings.model.layers, first.settings.data.load_all) == (1, True)

    assert main(["--lc_only=1", "--plot=1"]) == 0
    assert_outputs(study)
    assert len(list(study.output.glob("*.png"))) > 3
    assert "vae" not in Surrogate.load(study).info.stages

    assert len(list(study.model_save.glob("previous-*"))) == 1


def test_the_vision_transformer_and_a_picture_never_seen(study: StudyFolder) -> None:
    study.condition_file.write_text(
        replace(study.condition_file.read_text(), input_type="image_vit")
    )
    assert main([]) == 0
    assert_outputs(study)
    assert Surrogate.load(study).settings.conditioner.kind == "vit"
    with Image.open(study.images / "param_001.png") as picture:
        picture.rotate(90).save(study.folder / "new.png")
    assert simulgenvae(["predict", ".", "--images", "new.png", "--out", "new.npz"]) == 0
    with np.load("new.npz") as predicted:
        assert predicted["fields"].shape == (1, TIMESTEPS, NODES**2, 1)
        assert list(predicted["ids"]) == ["new"]
