"""A disk that becomes full at any moment of saving: one message, and everything from before is still there.

The size limit of files (RLIMIT_FSIZE) stands for the full disk: writing stops in the middle of a file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource", reason="limits of this kind exist on Unix alone")

LIMITED = """
import resource, sys
from simulgenvae.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""

SAVE = """
import resource, sys
from pathlib import Path
import torch
from simulgenvae.errors import UserError
from simulgenvae.settings import Study
from simulgenvae.surrogate import Surrogate
study = Study(Path(sys.argv[1]))
surrogate = Surrogate.load(study)
torch.nn.init.zeros_(next(surrogate.networks.parameters()))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    surrogate.save(study)
except UserError as error:
    sys.exit(f"error: {error}")
"""


def python(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_training_on_a_full_disk_leaves_the_model(trained: Path, tree: Any) -> None:
    before = tree(trained / "model_save"), tree(trained / "input_data")
    done = python(LIMITED, 3000, "train", trained, "--overwrite")
    assert done.returncode == 2, done.stderr
    assert "could not be written" in done.stderr
    assert "safetensors" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tree(trained / "model_save"), tree(trained / "input_data")) == before
    assert not list(trained.rglob("*.writing"))


@pytest.mark.parametrize("width", [16, 200])
def test_model_files_are_replaced_together_or_not_at_all(width: int, cli: Any, trained: Path, tree: Any) -> None:
    """The disk becomes full in the first file that is written (the VAE), or only in the second."""
    assert cli("train", trained, "--overwrite", "--set", f"conditioner.filters={width} {width}").code == 0
    sizes = [(trained / "model_save" / name).stat().st_size for name in ("SimulGen-VAE", "LatentConditioner")]
    assert (sizes[0] < sizes[1]) == (width == 200)
    before = tree(trained)
    done = python(SAVE, trained, max(sizes) - 100)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert tree(trained) == before


def test_ingest_on_a_full_disk_leaves_the_data(trained: Path, source: Path, tree: Any) -> None:
    before = tree(trained)
    files = (source / "fields.npy", "--params", source / "params.csv")
    done = python(LIMITED, 1000, "ingest", *files, "--study", trained, "--overwrite")
    assert done.returncode == 2, done.stderr
    assert "dataset.zarr: the dataset cannot be written" in done.stderr
    assert tree(trained) == before


def test_prediction_and_report_on_a_full_disk(trained: Path, make_runs: Any, tree: Any) -> None:
    table = make_runs().write_params(trained / "new.csv", [0, 1])
    (trained / "p.npz").write_text("the one from before")
    before = tree(trained)
    done = python(LIMITED, 1500, "predict", trained, "--params", table, "--out", trained / "p.npz", "--overwrite")
    assert done.returncode == 2, done.stderr
    assert "p.npz could not be written" in done.stderr
    assert tree(trained) == before
    done = python(LIMITED, 1500, "evaluate", trained)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert tree(trained) == before
