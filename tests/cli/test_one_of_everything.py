"""Studies that have one of something work from reading to predicting, or it is said why not.

``PAIRS`` holds every pair of what there can be one, two or none of. Trainings take three steps:
what they learn does not matter here.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from simulgenvae.cli.classic.simulgen_vae import main as simulgen_vae
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate

SETTINGS = """
[data]
image_size = 32
[model]
filters = [16, 12, 8]
latent_dim = 4
hierarchical_dim = 2
width = 32
[conditioner]
filters = [16]
[training]
device = "cpu"
vae.steps = 3
conditioner.steps = 3
end_to_end.steps = 3
end_to_end.members = 2
"""
SIDE = 32


@dataclass(frozen=True)
class Sizes:
    """How many there are of everything; ``parameters`` is 0 where there are pictures instead."""

    parameters: int = 2
    variables: int = 2
    timesteps: int = 5
    nodes: int = 9
    training: int = 6
    validation: int = 2
    test: int = 2

    @property
    def runs(self) -> int:
        return self.training + self.validation + self.test

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.runs, self.timesteps, self.nodes, self.variables

    def __str__(self) -> str:
        return " ".join(f"{count} {name}" for name, count in asdict(self).items())


PAIRS = [
    Sizes(2, 2, 1, 1, 2, 2, 2),
    Sizes(2, 2, 5, 9, 6, 1, 1),
    Sizes(2, 1, 1, 1, 6, 0, 0),
    Sizes(1, 1, 1, 9, 6, 2, 1),
    Sizes(1, 2, 1, 1, 2, 1, 0),
    Sizes(1, 1, 5, 9, 2, 0, 2),
    Sizes(0, 1, 5, 9, 6, 2, 0),
    Sizes(0, 1, 1, 1, 6, 1, 2),
    Sizes(0, 2, 5, 1, 2, 0, 1),
]
VALUES = {
    "parameters": (2, 1, 0),
    "variables": (2, 1),
    "timesteps": (5, 1),
    "nodes": (9, 1),
    "training": (6, 2),
    "validation": (2, 1, 0),
    "test": (2, 1, 0),
}


def fields_of(sizes: Sizes, table: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return ``[N, T, M, V]``, made by two columns of ``table`` on a grid of three columns."""
    x, t = np.arange(sizes.nodes), np.linspace(0, 1, sizes.timesteps)[:, None]
    one = table[:, 0, None, None] * np.sin(0.3 + x + table[:, 1, None, None] * t)
    return np.stack([(1 + v) * one + v for v in range(sizes.variables)], axis=-1).astype(np.float32)


