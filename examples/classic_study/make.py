"""Solve the runs of this classic study and write its data, pictures and parameters.

The files are ``input_data/dataset1.pickle``, ``images/param_001.png`` … and
``parametric_data/params.csv``.

    c ∂T/∂t = ∇·(k ∇T) on [0, 1]²,    T = 0 at t = 0,
    T = 100 at x = 0,    T = 0 at x = 1,    no flux at y = 0, 1

Each run is a plate with one to three circular inclusions that conduct badly; its picture shows
them, and so does its row of the table: centre and radius of each, the largest first, and zeros
where there are fewer. Cell-centred finite volumes, implicit Euler. Run as ``python make.py``; it
takes a few seconds.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu

MATRIX, INCLUSION = 1.0, 0.03
"""Conductivities; the capacity is 1 everywhere."""
HOT = 100.0
END_TIME = 0.12
MOST_INCLUSIONS = 3
RADII = (0.08, 0.2)

Circles = NDArray[np.float64]
"""Centres and radii, shape [inclusions, 3]: x, y, radius."""


def sample(run: int) -> Circles:
    """Return the inclusions of a run, at random and off the edges.

    They are the same whatever the number of runs.
    """
    generator = np.random.default_rng([7, run])
    radius = generator.uniform(*RADII, generator.integers(1, MOST_INCLUSIONS + 1))
    x, y = (generator.uniform(radius + 0.03, 0.97 - radius) for _ in range(2))
    return np.stack([x, y, radius], axis=1)


def covered(circles: Circles, cells: int) -> NDArray[np.float64]:
    """Return about the share of each of ``cells`` × ``cells`` squares that lies in an inclusion.

    Rows begin at the bottom.
    """
    centres = (np.arange(cells) + 0.5) / cells
    y, x = np.meshgrid(centres, centres, indexing="ij")
    depth = [radius - np.hypot(x - at_x, y - at_y) for at_x, at_y, radius in circles]
    return np.clip(np.max(depth, axis=0) * cells + 0.5, 0.0, 1.0)


def solve(circles: Circles, nodes: int, timesteps: int) -> NDArray[np.float32]:
    """Return the temperature ``[timesteps, nodes²]`` after equal steps of time.

    Nodes are numbered row by row from the bottom, x fastest.
    """
    share = covered(circles, nodes)
    k = MATRIX * (INCLUSION / MATRIX) ** share
    index = np.arange(nodes**2).reshape(nodes, nodes)
    pairs = [(index[:, :-1], index[:, 1:], _between(k[:, :-1], k[:, 1:]))]
    pairs += [(index[:-1], index[1:], _between(k[:-1], k[1:]))]
    a, b, conductance = (
        np.concatenate([np.ravel(pair[part]) for pair in pairs]) for part in range(3)
    )
    at_wall = np.zeros((nodes, nodes))
    at_wall[:, [0, -1]] = (
        2 * k[:, [0, -1]]
    )  # half a cell to the walls that are held at a temperature
    through = coo_array(
        (np.concatenate([conductance, conductance]), (np.r_[a, b], np.r_[b, a]))
    ).tocsc()
    laplacian = diags_array(through.sum(axis=1) + at_wall.ravel()) - through
    source = np.zeros((nodes, nodes))
    source[:, 0] = at_wall[:, 0] * HOT
    storage = timesteps / END_TIME / nodes**2
    step = splu((laplacian + diags_array(np.full(nodes**2, storage))).tocsc())
    field, fields = np.zeros(nodes**2), []
    for _ in range(timesteps):
        field = step.solve(storage * field + source.ravel())
        fields.append(field)
    return np.array(fields, dtype=np.float32)


def _between(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * one * other / (one + other)


def picture(circles: Circles, pixels: int) -> Image.Image:
    """Inclusions black on white; row 0 is the top edge, y = 1."""
    grey = 255 * (1 - covered(circles, pixels)[::-1])
    return Image.fromarray(np.round(grey).astype(np.uint8))


def make(folder: Path, runs: int, nodes: int, timesteps: int, pixels: int) -> None:
    """Write the data, the pictures and the table of ``runs`` runs into a study folder."""
    designs = [sample(run) for run in range(runs)]
    fields = np.stack(
        [solve(circles, nodes, timesteps) for circles in designs]
    )  # [runs, timesteps, nodes²]
    (folder / "input_data").mkdir(parents=True, exist_ok=True)
    (folder / "images").mkdir(exist_ok=True)
    (folder / "input_data/dataset1.pickle").write_bytes(pickle.dumps(fields))
    (folder / "parametric_data").mkdir(exist_ok=True)
    header = ",".join(
        f"{name}{k}" for k in range(1, MOST_INCLUSIONS + 1) for name in ("x", "y", "radius")
    )
    table = np.zeros((runs, 3 * MOST_INCLUSIONS))
    for row, circles in zip(table, designs, strict=True):
        row[: circles.size] = circles[np.argsort(-circles[:, 2])].ravel()
    np.savetxt(
        folder / "parametric_data/params.csv", table, delimiter=",", header=header, comments=""
    )
    for number, circles in enumerate(designs, start=1):
        picture(circles, pixels).save(folder / f"images/param_{number:03d}.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Solve the runs of the documented study.")
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(__file__).parent,
        help="default: beside this file",
    )
    parser.add_argument("--runs", type=int, default=72)
    parser.add_argument("--nodes", type=int, default=20, help="along a side of the plate")
    parser.add_argument("--timesteps", type=int, default=20)
    parser.add_argument("--pixels", type=int, default=64, help="along a side of a picture")
    make(**vars(parser.parse_args()))
