"""Runs with meshes of their own for the commands of the page about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyvista

import simulgenvae
from simulgenvae.settings.toml import toml_text

FEW = {
    "model": {"filters": [8], "width": 8, "latent_dim": 2, "hierarchical_dim": 1},
    "conditioner": {"filters": [8]},
    "training": {"end_to_end": {"steps": 8, "members": 1, "refit": False}},
    "evaluation": {"figures": False},
}
RUNS = 12


def make_runs() -> None:
    """Write runs, meshes and tables of new designs, and settings that train in seconds.

    Runs are plates of another length each, with meshes that differ.
    """
    lengths = np.random.default_rng(0).uniform(0.8, 1.2, RUNS)
    for run, length in enumerate(lengths):
        plate = _plate(length, 8 + run % 3)
        folder = Path(f"runs/plate_{run:02d}")
        folder.mkdir(parents=True)
        for step in range(3):
            plate.point_data["T"] = 300 + 10 * np.cos(2 * plate.points[:, 0] / length + 0.3 * step)
            plate.save(folder / f"t_{step}.vtu")
    rows = "".join(f"plate_{run:02d},{length}\n" for run, length in enumerate(lengths))
    Path("parameters.csv").write_text("id,length\n" + rows)
    Path("new.csv").write_text("id,length\nshort,0.85\nlong,1.1\n")
    Path("new_meshes").mkdir()
    _plate(0.85, 12).save("new_meshes/short.vtu")
    _plate(1.1, 12).save("new_meshes/long.vtu")
    Path("S").mkdir()
    settings = simulgenvae.Settings.model_validate(FEW)
    Path("S/study.toml").write_text(toml_text(settings))


def _plate(length: float, across: int) -> pyvista.UnstructuredGrid:
    spacing = (length / (across - 1), 1 / 6, 1)
    grid = pyvista.ImageData(dimensions=(across, 7, 1), spacing=spacing)
    return grid.cast_to_unstructured_grid().triangulate()
