"""Predicting loads no training: importing it takes as long as predicting a design."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PREDICTING = (
    "simulgenvae.surrogate.surrogate",
    "simulgenvae.export.write",
    "simulgenvae.design.suggest",
)
FITTING = "simulgenvae.surrogate.fit"
LOADED = """
import importlib, json, sys
found = {}
for module in sys.argv[1:]:
    importlib.import_module(module)
    found[module] = [name for name in sys.modules if name.startswith(("simulgenvae.training", "optuna"))]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """Return what is loaded of training and search after importing each module, one by one."""
    command = [sys.executable, "-c", LOADED, *PREDICTING, FITTING]
    found: dict[str, list[str]] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    return found


@pytest.mark.parametrize("module", PREDICTING)
def test_predicting_loads_no_training(module: str, loaded: dict[str, list[str]]) -> None:
    assert loaded[module] == []


def test_fitting_does(loaded: dict[str, list[str]]) -> None:
    assert "simulgenvae.training.train" in loaded[FITTING]
    assert "optuna" not in loaded[FITTING]  # a search loads it when it starts
