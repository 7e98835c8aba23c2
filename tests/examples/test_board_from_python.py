"""The example runs as it is, on a few runs and with few steps."""

import importlib.util
from pathlib import Path

import pytest

from simulgenvae.settings import Settings

pytest.importorskip("skfem")
pytest.importorskip("pyvista")


def test_the_example_runs() -> None:
    file = Path(__file__).parents[2] / "examples" / "board_from_python.py"
    spec = importlib.util.spec_from_file_location("board_from_python", file)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    few = {"steps": 20}
    settings = Settings.model_validate(
        {
            "model": {"filters": (16, 8), "width": 32},
            "training": {"vae": few, "conditioner": few, "end_to_end": few},
        }
    )
    assert 0.0 < example.main(12, settings) < 150.0
