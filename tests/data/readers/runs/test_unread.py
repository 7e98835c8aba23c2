"""Files that are not read: the message names the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulgenvae.data.readers import open_source
from simulgenvae.errors import UserError


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("runs/r0/u.bp/data.0", "u.bp is of ADIOS2 .*XDMF with each Function .*VTKFile"),
        ("runs/r0.odb", "r0.odb is of Abaqus"),
        ("runs/r0/out.op2", "out.op2 is of Nastran"),
        (
            "runs/r0/plate.msh",
            "plate.msh is of Gmsh or Fluent: .*A mesh .* is given as --mesh, with",
        ),
    ],
)
def test_the_way_out(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    with pytest.raises(UserError, match=told):
        open_source(tmp_path / "runs")
    if name.endswith(".odb"):
        with pytest.raises(UserError, match=told):
            open_source(tmp_path / name)
