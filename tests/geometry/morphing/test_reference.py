"""Run onto whose mesh the others are morphed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.reference import reference_run
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.morphing.shapes import plate

FILE = Path("run")
SOLID = Mesh(np.eye(4)[:, 1:], {"tetra": np.array([[0, 1, 2, 3]])})


def test_the_finest_of_the_typical_runs_is_taken() -> None:
    lengths = [1.0, 1.9, 2.0, 2.1, 3.0]
    spacings = [0.05, 0.1, 0.1, 0.08, 0.05]
    meshes = [
        (plate(size=(length, 1.0), spacing=spacing), FILE)
        for length, spacing in zip(lengths, spacings, strict=True)
    ]
    assert reference_run(meshes) == 3


def test_it_has_as_many_holes_as_most() -> None:
    holed = plate((1.0, 0.5, 0.2))
    runs = [plate(spacing=0.05), holed, SOLID, holed]
    assert reference_run([(mesh, FILE) for mesh in runs]) == 1


def test_runs_that_cannot_be_morphed_at_all() -> None:
    with pytest.raises(UserError, match="run: has cells of 3 dimensions"):
        reference_run([(SOLID, FILE)])
