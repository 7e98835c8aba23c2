"""The recipes of CONTRIBUTING: their files exist, and their worked examples are tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| a") and "`tests/" in line
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_recipe_names_what_exists(row: list[str]) -> None:
    _, write, line, _, example = row
    new = re.findall(r"`([\w/]+/)(?:NAME\.py)?`", write)
    assert new
    for folder in new:
        assert (ROOT / "src/simulgenvae" / folder).is_dir()
    for registry in re.findall(r"`([\w/]+\.py)`", line):
        assert (ROOT / "src/simulgenvae" / registry).is_file()
    assert (ROOT / example.strip("`")).is_file()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_its_descriptor_is_in_the_package(row: list[str]) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    for name in re.findall(r"`([A-Z][a-z][A-Za-z]+)`", row[1]):
        assert re.search(rf"class {name}\b", sources), name


def test_there_is_a_recipe_for_each_kind() -> None:
    assert len(ROWS) == 12


def test_the_example_of_a_baseline_works() -> None:
    block = re.search(r"```python\n# src/simulgenvae/baselines(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    names: dict[str, object] = {}
    exec(block.group(1).split("\n", 1)[1], names)
    from simulgenvae.baselines import BaselineSpec

    assert isinstance(names["LAST_RUN"], BaselineSpec)
