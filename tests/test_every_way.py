"""Every kind of condition, every way to start a training and every choice of stages.

The model is there, it loads, and one or two processes evaluate it and predict with it alike.

By default two processes train each kind of condition with each choice of stages, and each way to
start them has one of these. What starts processes does not see the conditions, and hands on the
flag that chooses stages (``tests/cli/classic/test_launch_ddp.py``). All combinations, some minutes:
``pytest tests/test_every_way.py -m "matrix or not matrix"``.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import runpy
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image
from safetensors.numpy import load_file

from simulgenvae.cli.classic.simulgen_vae import main as simulgen_vae
from simulgenvae.cli.main import main as simulgenvae
from simulgenvae.data.dataset import Dataset
from simulgenvae.evaluation.results import EvaluationResult
from simulgenvae.settings import StudyFolder
from simulgenvae.study import Study
from simulgenvae.surrogate.surrogate import Surrogate

ROOT = Path(__file__).parents[1]
RUNS, TIMESTEPS, NODES = 14, 3, 8
CONDITION = """
num_var 1
Training_epochs 2
n_epoch 2
Batch_size 4
latent_conditioner_batch 4
Latent_dim 2
Latent_dim_end 4
input_type {input_type}
param_dir {folder}
use_e2e_training {end_to_end}
"""
PRESET = (
    "data_No, init_beta_divisor, num_filter_enc, latent_conditioner_filter\n1\n4\n16 12 8\n8 8\n"
)
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}

CONDITIONS = {"csv": "/parametric_data", "image": "/images", "image_vit": "/images"}
STAGES = ("end to end", "not end to end", "lc_only")
FIRST = ("image", "end to end")
"""What two processes evaluate and predict with by default: they have evaluated whatever they have
trained anyway."""


def two_copies(port: int) -> list[list[str]]:
    """Return the commands of two copies of this process, as torchrun would have started them."""
    common = ["WORLD_SIZE=2", "LOCAL_WORLD_SIZE=2", "MASTER_ADDR=localhost", f"MASTER_PORT={port}"]
    return [
        [*common, f"RANK={rank}", f"LOCAL_RANK={rank}", "SimulGen-VAE.py", "--use_ddp"]
        for rank in (0, 1)
    ]


def two_processes(port: int) -> list[list[str]]:
    return [["launch_ddp.py", "--gpus=2", f"--master_port={port}"]]


def torchrun(_: int) -> list[list[str]]:
    return [
        [
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc_per_node=2",
            "SimulGen-VAE.py",
            "--use_ddp",
        ]
    ]


def two_machines(port: int) -> list[list[str]]:
    meet = ["--gpus=1", "--nnodes=2", "--master_addr=localhost", f"--master_port={port}"]
    return [["launch_ddp.py", *meet, f"--node_rank={node}"] for node in (0, 1)]


STARTS = (two_processes, torchrun, two_machines)


def combinations() -> list[Any]:
    """All of them; those whose processes import everything anew are marked but for one each."""
    diagonal = list(zip(CONDITIONS, STARTS, STAGES, strict=True))
    return [
        pytest.param(
            *each,
            id=f"{each[0]}, {each[1].__name__}, {each[2]}".replace("_", " "),
            marks=[] if each[1] is two_copies or each in diagonal else pytest.mark.matrix,
        )
        for each in product(CONDITIONS, (two_copies, *STARTS), STAGES)
        if each[1] is not two_copies or (each[0], each[2]) not in {(c, s) for c, _, s in diagonal}
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a classic folder with a table and images of the same runs; to be copied."""
    folder = tmp_path_factory.mktemp("every_way") / "study"
    for name in ("input_data", "parametric_data", "images"):
        (folder / name).mkdir(parents=True)
    table = np.random.default_rng(0).uniform(0.5, 1.5, (RUNS, 2))
    x, t = np.linspace(0, 1, NODES), np.linspace(0, 1, TIMESTEPS)[:, None]
    fields = table[:, 0, None, None] * np.sin(3 * (x - table[:, 1, None, None] * t)) + 5.0
    (folder / "input_data/dataset1.pickle").write_bytes(pickle.dumps(fields))
    np.savetxt(folder / "parametric_data/params.csv", table, delimiter=",")
    for run, (height, width) in enumerate((10 * table).astype(int)):
        pixels = np.zeros((32, 32), np.uint8)
        pixels[4 : 4 + height, 4 : 4 + width] = 200
        Image.fromarray(pixels).save(folder / f"images/run_{run:02d}.png")
    (folder / "preset.txt").write_text(PRESET)
    for script in ("SimulGen-VAE.py", "launch_ddp.py"):
        shutil.copy(ROOT / script, folder)
    return folder