def write(sizes: Sizes, folder: Path) -> NDArray[np.float32]:
    """Files to ingest, in the folder; the fields."""
    (folder / "images").mkdir(parents=True)
    table = np.random.default_rng(0).uniform(0.5, 1.5, (sizes.runs, 2))
    table[:, 1] = table[:, min(1, max(0, sizes.parameters - 1))]
    fields = fields_of(sizes, table)
    np.save(folder / "fields.npy", fields)
    np.save(
        folder / "coords.npy", np.stack(np.divmod(np.arange(sizes.nodes), 3), axis=1).astype(float)
    )
    ids = [f"run_{run}" for run in range(sizes.runs)]
    rows = [
        ",".join([run, *map(str, row[: sizes.parameters])])
        for run, row in zip(ids, table, strict=True)
    ]
    header = ",".join(["id", "a", "b"][: 1 + sizes.parameters])
    (folder / "params.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "one.csv").write_text(f"{header}\n{rows[0]}\n")
    uses = ["train"] * sizes.training + ["validation"] * sizes.validation + ["test"] * sizes.test
    split = [f"{run},{use}" for run, use in zip(ids, uses, strict=True)]
    (folder / "split.csv").write_text("\n".join(["id,split", *split]) + "\n")
    for run, (height, width) in zip(ids, (15 * table).astype(int), strict=True):
        draw(folder / f"images/{run}.png", height, width)
    return fields


def draw(path: Path, height: int, width: int) -> None:
    """Draw a rectangle as an image."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[4 : 4 + height, 4 : 4 + width] = 200
    Image.fromarray(pixels).save(path)


Make = Callable[[Sizes], tuple[Path, NDArray[np.float32]]]


@pytest.fixture
def done(cli: Any) -> Callable[..., str]:
    """Run a command that must succeed without a note; what it prints."""

    def run(*arguments: object) -> str:
        found = cli(*arguments)
        assert found.code == 0, f"{arguments}: {found.out}{found.err}"
        assert "note:" not in found.err, found.err  # a warning of numpy or matplotlib is one too
        return str(found.out)

    return run


@pytest.fixture
def trained(done: Callable[..., str], tmp_path: Path) -> Make:
    """Return a function that makes ``source/`` and a trained ``study/``."""

    def make(sizes: Sizes) -> tuple[Path, NDArray[np.float32]]:
        source, study = tmp_path / "source", tmp_path / "study"
        fields = write(sizes, source)
        study.mkdir()
        (study / "study.toml").write_text(SETTINGS)
        given = (
            "--coords",
            source / "coords.npy",
            "--split",
            source / "split.csv",
            *designs(sizes, source),
        )
        done("ingest", source / "fields.npy", *given, "--study", study)
        done("check", study)
        done("train", study)
        return study, fields

    return make


def designs(sizes: Sizes, source: Path, *, one: bool = False) -> tuple[object, ...]:
    """Arguments for the conditions of all runs, or of the first."""
    if sizes.parameters:
        return "--params", source / ("one.csv" if one else "params.csv")
    return "--images", source / "images" / ("run_0.png" if one else "")


def test_every_pair_is_there() -> None:
    for (name, values), (other, others) in combinations(VALUES.items(), 2):
        pairs = {(getattr(sizes, name), getattr(sizes, other)) for sizes in PAIRS}
        assert pairs == set(product(values, others))


@pytest.mark.parametrize("sizes", PAIRS, ids=str)
def test_train_evaluate_and_predict(
    sizes: Sizes, trained: Make, done: Callable[..., str], tmp_path: Path
) -> None:
    study, fields = trained(sizes)
    done("evaluate", study)
    left = StudyFolder(study)
    assert left.report_file.stat().st_size > 1000
    assert len(list(left.output.glob("*.png"))) > 8
    source = tmp_path / "source"
    done("predict", study, *designs(sizes, source), "--samples", 2, "--out", tmp_path / "all.npz")
    with np.load(tmp_path / "all.npz") as found:
        assert found["fields"].shape == fields.shape
        assert all(np.isfinite(found[name]).all() for name in ("fields", "std", "lower", "upper"))
        first = found["fields"][0]
    done("predict", study, *designs(sizes, source, one=True), "--out", tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz") as found:
        assert found["fields"][0] == pytest.approx(first, rel=1e-4, abs=1e-4)


def test_everything_else_where_there_is_one_of_all(
    trained: Make, done: Callable[..., str], cli: Any, tmp_path: Path
) -> None:
    study, _ = trained(Sizes(1, 1, 1, 1, 2, 1, 1))
    design = designs(Sizes(), tmp_path / "source", one=True)
    done("predict", study, *design, "--out", tmp_path / "one.pvd")
    done("export", study, "--out", tmp_path / "model.pt2")
    done("suggest", study, "--count", 2, "--candidates", 8, "--out", tmp_path / "new.csv")
    assert len((tmp_path / "new.csv").read_text().splitlines()) == 3
    done(
        "explore",
        study,
        "interpolate",
        "--from",
        "run_0",
        "--to",
        "run_1",
        "--out",
        tmp_path / "between.npz",
    )
    done("explore", study, "traverse", "--level", "z", "--out", tmp_path / "along.npz")
    done("explore", study, "sample", "--count", 1, "--out", tmp_path / "sample.npz")
    done("learning-curve", study, "--fractions", 1)
    for arguments, reason in (
        (("learning-curve", study, "--fractions", "1/2"), "fewer than 2"),
        (("render", study, "--out", tmp_path / "field.png"), "no image can be drawn"),
        (("render", study, "--out", tmp_path / "film.gif"), "single time"),
    ):
        refused = cli(*arguments)
        assert (refused.code, reason in refused.err) == (2, True), refused.err


def test_everything_else_with_pictures_of_two_training_runs(
    opengl: None, trained: Make, done: Callable[..., str], cli: Any, tmp_path: Path
) -> None:
    sizes = Sizes(0, 1, 5, 9, 2, 0, 1)
    study, _ = trained(sizes)
    done(
        "predict",
        study,
        *designs(sizes, tmp_path / "source", one=True),
        "--out",
        tmp_path / "one.pvd",
    )
    done("render", study, "--out", tmp_path / "field.png")
    done("render", study, "--out", tmp_path / "film.gif")
    done(
        "explore",
        study,
        "interpolate",
        "--from",
        "run_0",
        "--to",
        "run_1",
        "--out",
        tmp_path / "between.pvd",
    )
    done("explore", study, "sample", "--count", 1, "--out", tmp_path / "sample.npz")
    done("learning-curve", study, "--fractions", 1)
    refused = cli("suggest", study, "--out", tmp_path / "new.csv")
    assert (refused.code, "no range describes" in refused.err) == (2, True), refused.err


@pytest.mark.parametrize(
    "sizes",
    [
        Sizes(parameters=1),
        Sizes(timesteps=1),
        Sizes(nodes=1),
        Sizes(1, variables=1, timesteps=1, nodes=1, training=4, validation=0, test=0),
        Sizes(0, variables=1, timesteps=1, nodes=1, training=4, validation=0, test=0),
    ],
    ids=str,
)
def test_classic_studies(sizes: Sizes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, study = tmp_path / "source", tmp_path / "study"
    fields = write(sizes, source)
    for name in ("input_data", "parametric_data"):
        (study / name).mkdir(parents=True)
    together = fields.reshape(*fields.shape[:2], -1)
    (study / "input_data/dataset1.pickle").write_bytes(pickle.dumps(together))
    conditions = "param_dir /parametric_data\n"
    if sizes.parameters:
        (source / "params.csv").rename(study / "parametric_data/params.csv")
    else:
        (source / "images").rename(study / "images")
        conditions = "input_type image\nparam_dir /images\n"
    budget = "Training_epochs 2\nn_epoch 2\nBatch_size 2\nlatent_conditioner_batch 2\nLatent_dim 2\nLatent_dim_end 4\n"
    (study / "input_data/condition.txt").write_text(
        f"num_var {sizes.variables}\n{budget}{conditions}"
    )
    (study / "preset.txt").write_text("data_No, init_beta_divisor\n1\n4\n16 12\n8 8\n")
    monkeypatch.chdir(study)
    assert simulgen_vae([]) == 0
    assert StudyFolder(study).report_file.stat().st_size > 1000
    assert Surrogate.load(StudyFolder(study)).times.shape == (sizes.timesteps,)
