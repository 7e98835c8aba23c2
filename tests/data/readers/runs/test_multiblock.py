"""VTK's files of several blocks (``.vtm``), written by PyVista."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pyvista

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError


def _write(path: Path, box: SimpleNamespace, time: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyvista.MultiBlock([box.block(2.0, time), box.block(3.0, time, 10.0)]).save(path)


def test_blocks_of_each_timestep_are_put_together(tmp_path: Path, box: SimpleNamespace) -> None:
    for number in range(2):
        _write(tmp_path / f"run/result_{number}.vtm", box, float(number))
    source = open_runs(tmp_path)
    assert source.shape == (1, 2, 48, 5)
    assert source.companions["variables"].tolist() == ["T", "U_x", "U_y", "U_z", "rho"]
    for step in range(2):
        both = np.concatenate([box.expected(2.0, step), box.expected(3.0, step, 10.0)])
        np.testing.assert_allclose(source.run(0)[step], both, rtol=1e-6, atol=1e-7)
    assert source.mesh is not None
    assert source.mesh.cells["hexahedron"].shape == (12, 8)
    assert source.mesh.cells["hexahedron"].max() == 47


def test_pieces_beside_steady_runs_are_no_runs(tmp_path: Path, box: SimpleNamespace) -> None:
    for run in range(2):
        _write(tmp_path / f"plate{run}.vtm", box, float(run))
    assert (tmp_path / "plate0").is_dir()
    assert open_runs(tmp_path).companions["ids"].tolist() == ["plate0", "plate1"]


@pytest.mark.parametrize(
    ("piece", "told"),
    [
        ("../secret.vtu", "outside of its folder"),
        ("run/notes.txt", "which is none of"),
        ("gone.vtu", "gone.vtu, which is not there"),
    ],
)
def test_pieces_that_are_not_read(
    tmp_path: Path, box: SimpleNamespace, piece: str, told: str
) -> None:
    box.block(1.0, 0.0).save(tmp_path / "secret.vtu")
    runs = tmp_path / "runs"
    _write(runs / "run.vtm", box, 0.0)
    content = (runs / "run.vtm").read_text()
    (runs / "run.vtm").write_text(content.replace("run/run_1.vtu", piece))
    with pytest.raises(UserError, match=told):
        open_runs(runs)


def test_a_truncated_piece_is_not_left_out(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run.vtm", box, 0.0)
    piece = tmp_path / "run/run_1.vtu"
    piece.write_bytes(piece.read_bytes()[: piece.stat().st_size // 2])
    with pytest.raises(UserError, match=r"run\.vtm: cannot be read"):
        open_runs(tmp_path)


def test_a_collection_of_blocks_is_followed_to_its_pieces(
    tmp_path: Path, box: SimpleNamespace
) -> None:
    box.block(1.0, 0.0).save(tmp_path / "secret.vtu")
    _write(tmp_path / "run/step.vtm", box, 0.0)
    (tmp_path / "run/all.pvd").write_text(
        '<VTKFile type="Collection"><Collection><DataSet timestep="0" file="step.vtm"/></Collection></VTKFile>'
    )
    file = tmp_path / "run/step.vtm"
    file.write_text(file.read_text().replace("step/step_1.vtu", "../secret.vtu"))
    with pytest.raises(UserError, match="outside of its folder"):
        open_runs(tmp_path / "run/all.pvd")


def _blocks(path: Path, **values: dict[str, np.ndarray]) -> None:
    """Write blocks of four nodes and one quad; arrays of four values are at the nodes."""
    blocks = pyvista.MultiBlock()
    for number, (name, arrays) in enumerate(values.items()):
        grid = pyvista.ImageData(dimensions=(2, 2, 1), origin=(2.0 * number, 0, 0))
        for key, array in arrays.items():
            data = grid.point_data if len(array) == 4 else grid.cell_data
            data[key] = array
        blocks[name] = grid.cast_to_unstructured_grid()
    blocks.save(path)


NODES = np.array([1.0, 2.0, 3.0, 4.0])


def test_a_block_without_values_is_left_out_and_named(tmp_path: Path) -> None:
    _blocks(tmp_path / "run.vtm", fluid={"T": NODES}, solid={})
    source = open_runs(tmp_path)
    assert source.shape == (1, 1, 4, 1)
    np.testing.assert_array_equal(source.run(0)[0, :, 0], NODES)
    assert list(source.remarks()) == ["block 'solid': has no values: left out"]
    assert source.mesh is not None
    assert source.mesh.coords is not None
    assert source.mesh.coords[:, 0].max() == 1


def test_fields_of_some_blocks_are_left_out_and_named(tmp_path: Path) -> None:
    fluid = {"T": NODES, "U": NODES, "k": NODES, "pair": np.ones((4, 2))}
    solid = {"T": NODES + 10, "k": np.array([7.0]), "pair": np.ones((4, 3))}
    _blocks(tmp_path / "run.vtm", fluid=fluid, solid=solid)
    source = open_runs(tmp_path)
    np.testing.assert_array_equal(source.run(0)[0, :, 0], [*NODES, *(NODES + 10)])
    assert set(source.remarks()) == {
        "U: on the blocks 'fluid' only, not on 'solid': left out",
        "k: at nodes on the blocks 'fluid', in cells on 'solid': left out",
        "pair: with 2 or 3 components, depending on the block: left out",
    }
    with pytest.raises(UserError, match=r"U is on the blocks 'fluid' only, not on 'solid'"):
        open_runs(tmp_path, RunPart(["U"]))


def test_blocks_without_a_common_field_are_named(tmp_path: Path) -> None:
    _blocks(tmp_path / "run.vtm", fluid={"U": NODES}, solid={"D": NODES})
    with pytest.raises(UserError, match=r"no numbers.*U: on the blocks 'fluid'.*D: on the blocks"):
        open_runs(tmp_path)


def test_whole_numbers_and_others_are_one_field(tmp_path: Path) -> None:
    whole = np.array([1, 2, 3, 2**24 + 1], dtype=np.int32)
    _blocks(tmp_path / "run.vtm", fluid={"T": NODES.astype(np.float32)}, solid={"T": whole})
    np.testing.assert_array_equal(
        open_runs(tmp_path).run(0)[0, :, 0], np.array([*NODES, *whole], np.float32)
    )
