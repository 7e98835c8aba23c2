"""``python -m simulgenvae`` is the command ``simulgenvae``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from simulgenvae import __version__


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--version"], 0, f"simulgenvae {__version__}\n"),
        (["predict", "--help"], 0, "Usage: simulgenvae predict"),
        (["predict", "--sampels"], 2, "simulgenvae predict: error:"),
    ],
)
def test_the_module_is_the_command(arguments: list[str], code: int, text: str) -> None:
    command = [sys.executable, "-m", "simulgenvae", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert text in done.stdout + done.stderr
