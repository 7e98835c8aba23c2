"""The table of effects in ``docs/classic-interface.md`` is complete and measured."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulgenvae.cli.classic import simulgen_vae as classic
from simulgenvae.settings.classic.condition_keys import CONDITION_KEYS
from simulgenvae.settings.classic.preset_file import LINES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/classic-interface.md"


def _load() -> ModuleType:
    """Import the script beside this file, which is no part of a package."""
    path = Path(__file__).with_name("key_effects.py")
    spec = importlib.util.spec_from_file_location("key_effects", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["key_effects"] = module
    spec.loader.exec_module(module)
    return module


key_effects = _load()
ROWS = {row.label: row for row in key_effects.ROWS}


def table_in_docs() -> dict[str, set[str]]:
    """Return label → files that change, from the document."""
    section = DOCUMENT.read_text("utf-8").split("\n## What each key changes\n")[1].split("\n## ")[0]
    rows = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            label, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            names = zip(key_effects.FILES, cells, strict=True)
            rows[label.strip("`")] = {name for name, cell in names if cell}
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_effects.write_study(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def known() -> dict[str, dict[str, Any]]:
    """Files of the trainings that rows are compared with."""
    return {}


@pytest.mark.parametrize("label", ROWS)
def test_a_row_says_what_is_measured(
    label: str,
    data: Path,
    known: dict[str, dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    found = key_effects.effect(ROWS[label], data, tmp_path_factory.mktemp("study"), known)
    assert table_in_docs()[label] == found


def _flags(parser: argparse.ArgumentParser) -> set[str]:
    return {action.option_strings[-1] for action in parser._actions} - {"--help"}


def test_every_key_line_and_flag_has_a_row_or_a_reason() -> None:
    tried = {row.name for row in key_effects.ROWS}
    assert not tried & key_effects.UNTRIED.keys()
    assert tried | key_effects.UNTRIED.keys() == CONDITION_KEYS.keys() | LINES.keys() | {
        "data_No"
    } | _flags(classic.parser())
    assert table_in_docs().keys() == ROWS.keys()


def test_what_changes_no_file_is_about_speed_or_memory_alone() -> None:
    without = {label for label, files in table_in_docs().items() if not files}
    assert without == {"gradient_checkpointing: 1", "device: cpu", "--load_all=1", "--use_ddp"}


@pytest.mark.parametrize(
    "label", [row.label for row in key_effects.ROWS if row.name.startswith("latent_conditioner_")]
)
def test_keys_of_the_conditioner_leave_a_frozen_vae_alone(label: str) -> None:
    assert table_in_docs()[label] == key_effects.AFTER_VAE


@pytest.mark.parametrize(
    "name", ["Training_epochs", "LearningR", "Batch_size", "Loss_type", "init_beta_divisor"]
)
def test_keys_of_the_vae_change_all_files_of_the_model(name: str) -> None:
    assert all(
        table_in_docs()[row.label] == key_effects.MODEL
        for row in key_effects.ROWS
        if row.name == name
    )
