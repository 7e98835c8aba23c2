"""The files of the demo's two studies: what is solved is what the conditions say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.images.files import read_images

pytest.importorskip("skfem")
pyvista = pytest.importorskip("pyvista")
board = pytest.importorskip("simulgenvae.demo.board")
layouts = pytest.importorskip("simulgenvae.demo.layouts")
problems = pytest.importorskip("simulgenvae.demo.problems")


@pytest.mark.parametrize(
    "problem", [problems.TableProblem(), problems.ImageProblem()], ids=["parameters", "pictures"]
)
def test_designs_repeat_and_new_ones_differ(problem: Any) -> None:
    designs = problem.sample(5)
    new = problem.sample(5, seed=1, prefix="new")
    assert designs.ids[3] == "run_003"
    assert (
        len(designs.table) == len(designs.layouts) == len(set(designs.ids) | set(new.ids)) / 2 == 5
    )
    again = problem.sample(5)
    np.testing.assert_array_equal(designs.table, again.table)
    assert designs.layouts == again.layouts
    assert not (np.array_equal(designs.table, new.table) and designs.layouts == new.layouts)


def test_writes_a_study_of_parameters(tmp_path: Path) -> None:
    seconds = problems.make_study(problems.TableProblem(), tmp_path, runs=2, workers=1)
    fields = np.load(tmp_path / "fields.npy")
    assert fields.shape == (2, board.TIMES.size, board.mesh().p.shape[1], 1)
    assert seconds.shape == (2,)
    grid = pyvista.read(tmp_path / "mesh.vtu")
    np.testing.assert_allclose(grid.points[:, :2], np.load(tmp_path / "coords.npy"), rtol=1e-6)
    np.testing.assert_array_equal(grid.cell_data["material"], board.materials(board.mesh()))
    assert (tmp_path / "params.csv").read_text().splitlines()[
        0
    ] == "id,row,speed,convection,conductivity"
    table = np.loadtxt(tmp_path / "params.csv", delimiter=",", skiprows=1, usecols=range(1, 5))
    np.testing.assert_array_equal(fields[1, :, :, 0], board.solve(table[1]))


def test_writes_a_study_of_pictures(tmp_path: Path) -> None:
    problems.make_study(problems.ImageProblem(), tmp_path, runs=2, workers=1)
    fields = np.load(tmp_path / "fields.npy")
    designs = problems.ImageProblem().sample(2)
    np.testing.assert_array_equal(
        fields[1, :, :, 0], board.solve(layouts.SHARED_DESIGN, designs.layouts[1])
    )
    assert not pyvista.read(tmp_path / "mesh.vtu").cell_data  # each board has its own materials
    ids, images = read_images(tmp_path / "images", 64)
    assert ids == designs.ids
    assert images.format.channels == 3
    with Image.open(tmp_path / "images" / "run_001.png") as drawn:
        np.testing.assert_array_equal(
            np.asarray(drawn), np.asarray(layouts.draw_layout(designs.layouts[1]))
        )
