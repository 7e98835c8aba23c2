"""Runs with meshes of their own: plates of another length each, and new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyvista

Kind = Literal["corresponding", "grid", "morphing", "alone"]
RUNS = 14
NEW = {"new_0": 1.07, "new_1": 0.83}
TIMES = 4
QUANTITIES = """
[quantities]
heat = "integral(T)"
hot = "max(T, box=(0.5, -1, -1, 2, 2, 1))"
probe = "value(T, point=(0.3, 0.5, 0), time=1)"
"""


def rectangle(length: float, across: int = 9) -> Any:
    grid = pyvista.ImageData(
        dimensions=(across, 7, 1), spacing=(length / (across - 1), 1 / 6, 1)
    ).cast_to_unstructured_grid()
    return grid.triangulate()


def field(points: np.ndarray, length: float) -> np.ndarray:
    """Return a wave that the length stretches, `[T, m]`."""
    times = np.arange(TIMES)[:, None]
    return 300 + 10 * np.cos(2.0 * points[:, 0] / length + 0.3 * times) + 2 * points[:, 1] * length


def write_runs(folder: Path, kind: Kind) -> None:
    lengths = np.random.default_rng(0).uniform(0.7, 1.3, RUNS)
    for run, length in enumerate(lengths):
        grid = rectangle(length, 9 if kind == "corresponding" else 8 + run % 3)
        (folder / f"runs/r{run:02d}").mkdir(parents=True)
        for step, values in enumerate(field(np.asarray(grid.points), length)):
            grid.point_data["T"] = values
            grid.save(folder / f"runs/r{run:02d}/t_{step}.vtu")
    rows = "".join(f"r{run:02d},{length}\n" for run, length in enumerate(lengths))
    (folder / "known.csv").write_text("id,length\n" + rows)
    (folder / "new.csv").write_text("id,length\n" + "".join(f"{k},{v}\n" for k, v in NEW.items()))
    (folder / "meshes").mkdir()
    for name, length in NEW.items():
        rectangle(length, 9 if kind == "corresponding" else 12).save(folder / f"meshes/{name}.vtu")


def params(kind: Kind, file: str, folder: Path) -> list[object]:
    return [] if kind == "alone" else ["--params", folder / file]
