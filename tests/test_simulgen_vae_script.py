"""The documented script as users start it: a process of its own in the folder of a study."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[1] / "SimulGen-VAE.py"


def start(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *flags]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_help_names_every_documented_flag(tmp_path: Path) -> None:
    done = start(tmp_path, "--help")
    assert done.returncode == 0
    for flag in ("--preset", "--plot", "--lc_only", "--size", "--load_all", "--use_ddp"):
        assert flag in done.stdout


def test_an_empty_folder_is_one_message(tmp_path: Path) -> None:
    done = start(tmp_path, "--preset=1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: input_data/dataset1.pickle: no such file")
    assert not list(tmp_path.iterdir())


def test_a_documented_study_is_trained_without_questions(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("input_data", "parametric_data"):
        (tmp_path / name).mkdir()
    (tmp_path / "input_data/dataset1.pickle").write_bytes(pickle.dumps(rng.random((6, 3, 5))))
    np.savetxt(tmp_path / "parametric_data/params.csv", rng.random((6, 2)), delimiter=",")
    settings = "Training_epochs 2\nn_epoch 2\nBatch_size 2\nlatent_conditioner_batch 2\n"
    (tmp_path / "input_data/condition.txt").write_text(settings)
    (tmp_path / "preset.txt").write_text("data_No, init_beta_divisor\n1\n4\n8 6\n8\n")
    done = start(tmp_path, "--preset=1", "--plot", "2", "--lc_only", "0", "--size=large", "--load_all", "0")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model_save/SimulGen-VAE").is_file()
    assert (tmp_path / "output/metrics.json").is_file()
