"""LS-DYNA's d3plot, written with NumPy by the LS-DYNA Database Manual: not by LS-DYNA itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from simulgenvae.data.readers.runs.folder import open_runs
from simulgenvae.data.readers.runs.series import RunPart
from simulgenvae.errors import UserError

STRESS = ["Stress_xx", "Stress_yy", "Stress_zz", "Stress_xy", "Stress_yz", "Stress_xz"]


def _write(
    folder: Path, box: SimpleNamespace, word: str = "4", *, with_ids_and_deletion: bool = False
) -> None:
    """Write solids with five results: a file for the mesh, and one for each two states.

    On request nodes and elements have the user's ids, and one element is deleted in the last state.

    All of them have the mark of their end.
    """
    folder.mkdir(parents=True)
    real, integer = f"<f{word}", f"<i{word}"
    block = box.block(1.0, 0.0)
    control = np.zeros(64, integer)
    words = {
        15: 4,
        16: 24,
        17: 6,
        18: 6,
        19: 1,
        20: 1,
        21: 1,
        23: 6,
        24: 1,
        27: 7,
    }  # NDIM, NUMNP, …, NEL8, …, NV3D
    if with_ids_and_deletion:
        words |= {36: -10_003, 39: 10 + 24 + 6}  # MAXINT, NARBS
    control[list(words)] = list(words.values())
    control.view(real)[14] = 960.0
    solids = np.column_stack([block.cells_dict[12] + 1, np.ones(6)]).astype(integer)
    end = np.array(-999999.0, real).tobytes()
    mesh = control.tobytes() + np.asarray(block.points, real).tobytes() + solids.tobytes()
    if with_ids_and_deletion:
        ids = [1, 25, 31, 31, 31, 24, 6, 0, 0, 0, *range(101, 125), *range(201, 207)]
        mesh += np.array(ids, integer).tobytes()
    (folder / "d3plot").write_bytes(mesh + end)
    states = []
    for time in box.times:
        block = box.block(1.0, time)
        cells = np.arange(7) + np.asarray(block["rho"])[:, np.newaxis]
        parts = [[time], np.zeros(6), block.points + time, block["T"], block["U"], cells]
        if with_ids_and_deletion:
            parts.append([1, 1, 1, 1, 1, float(time != box.times[-1])])
        states.append(np.concatenate([np.ravel(part) for part in parts]).astype(real).tobytes())
    (folder / "d3plot01").write_bytes(states[0] + states[1] + end)
    (folder / "d3plot02").write_bytes(states[2] + end)


@pytest.mark.parametrize("word", ["4", "8"])
def test_all_states_of_a_run(tmp_path: Path, box: SimpleNamespace, word: str) -> None:
    _write(tmp_path / "runs/run", box, word)
    source = open_runs(
        tmp_path / "runs",
        RunPart(["Temperature", "Velocity", "Deflection", "Stress", "EffPlastStrn"]),
    )
    names = [
        "Temperature",
        "Velocity_x",
        "Velocity_y",
        "Velocity_z",
        "Deflection_x",
        "Deflection_y",
        "Deflection_z",
    ]
    assert source.companions["variables"].tolist() == [*names, *STRESS, "EffPlastStrn"]
    assert source.companions["ids"].tolist() == ["run"]
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        values = source.run(0)[step]
        np.testing.assert_allclose(
            values[:, :4], box.expected(1.0, time)[:, :4], rtol=1e-6, atol=1e-6
        )
        np.testing.assert_allclose(values[:, 4:7], time, atol=1e-6)
        np.testing.assert_allclose(
            values[:, 7:], np.tile(np.arange(7) + 1.0 + time, (24, 1)), rtol=1e-6
        )
    assert source.mesh is not None
    np.testing.assert_array_equal(
        source.mesh.cells["hexahedron"], box.block(1.0, 0.0).cells_dict[12]
    )
    np.testing.assert_allclose(source.mesh.coords, box.block(1.0, 0.0).points)


def test_ids_of_the_user_are_no_fields_and_deleted_elements_stay(
    tmp_path: Path, box: SimpleNamespace
) -> None:
    _write(tmp_path / "without/run", box)
    _write(tmp_path / "with/run", box, with_ids_and_deletion=True)
    without, found = open_runs(tmp_path / "without"), open_runs(tmp_path / "with")
    names = without.companions["variables"].tolist()
    assert found.companions["variables"].tolist() == names
    np.testing.assert_array_equal(found.run(0), without.run(0))


@pytest.mark.parametrize(
    ("name", "kept", "told"),
    [
        ("d3plot", 100, "truncated within its control words"),
        ("d3plot", 600, "control words|ends abnormally"),
        ("d3plot02", 0, "has no mark at its end"),
        ("d3plot02", 800, "has no mark at its end"),
        ("d3plot01", 600, "d3plot01: has no mark at its end"),
    ],
)
def test_a_truncated_run_is_named(
    tmp_path: Path, box: SimpleNamespace, name: str, kept: int, told: str
) -> None:
    _write(tmp_path / "run", box)
    file = tmp_path / "run" / name
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(UserError, match=told):
        open_runs(tmp_path / "run").run(0)


@pytest.mark.parametrize(
    ("word", "value"), [(21, 128), (18, 10_000_000), (27, -7), (27, 10**6), (47, 117_440_512)]
)
def test_control_words_that_do_not_fit_are_named(
    tmp_path: Path, box: SimpleNamespace, word: int, value: int
) -> None:
    _write(tmp_path / "run", box)
    file = tmp_path / "run/d3plot"
    words = np.frombuffer(file.read_bytes(), "<i4").copy()
    words[word] = value
    file.write_bytes(words.tobytes())
    # VTK's reader never ends with some of these.
    with pytest.raises(UserError, match="its control words announce do not fit"):
        open_runs(tmp_path / "run")


def test_links_to_the_outside_are_not_read(tmp_path: Path, box: SimpleNamespace) -> None:
    _write(tmp_path / "run", box)
    (tmp_path / "run/d3plot02").rename(tmp_path / "secret")
    (tmp_path / "run/d3plot02").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="outside of its folder"):
        open_runs(tmp_path / "run")


def test_states_in_the_first_file_as_converters_write_them(
    tmp_path: Path, box: SimpleNamespace
) -> None:
    _write(tmp_path / "run", box)
    parts = [(tmp_path / "run" / name) for name in ("d3plot", "d3plot01", "d3plot02")]
    content = [part.read_bytes()[:-4] for part in parts]
    for part in parts[1:]:
        part.unlink()
    parts[0].write_bytes(content[0])
    with pytest.raises(UserError, match="holds a mesh and no results"):
        open_runs(tmp_path / "run")
    parts[0].write_bytes(b"".join(content))
    source = open_runs(tmp_path / "run", RunPart(["Temperature"]))
    np.testing.assert_array_equal(source.companions["times"], box.times)
    for step, time in enumerate(box.times):
        np.testing.assert_allclose(
            source.run(0)[step], box.expected(1.0, time)[:, :1], rtol=1e-6, atol=1e-6
        )
    assert any("as converters write it" in line for line in source.remarks())
