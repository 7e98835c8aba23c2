"""CSV files with one row for each node, in the dialects of solvers and of ParaView."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers import open_source
from simulgenvae.data.readers.runs.csv_files import open_csv
from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.one_run import open_series
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

X, Y = np.meshgrid([0.0, 0.25, 1 / 3], [0.0, 1e-05])
NODES = np.column_stack([X.ravel(), Y.ravel()])
Rows = list[tuple[float, float, float, float]]


def rows(run: int, step: int) -> Rows:
    """Return x, y, T and p of six nodes; two of the values need all digits."""
    return [(x, y, 300 + run + step + x / 7, -1e5 * (step + 1) - y) for x, y in NODES]


def su2(run: int, step: int) -> str:
    lines = ['"PointID","x","y","Temperature","Pressure"']
    # Parallel runs write the nodes in any order.
    for number, row in sorted(enumerate(rows(run, step)), key=lambda item: (item[0] + step) % 6):
        lines.append(", ".join([str(number), *map(repr, map(float, row))]))
    return "\n".join(lines)


def comsol(run: int, step: int) -> str:
    lines = [
        "% Model:              heat.mph",
        "% Version:            COMSOL 6.1.0.252",
        "% Date:               Nov 29 2026, 10:20",
        "% Dimension:          2",
        "% Nodes:              6",
        "% Description:        Temperature, Pressure",
        "% X,Y,T (K),p (Pa)",
    ]
    return "\n".join([*lines, *(",".join(map(repr, map(float, row))) for row in rows(run, step))])


def comsol_text(run: int, step: int) -> str:
    lines = ["% Nodes:  6", "% x                       y               T (K)          p (Pa)"]
    return "\n".join([*lines, *("    ".join(map(repr, map(float, r))) for r in rows(run, step))])


def ansys(run: int, step: int) -> str:
    lines = ["Node Number\tX Location (mm)\tY Location (mm)\tTemperature (°C)\tPressure (MPa)"]
    for number, row in enumerate(rows(run, step), 1):
        lines.append("\t".join([str(number), *map(repr, map(float, row))]))
    return "\n".join(lines)


def german(run: int, step: int) -> str:
    lines = ["Node Label;X;Y;T;p", ";mm;mm;K;Pa"]
    for number, row in enumerate(rows(run, step), 1):
        lines.append(
            ";".join([str(number), *(repr(float(v)).replace(".", ",") for v in row)]) + ";"
        )
    return "\n".join(lines)


def cfd_post(run: int, step: int) -> str:
    lines = ["", "[Name]", "Plane 1", "", "[Data]"]
    lines.append("Node Number, X [ m ], Y [ m ], Temperature [ K ], Pressure [ Pa ]")
    for number, row in enumerate(rows(run, step)):
        lines.append(", ".join([str(number), *map(repr, map(float, row))]))
    return "\n".join([*lines, "", "[Faces]", "0, 1, 4, 3", "1, 2, 5, 4"])


def fluent(run: int, step: int) -> str:
    lines = ["nodenumber,    x-coordinate,    y-coordinate,     temperature,        pressure"]
    for number, row in enumerate(rows(run, step), 1):
        lines.append(f"{number:10d}," + ",".join(f"{float(v)!r:>25}" for v in row))
    return "\n".join(lines)


def paraview(run: int, step: int) -> str:
    lines = ['"Block Name","T","p","Points:0","Points:1","Points_Magnitude","Time"']
    for x, y, temperature, pressure in rows(run, step):
        values = [temperature, pressure, x, y, np.hypot(x, y), float(step)]
        lines.append(",".join(['"fluid"', *map(repr, map(float, values))]))
    return "\n".join(lines)


Writer = Callable[[int, int], str]
DIALECTS: Mapping[str, tuple[Writer, str, list[str], list[str]]] = {
    "SU2": (su2, "flow_{:05d}.csv", ["Temperature", "Pressure"], []),
    "COMSOL": (comsol, "T_{}.csv", ["T", "p"], ["K", "Pa"]),
    "COMSOL text": (comsol_text, "T_{}.txt", ["T", "p"], ["K", "Pa"]),
    "Ansys": (ansys, "t{}.txt", ["Temperature", "Pressure"], ["°C", "MPa"]),
    "decimal comma": (german, "frame-{}.csv", ["T", "p"], ["K", "Pa"]),
    "CFD-Post": (cfd_post, "export{}.csv", ["Temperature", "Pressure"], ["K", "Pa"]),
    "Fluent": (fluent, "ascii-{}.csv", ["temperature", "pressure"], []),
    "ParaView": (paraview, "spreadsheet_{}.csv", ["T", "p"], []),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_files_of_one_timestep_each(tmp_path: Path, dialect: str) -> None:
    write, name, variables, units = DIALECTS[dialect]
    for run in range(2):
        folder = tmp_path / f"runs/run_{run}"
        folder.mkdir(parents=True)
        for step in range(3):
            (folder / name.format(step)).write_text(write(run, step), encoding="utf-8")
    # A table beside the runs is no run.
    (tmp_path / "runs/p.csv").write_text("id,x,y\nrun_0,1,2\nrun_1,2,3\n")
    source = open_runs(tmp_path / "runs")
    assert not source.problems
    assert source.companions["ids"].tolist() == ["run_0", "run_1"]
    assert source.companions["times"].tolist() == [0, 1, 2]
    assert source.companions["variables"].tolist() == variables
    assert source.companions.get("units", np.array([])).tolist() == units
    assert source.mesh is not None
    np.testing.assert_array_equal(source.mesh.coords, NODES)
    for run in range(2):
        for step in range(3):
            expected = np.array(rows(run, step))[:, 2:]
            np.testing.assert_array_equal(source.run(run)[step], expected)
    text = ["Block Name: a column of text: left out"] if dialect == "ParaView" else []
    assert list(source.remarks()) == text


def test_single_files_are_steady_runs(tmp_path: Path) -> None:
    for run in range(3):
        (tmp_path / f"case{run}.csv").write_text(su2(run, 0))
    (tmp_path / "parameters.csv").write_text("id,load\n" + "".join(f"case{k},{k}\n" for k in "012"))
    source = open_runs(tmp_path)
    assert source.companions["ids"].tolist() == ["case0", "case1", "case2"]
    assert source.shape == (3, 1, 6, 2)


def test_one_file_with_all_times(tmp_path: Path) -> None:
    lines = ["% X,Y,T (K) @ t=0,T (K) @ t=0.5,T (K) @ t=2.5"]
    for number, (x, y) in enumerate(NODES.tolist()):
        lines.append(f"{x!r},{y!r},{number},{number + 10},{number + 20}")
    (tmp_path / "columns.csv").write_text("\n".join(lines))
    lines = ["time,node,x,y,T (K)"]
    for step, time in enumerate((0.0, 0.5, 2.5)):
        for number, (x, y) in enumerate(NODES.tolist()):
            lines.append(f"{time},{number},{x!r},{y!r},{number + 10 * step}")
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    for name in ("columns.csv", "rows.csv"):
        source = open_runs(tmp_path / name)
        assert source.companions["times"].tolist() == [0, 0.5, 2.5]
        assert source.companions["units"].tolist() == ["K"]
        assert source.companions["variables"].tolist() == ["T"]
        assert source.mesh is not None
        np.testing.assert_array_equal(source.mesh.coords, NODES)
        np.testing.assert_array_equal(
            source.run(0)[..., 0], np.arange(6) + np.array([[0], [10], [20]])
        )


def test_components_of_paraview_are_those_of_its_other_files(tmp_path: Path) -> None:
    grid: Any = pyvista.ImageData(dimensions=(3, 2, 1)).cast_to_unstructured_grid()
    grid["U"] = np.arange(18.0).reshape(6, 3)
    names = ["U:0", "U:1", "U:2", "Points:0", "Points:1", "Points:2"]
    values = np.hstack([grid["U"], grid.points]).tolist()
    text = [",".join(f'"{name}"' for name in names)]
    text += [",".join(map(repr, row)) for row in values]
    (tmp_path / "a.csv").write_text("\n".join(text))
    grid.save(tmp_path / "b.vtu")
    one = open_runs(tmp_path / "a.csv")
    other = open_runs(tmp_path / "b.vtu")
    assert one.companions["variables"].tolist() == other.companions["variables"].tolist()
    np.testing.assert_array_equal(one.run(0), other.run(0))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,a,b\n1,2,3\n2,3,4\n", "no table of nodes: none of its columns 'id', 'a', 'b'"),
        ("nothing\n", "no table of nodes: a row of names"),
        ("", "no table of nodes: a row of names"),
        ("x,y,T\n0,0,1\n0,oops,2\n", "line 3: 'oops' in the column 'y' is no number"),
        ("node,x,y,S\n1,0,0,5\n1,0,0,6\n", "node 1 has several rows: values of elements"),
    ],
)
def test_other_tables_are_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        open_source(tmp_path / "a.csv").__enter__()


def test_an_empty_cell_is_a_missing_value_of_its_run(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y,T\n0,0,1\n1,0,\n")
    field = open_runs(tmp_path / "a.csv").run(0)
    assert np.isnan(field[0, 1, 0])
    assert field[0, 0, 0] == 1


def test_a_listing_without_positions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Node Label,S-Mises\n1,5.5\n3,7.5\n2,6.5\n")
    source = open_runs(tmp_path, RunPart())
    np.testing.assert_array_equal(source.run(0)[0, :, 0], [5.5, 6.5, 7.5])
    assert source.mesh is not None
    assert source.mesh.coords is None


def test_tables_and_series_beside_the_timesteps_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for step in range(2):
        (folder / f"flow_{step}.csv").write_text(su2(0, step))
    (folder / "history.csv").write_text("Iteration,residual\n0,1\n1,0.5\n")
    source = open_runs(tmp_path)
    assert source.shape[1:] == (2, 6, 2)
    assert list(source.remarks()) == ["history.csv: no table of nodes: not read"]
    (folder / "surface_1.csv").write_text(su2(0, 1))
    with pytest.raises(UserError, match=r"flow_1\.csv and surface_1\.csv have the same time 1"):
        open_series(folder)


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (-25, r"t_1\.csv: its last row, '4,.*', has 4 of 5 cells: truncated"),
        (40, r"t_1\.csv: has the name of a timestep, and is no table of nodes"),
    ],
)
def test_truncated_timesteps_are_named(tmp_path: Path, kept: int, told: str) -> None:
    for step in range(3):
        content = su2(0, step).replace(", ", ",")
        (tmp_path / f"t_{step}.csv").write_text(content[:kept] if step == 1 else content)
    with pytest.raises(UserError, match=told):
        open_series(tmp_path).read(1)


def test_units_of_times_and_positions(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("x [mm],y [mm],time (s),T [K]\n0,0,0,1\n1,0,0,2\n")
    series = open_csv(tmp_path / "r.csv")
    assert (series.time_unit, series.mesh().unit) == ("s", "mm")
