"""The classic script as users start it: a process of its own in the folder of a study.

``tests/examples/test_classic_study.py`` trains with it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "SimulGen-VAE.py"


def start(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *flags]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_help_names_every_flag(tmp_path: Path) -> None:
    done = start(tmp_path, "--help")
    assert done.returncode == 0
    for flag in ("--preset", "--plot", "--lc_only", "--size", "--load_all", "--use_ddp"):
        assert flag in done.stdout


def test_an_empty_folder_is_one_message(tmp_path: Path) -> None:
    done = start(tmp_path, "--preset=1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: input_data/dataset1.pickle: no such file")
    assert not list(tmp_path.iterdir())
