"""Predicting loads no training: importing it takes as long as predicting a design."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import sys, {}; print([name for name in sys.modules if name.startswith(('simulgenvae.training', 'optuna'))])"


def loaded(module: str) -> str:
    """Return what importing a module loads of training and search, as Python prints a list."""
    command = [sys.executable, "-c", LOADED.format(module)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    "module",
    ["simulgenvae.surrogate.surrogate", "simulgenvae.export.write", "simulgenvae.design.suggest"],
)
def test_predicting_loads_no_training(module: str) -> None:
    assert loaded(module) == "[]"


def test_fitting_does() -> None:
    found = loaded("simulgenvae.surrogate.fit")
    assert "simulgenvae.training.train" in found
    assert "optuna" not in found  # a search loads it when it starts
