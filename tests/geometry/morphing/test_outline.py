"""Run onto whose mesh the others are morphed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.geometry.morphing.correspondence import partners
from simulgenvae.geometry.morphing.outline import Outline, reference_run
from simulgenvae.geometry.morphing.plane import PlaneMesh
from simulgenvae.mesh.mesh import Mesh
from tests.geometry.morphing.shapes import plate

FILE = Path("run")
SOLID = Mesh(np.eye(4)[:, 1:], {"tetra": np.array([[0, 1, 2, 3]])})


def named(meshes: list[Mesh]) -> dict[str, Outline]:
    return {str(number): Outline.of(mesh, FILE) for number, mesh in enumerate(meshes)}


def test_an_outline_is_the_boundary_of_a_mesh() -> None:
    mesh = plate((1.0, 0.5, 0.2))
    whole = PlaneMesh.of(mesh, FILE)
    outline = Outline.of(mesh, FILE)
    assert outline.nodes == len(whole.points)
    for loop, other in zip(outline.plane.loops, whole.loops, strict=True):
        np.testing.assert_array_equal(outline.plane.points[loop], whole.points[other])
    partner = partners(whole, outline.plane, FILE)
    np.testing.assert_allclose(partner, whole.points[whole.boundary], atol=1e-9)


def test_the_finest_of_the_typical_runs_is_taken() -> None:
    lengths = [1.0, 1.9, 2.0, 2.1, 3.0]
    spacings = [0.05, 0.1, 0.1, 0.08, 0.05]
    meshes = [
        plate(size=(length, 1.0), spacing=spacing)
        for length, spacing in zip(lengths, spacings, strict=True)
    ]
    assert reference_run(named(meshes)) == "3"


def test_it_has_as_many_holes_as_most() -> None:
    holed = plate((1.0, 0.5, 0.2))
    assert reference_run(named([plate(spacing=0.05), holed, holed])) == "1"


def test_bodies_have_no_outline() -> None:
    with pytest.raises(UserError, match="run: has cells of 3 dimensions"):
        Outline.of(SOLID, FILE)
