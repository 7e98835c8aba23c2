"""The map from the old layout to this one: complete, and true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in (ROOT / "docs/old-layout.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `") and ".py" in line
]
PARTS = {
    "VAE_network.py",
    "encoder.py",
    "decoder.py",
    "train.py",
    "data_preprocess.py",
    "losses.py",
    "common.py",
    "utils.py",
    "augmentation.py",
    "plotter.py",
    "reconstruction_evaluator.py",
    "input_variables.py",
    "pca_preprocessor.py",
    "enhanced_loss_functions.py",
    "latent_conditioner.py",
    "latent_conditioner_e2e.py",
    "latent_conditioner_model_parametric.py",
    "latent_conditioner_model_cnn.py",
    "latent_conditioner_model_vit.py",
}


def test_every_old_part_has_its_line() -> None:
    assert {row[0].strip("`") for row in TABLE} == PARTS


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].strip("`"))
def test_what_a_line_names_is_there(row: list[str]) -> None:
    now = row[2]
    files = [ROOT / "src/simulgenvae" / name for name in re.findall(r"`([\w/]+\.py)`", now)]
    assert files
    assert [str(path) for path in files if not path.is_file()] == []
    classes = {
        node.name
        for path in files
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    assert set(re.findall(r"`([A-Z][a-z]+[A-Z]\w*)`", now)) <= classes
