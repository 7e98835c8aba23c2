"""The table of the classic interface: complete, and true."""

from __future__ import annotations

import argparse
import ast
import re
from functools import cache
from pathlib import Path

import pytest

from simulgenvae.cli.classic import launch_ddp
from simulgenvae.cli.classic import simulgen_vae as classic
from simulgenvae.settings.classic.condition_keys import CONDITION_KEYS, OLD_KEYS, UNUSED
from simulgenvae.settings.classic.preset_file import LINES
from simulgenvae.settings.raw import FIELDS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/classic-interface.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """First cell without quotes → the other cells, of the tables below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [
        line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")
    ]
    return {first.strip("`"): others for first, *others in cells}


SECTIONS = [
    "`SimulGen-VAE.py`",
    "`launch_ddp.py`",
    "`preset.txt` and `preset<k>.txt`",
    "`input_data/condition.txt`",
]
SECTIONS += ["Data and outputs"]
ROWS = [(name, cells) for section in SECTIONS for name, cells in rows(section).items()]


def flags(parser: argparse.ArgumentParser) -> set[str]:
    """Of two spellings the last one, which is the classic system's."""
    return {action.option_strings[-1] for action in parser._actions} - {"--help"}


def test_every_flag_has_its_line() -> None:
    assert rows(SECTIONS[0]).keys() == flags(classic.parser())
    assert rows(SECTIONS[1]).keys() == flags(launch_ddp.parser())


def test_every_key_and_line_has_its_line() -> None:
    assert rows(SECTIONS[2]).keys() == {"data_No", *LINES}
    assert rows(SECTIONS[3]).keys() >= CONDITION_KEYS.keys() | OLD_KEYS.keys() | UNUSED.keys()


@pytest.mark.parametrize("key", CONDITION_KEYS)
def test_a_key_names_the_settings_that_it_fills(key: str) -> None:
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", rows(SECTIONS[3])[key][0]))
    assert set(CONDITION_KEYS[key].settings) <= named <= FIELDS.keys()


def test_every_classic_output_has_its_line() -> None:
    wanted = {"SimulGen-VAE", "LatentConditioner", "latent_vectors.npy", "xs.npy"}
    assert {f"model_save/{name}" for name in wanted} | {"checkpoints/", "output/"} <= rows(
        SECTIONS[4]
    ).keys()
    assert {"input_data/dataset<k>.pickle", "images/", "parametric_data/"} <= rows(
        SECTIONS[4]
    ).keys()


@cache
def functions(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[name for name, _ in ROWS])
def test_the_tests_of_a_line_exist(name: str, cells: list[str]) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cells[-1])
    assert tests
    assert cells[-1].count("::") == len(tests)
    for file, function in tests:
        assert (ROOT / file).is_file(), file
        assert function in functions(ROOT / file), function