Trained = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def trained(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Folders trained in this process by ``SimulGen-VAE.py``; to be copied."""
    made: dict[tuple[str, str], Path] = {}

    def train(conditions: str, stages: str) -> Path:
        if (conditions, stages) not in made:
            folder = tmp_path_factory.mktemp("plain") / "study"
            made[conditions, stages] = prepare(
                template, trained=train, at=folder, conditions=conditions, stages=stages
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                assert simulgen_vae(flags(stages)) == 0
        return made[conditions, stages]

    return train


def prepare(template: Path, trained: Trained, at: Path, conditions: str, stages: str) -> Path:
    """Make a folder ready for training; for the conditioner only, it has a VAE."""
    source = trained(conditions, "not end to end") if stages == "lc_only" else template
    folder = shutil.copytree(source, at)
    text = CONDITION.format(
        input_type=conditions, folder=CONDITIONS[conditions], end_to_end=int(stages == "end to end")
    )
    (folder / "input_data/condition.txt").write_text(text)
    return folder


def flags(stages: str) -> list[str]:
    # Figures do not depend on the way to start, and take as long as the training.
    return ["--preset=1", "--size=small", "--plot=2", f"--lc_only={int(stages == 'lc_only')}"]


def run(folder: Path, *commands: Sequence[str]) -> str:
    """Run ``python`` with each of these arguments in the folder, all at once.

    They may begin with variables of the environment. Return what they print. None may fail.
    """
    context, texts = multiprocessing.get_context("fork"), folder / "printed.txt"
    started = [
        context.Process(target=python, args=(folder, command, texts)) for command in commands
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout=180)
    printed = texts.read_text()
    assert [process.exitcode for process in started] == [0] * len(started), printed
    assert "Traceback" not in printed
    return printed


def python(folder: Path, arguments: Sequence[str], texts: Path) -> None:
    """Run a script, or ``-m`` and a module, in a copy of this process.

    The launcher then need not import torch again, and the processes that it starts are new ones.
    """
    with texts.open("a") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1) for number in (1, 2))
    os.chdir(folder)
    os.environ |= ENVIRONMENT
    while "=" in arguments[0]:
        name, _, value = arguments[0].partition("=")
        os.environ[name] = value
        arguments = arguments[1:]
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")


def free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])


def errors(result: EvaluationResult) -> dict[str, float | None]:
    """Return the mean errors of every method on every split."""
    found = {}
    for method, by_split in result.errors.items():
        for split, errors in by_split.items():
            found[f"{method}, {split}"] = errors.relative_l2.mean
    return found


def check(folder: Path, conditions: str, stages: str) -> Surrogate:
    """All that a training leaves, in any number of processes; the surrogate, which predicts."""
    study = StudyFolder(folder)
    assert all(path.is_file() for path in study.model_files)
    surrogate = Surrogate.load(study)
    assert ("vae" in surrogate.info.stages) == (stages != "lc_only")
    assert ("end_to_end" in surrogate.info.stages) == (stages == "end to end")
    assert (
        surrogate.settings.conditioner.kind
        == {"csv": "mlp", "image": "cnn", "image_vit": "vit"}[conditions]
    )
    assert errors(EvaluationResult.read(study.metrics_file))
    assert not list(study.output.glob("*.png"))
    predicted = surrogate.predict(Dataset.open(study.dataset).conditions, samples=2)
    assert predicted["fields"].shape == (RUNS, TIMESTEPS, NODES, 1)
    assert all(np.isfinite(predicted[name]).all() for name in ("fields", "std", "lower", "upper"))
    return surrogate


@pytest.mark.parametrize("stages", STAGES)
@pytest.mark.parametrize("conditions", CONDITIONS)
def test_one_process_trains(conditions: str, stages: str, trained: Trained, tmp_path: Path) -> None:
    check(shutil.copytree(trained(conditions, stages), tmp_path / "study"), conditions, stages)


@pytest.mark.parametrize(("conditions", "start", "stages"), combinations())
def test_several_processes_train(
    conditions: str,
    start: Callable[[int], list[list[str]]],
    stages: str,
    template: Path,
    trained: Trained,
    tmp_path: Path,
) -> None:
    folder = prepare(template, trained, tmp_path / "study", conditions, stages)
    before = StudyFolder(folder).vae_file.read_bytes() if stages == "lc_only" else None
    printed = run(folder, *([*command, *flags(stages)] for command in start(free_port())))
    assert printed.count("The model is in") == 1
    surrogate, study = check(folder, conditions, stages), StudyFolder(folder)
    several = errors(EvaluationResult.read(study.metrics_file))
    alone = errors(Study(folder).evaluate(surrogate, figures=False))
    assert several == pytest.approx(alone, rel=1e-4, abs=1e-6)
    if before is not None:
        (folder / "before").write_bytes(before)
        kept, now = load_file(folder / "before"), load_file(StudyFolder(folder).vae_file)
        assert all(np.array_equal(now[name], value) for name, value in kept.items())


@pytest.mark.parametrize(
    ("conditions", "stages"),
    [
        pytest.param(
            *combination,
            id=", ".join(combination),
            marks=[] if combination == FIRST else pytest.mark.matrix,
        )
        for combination in product(CONDITIONS, STAGES)
    ],
)
def test_two_processes_evaluate_and_predict_what_one_does(
    conditions: str, stages: str, trained: Trained, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained(conditions, stages), tmp_path / "study")
    study, several = StudyFolder(folder), ["--gpus=2", f"--master-port={free_port()}"]
    alone = EvaluationResult.read(study.metrics_file)
    study.metrics_file.unlink()
    run(folder, ["-m", "simulgenvae.cli.main", "evaluate", *several])
    assert errors(EvaluationResult.read(study.metrics_file)) == pytest.approx(
        errors(alone), rel=1e-4, abs=1e-6
    )
    assert len(list(study.output.glob("*.png"))) > 10
    designs = ["--params", "new.csv"] if conditions == "csv" else ["--images", "images"]
    if conditions == "csv":
        shutil.copy(folder / "parametric_data/params.csv", folder / "new.csv")
    run(
        folder,
        [
            "-m",
            "simulgenvae.cli.main",
            "predict",
            *designs,
            "--out=two.zarr",
            "--samples=2",
            *several,
        ],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert simulgenvae(["predict", *designs, "--out=one.npz", "--samples=2"]) == 0
    two = zarr.open_group(folder / "two.zarr", mode="r")
    with np.load(folder / "one.npz") as one:
        assert one["fields"].shape == (RUNS, TIMESTEPS, NODES, 1)
        for name in ("fields", "std", "lower", "upper"):
            np.testing.assert_allclose(np.asarray(two[name]), one[name], rtol=1e-4, atol=1e-4)
