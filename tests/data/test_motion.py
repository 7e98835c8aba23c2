"""Positions in time of arrays in memory."""

from __future__ import annotations

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError

RNG = np.random.default_rng(0)
FIELDS = RNG.random((5, 3, 4, 1)).astype(np.float32)
PLACES = RNG.random((5, 3, 4, 2))
CONDITIONS = {"a": list(range(5))}


@pytest.mark.parametrize("alike", [False, True])
def test_positions_in_time_are_a_displacement(alike: bool) -> None:
    places = PLACES.copy()
    if alike:
        places[:, 0] = places[0, 0]
    found = Dataset.from_arrays(
        FIELDS, CONDITIONS, coords=places, variables=["T"], units=["K"], length_unit="m"
    )
    assert found.variables == ("T", "mesh_displacement_x", "mesh_displacement_y")
    assert found.units == ("K", "m", "m")
    assert found.motion == found.variables[1:]
    assert (found.shapes is None) == alike
    for run in range(5):
        mesh = found.mesh if found.shapes is None else found.shapes.placement(run).mesh
        np.testing.assert_allclose(mesh.coords + found.run(run)[..., 1:], places[run], atol=1e-6)


def test_positions_in_time_of_all_runs() -> None:
    found = Dataset.from_arrays(FIELDS, CONDITIONS, coords=PLACES[1])
    assert found.shapes is None
    for run in range(5):
        np.testing.assert_allclose(
            found.mesh.coords + found.run(run)[..., 1:], PLACES[1], atol=1e-6
        )


def test_positions_that_do_not_fit() -> None:
    with pytest.raises(UserError, match=r"\(5, 2, 4, 2\): in time they must be"):
        Dataset.from_arrays(FIELDS, CONDITIONS, coords=PLACES[:, :2])
    with pytest.raises(UserError, match="not finite"):
        Dataset.from_arrays(FIELDS, CONDITIONS, coords=PLACES * np.nan)
