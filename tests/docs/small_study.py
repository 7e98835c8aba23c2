"""A small trained study for the commands of pages that start from one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

import simulgenvae

FEW = {
    "model": {"filters": [8], "width": 8, "latent_dim": 2, "hierarchical_dim": 1},
    "conditioner": {"filters": [8]},
    "training": {"end_to_end": {"steps": 8, "members": 1, "refit": False}},
    "evaluation": {"figures": False},
}


def make_study(folder: str = "S") -> None:
    """Make a trained study, and files that commands of pages name.

    It is trained once, and kept in the folder that ``KEPT_STUDY`` names.
    """
    kept = Path(os.environ["KEPT_STUDY"])
    if not kept.exists():
        _train(kept)
    shutil.copytree(kept, folder)
    Path("new.csv").write_text("id,row,speed\nquick,0.05,0.0075\nslow,0.05,0.0045\n")
    (Path(folder) / "wall.txt").write_text("0\n5\n10\n15\n")


def _train(folder: Path) -> None:
    """Train a study of 12 runs.

    Its parameters are ``row`` and ``speed``, its variable ``T`` in K at 6 times from 0 to 1 and 20
    nodes of a flat mesh; runs are called ``run_0`` to ``run_11``.
    """
    rng = np.random.default_rng(0)
    row, speed = rng.uniform(0.02, 0.08, 12), rng.uniform(0.004, 0.008, 12)
    x, y = (each.ravel() for each in np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 4)))
    times = np.linspace(0, 1, 6)
    waves = np.sin(3 * x - 500 * speed[:, None, None] * times[:, None]) * y
    corners = np.array([k for k in range(15) if k % 5 < 4])[:, None]
    simulgenvae.fit(
        {"id": [f"run_{k}" for k in range(12)], "row": row, "speed": speed},
        300 + 900 * row[:, None, None] * waves,
        times=times,
        coords=np.column_stack([x, y]),
        cells={"quad": corners + np.array([0, 1, 6, 5])},
        variables=["T"],
        units=["K"],
        settings=simulgenvae.Settings.model_validate(FEW),
        study=folder,
    )
