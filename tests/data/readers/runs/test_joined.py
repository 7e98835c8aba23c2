"""Files of one run with a field each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.joined import joined
from simulgenvae.data.readers.runs.series import RunPart, Series, Snapshot
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh

NODES = np.array([[0.0], [1.0], [2.0]])
RUN = Path("run")


def _file(
    fields: str, times: tuple[float, ...] = (0.0, 0.5), nodes: np.ndarray = NODES
) -> Callable[[], Series]:
    def read(step: int) -> Snapshot:
        return Snapshot(nodes, dict.fromkeys(fields, nodes[:, 0] + times[step]), {})

    return lambda: Series(RUN, np.array(times), read, lambda: Mesh(nodes), notes=lambda: ["kept"])


def test_fields_of_all_files_are_there(tmp_path: Path) -> None:
    series = joined(RUN, {"u": _file("u"), "p": _file("p"), "mesh": _file("", (0.0,))})
    assert list(series.read(1).fields) == ["u", "p"]
    np.testing.assert_array_equal(series.read(1).fields["p"], [0.5, 1.5, 2.5])
    assert list(series.notes()) == [
        "kept",
        "fields of 'u', 'p' are taken together (--pattern chooses a file)",
        "files of only the mesh, which are not read: 'mesh'",
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"u": _file("u"), "p": _file("p", (0.0, 0.6))}, "u and p have other times"),
        ({"u": _file("u"), "p": _file("p", (0.0,))}, "u and p have other times"),
        ({"u": _file("u"), "p": _file("p", nodes=NODES + 1)}, "u and p have other nodes"),
        ({"u": _file("u"), "v": _file("u")}, "'u' is in u and in v"),
    ],
)
def test_files_of_other_runs(files: Mapping[str, Callable[[], Series]], message: str) -> None:
    with pytest.raises(UserError, match=f"run: {message}: choose one of .* with --pattern"):
        joined(RUN, files)


def test_meshes_alone_are_no_results() -> None:
    with pytest.raises(UserError, match="meshes without results"):
        joined(RUN, {"a": _file(""), "b": _file("")})


def test_two_collections_of_a_run(tmp_path: Path, box: SimpleNamespace) -> None:
    (tmp_path / "r0").mkdir()
    for name in "Tp":
        entries = ""
        for step in range(2):
            made = box.block(2.0, float(step))
            values = np.array(made["T"])
            made.clear_data()
            made[name] = values + ord(name)
            made.save(tmp_path / f"r0/{name}{step}.vtu")
            entries += f'<DataSet timestep="{step}" file="{name}{step}.vtu"/>'
        (tmp_path / f"r0/{name}.pvd").write_text(
            f'<VTKFile type="Collection"><Collection>{entries}</Collection></VTKFile>'
        )
    source = open_runs(tmp_path)
    assert source.companions["variables"].tolist() == ["p", "T"]
    np.testing.assert_allclose(source.run(0)[1, :, 0], box.block(2.0, 1.0)["T"] + ord("p"))
    only = open_runs(tmp_path, RunPart(pattern="p.pvd"))
    assert only.companions["variables"].tolist() == ["p"]
