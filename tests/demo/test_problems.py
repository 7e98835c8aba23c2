"""The files of the demo's studies: what is solved is what the conditions say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from simulgenvae.data.images.files import read_images

pytest.importorskip("skfem")
pyvista = pytest.importorskip("pyvista")
layouts = pytest.importorskip("simulgenvae.demo.layouts")
panel = pytest.importorskip("simulgenvae.demo.panel")
problems = pytest.importorskip("simulgenvae.demo.problems")


@pytest.mark.parametrize(
    "problem", [problems.PanelProblem(), problems.ImageProblem()], ids=["parameters", "images"]
)
def test_designs_repeat_and_new_ones_differ(problem: Any) -> None:
    designs = problem.sample(5)
    new = problem.sample(5, seed=1, prefix="new")
    assert designs.ids[3] == "run_003"
    assert len(designs.inputs) == len(set(designs.ids) | set(new.ids)) / 2 == 5
    assert designs == problem.sample(5)
    assert not set(designs.inputs) & set(new.inputs)


def test_parameters_are_in_a_table_with_units(tmp_path: Path) -> None:
    problem = problems.PanelProblem()
    designs = problem.sample(2)
    problem.write(designs, tmp_path / "params.csv")
    header, *rows = (tmp_path / "params.csv").read_text().splitlines()
    assert header == "id,row [m],speed [m/s],power [W]"
    assert [row.split(",")[0] for row in rows] == ["run_000", "run_001"]
    table = [tuple(map(float, row.split(",")[1:])) for row in rows]
    assert tuple(table) == designs.inputs


def test_the_mesh_is_that_of_the_solver(tmp_path: Path) -> None:
    problems.QUICK_PANEL.write_mesh(tmp_path)
    grid = pyvista.read(tmp_path / "mesh.vtu")
    solved = panel.mesh(problems.QUICK_PANEL.element_size)
    np.testing.assert_allclose(grid.points, solved.p.T, atol=1e-8)
    # Cells whose nodes are in a wrong order have no volume, or a negative one.
    size = problems.QUICK_PANEL.element_size
    np.testing.assert_allclose(grid.compute_cell_sizes()["Volume"], size**3, rtol=1e-4)
    np.testing.assert_array_equal(np.load(tmp_path / "times.npy"), panel.TIMES)


def test_images_show_the_layouts(tmp_path: Path) -> None:
    problem = problems.ImageProblem()
    designs = problem.sample(2)
    problem.write(designs, tmp_path / "images")
    problem.write_mesh(tmp_path)
    assert not pyvista.read(tmp_path / "mesh.vtu").cell_data  # each board has its own materials
    ids, images = read_images(tmp_path / "images", 64)
    assert ids == designs.ids
    assert images.format.channels == 3
    with Image.open(tmp_path / "images" / "run_001.png") as drawn:
        np.testing.assert_array_equal(
            np.asarray(drawn), np.asarray(layouts.draw_layout(designs.inputs[1]))
        )
