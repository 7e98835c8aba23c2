"""Quantities that the runs of a dataset must have, each on its own mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.errors import UserError
from simulgenvae.quantities.of_runs import require_quantities

from .conftest import square_mesh


def test_each_run_must_have_them() -> None:
    mesh = square_mesh()
    assert mesh.coords is not None
    lengths = np.array([1.0, 2.0, 0.5])
    coords = mesh.coords * np.stack([lengths, np.ones(3)], axis=1)[:, None]
    dataset = Dataset.from_arrays(
        np.random.default_rng(0).random((3, 2, 25)),
        {"length": lengths},
        coords=coords,
        cells=mesh.cells,
        variables=["T"],
    )
    require_quantities({"q": "max(T, box=(0.4, 0, 9, 1))"}, dataset, Path())
    far = {"q": "max(T, box=(0.9, 0, 9, 1))"}
    with pytest.raises(UserError, match=r"^run '2': quantity 'q': the box holds no node"):
        require_quantities(far, dataset, Path())
    require_quantities(far, dataset, Path(), rows=[0, 1])
    with pytest.raises(UserError, match="no variable 'U'"):
        require_quantities({"q": "max(U)"}, dataset, Path(), rows=[])
