"""Small study that trains in seconds, for scripts that start trainings in several processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.settings import StudyFolder

RUNS = 61
"""Number of runs; 49 of them are for training, which 2 or 4 ranks cannot divide evenly."""
TIMESTEPS = 12
NODES = 200
SETTINGS = """
[model]
filters = [64, 32]
[training]
device = "cpu"
optimizer = "{optimizer}"
checkpoint_seconds = 0.2
validate_every = 5
vae.steps = {steps}
conditioner.steps = {steps}
end_to_end.steps = {steps}
end_to_end.members = 2
"""


def make(folder: Path, optimizer: str, steps: int) -> StudyFolder:
    """Write a study of waves of different amplitude and speed on a line."""
    study = StudyFolder(folder)
    folder.mkdir(parents=True)
    table = np.random.default_rng(0).uniform(0.5, 1.5, (RUNS, 2))
    x = np.linspace(0, 1, NODES)[:, None]
    t = np.linspace(0, 1, TIMESTEPS)[:, None, None]
    fields = table[:, 0, None, None, None] * np.sin(6 * (x - table[:, 1, None, None, None] * t))
    conditions = Conditions(tuple(f"run{k}" for k in range(RUNS)), ("amplitude", "speed"), table)
    Dataset.from_arrays(fields, conditions, times=t.ravel(), coords=x).save(study.dataset)
    study.settings_file.write_text(SETTINGS.format(optimizer=optimizer, steps=steps))
    return study


def train(study: StudyFolder, *flags: object, threads: int = 1) -> subprocess.Popen[str]:
    """Start ``simulgenvae train`` on the CPU."""
    command = [
        sys.executable,
        "-m",
        "simulgenvae.cli.main",
        "train",
        str(study.folder),
        *map(str, flags),
    ]
    # No GPU and a fixed number of threads: rounding must not depend on the machine's load.
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(*processes: subprocess.Popen[str]) -> None:
    """Wait for trainings; end the script with the messages of one that fails."""
    for process in processes:
        _, err = process.communicate()
        if process.returncode:
            sys.exit(f"{process.args!r}\n{err}")


def free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])


def weights(study: StudyFolder) -> dict[str, np.ndarray]:
    """Return all arrays of the model, by file and name."""
    files = [path for path in study.model_files if path.suffix != ".npy"]
    return {
        f"{path.name}/{name}": value for path in files for name, value in load_file(path).items()
    }


def difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """Return the largest difference of two models' arrays.

    Each is relative to the array's largest entry, or to 1 where that is smaller.
    """
    assert one.keys() == other.keys()
    return max(
        float(np.abs(other[name] - value).max(initial=0))
        / max(1.0, float(np.abs(value).max(initial=0)))
        for name, value in one.items()
    )
