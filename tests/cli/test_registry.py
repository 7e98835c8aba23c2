"""A command that is added from outside the package, as CONTRIBUTING says."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.parser import COMMANDS, Command


def count_runs(folder: Path = Path(), /, *, twice: bool = False) -> None:
    """Count the runs of a study.

    Parameters
    ----------
    folder
        Study folder.
    twice
        Count every run twice.
    """
    runs = len(simulgenvae.Study.open(folder).open_dataset().ids)
    show(f"{runs * (1 + twice)} runs")


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("toy_commands")
    module.count_runs = count_runs  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_commands", module)
    monkeypatch.setitem(COMMANDS, "count-runs", Command("count runs", "toy_commands:count_runs"))


@pytest.mark.usefixtures("toy")
def test_a_command_from_outside(cli: Callable[..., Any], ingested: Path) -> None:
    assert cli("count-runs", ingested).out == "12 runs\n"
    assert cli("count-runs", ingested, "--twice").out == "24 runs\n"
    assert "count runs" in cli("--help").out


@pytest.mark.usefixtures("toy")
def test_its_mistakes_are_one_line(cli: Callable[..., Any], tmp_path: Path) -> None:
    done = cli("count-runs", tmp_path / "nothing")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "simulgenvae count-runs: error:" in cli("count-runs", "--nonsense").err
