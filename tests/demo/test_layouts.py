"""Boards of random layout: components fit, pictures show exactly what is solved."""

import numpy as np
import pytest

pytest.importorskip("skfem")
board = pytest.importorskip("simulgenvae.demo.board")
layouts = pytest.importorskip("simulgenvae.demo.layouts")


def test_components_are_apart_and_clear_of_the_edges() -> None:
    for layout in layouts.sample_layouts(60, seed=2):
        assert len(layout.chips) in {1, 2}
        assert len(layout.spreaders) in {3, 4}
        assert layout.spreaders[:2] == board.EDGE_SPREADERS
        gap = layouts.GAP * board.ELEMENT_SIZE - 1e-9
        taken = list(board.EDGE_SPREADERS)
        for left, right, bottom, top in (*layout.spreaders[2:], *layout.chips):
            assert left >= gap
            assert right <= board.LENGTH - gap
            assert all(
                max(left - r, lft - right, bottom - t, b - top) >= gap for lft, r, b, t in taken
            )
            taken.append((left, right, bottom, top))


def test_layouts_repeat_differ_and_do_not_depend_on_their_number() -> None:
    few, many = layouts.sample_layouts(5, seed=3), layouts.sample_layouts(40, seed=3)
    assert few == many[:5]
    assert len(set(many)) == 40
    assert not set(many) & set(layouts.sample_layouts(40, seed=4))


@pytest.mark.parametrize("seed", range(4))
def test_every_pixel_has_the_colour_of_the_material_there(seed: int) -> None:
    (layout,) = layouts.sample_layouts(1, seed)
    pixels = np.asarray(layouts.draw_layout(layout))
    rows, columns = pixels.shape[:2]
    assert columns * board.WIDTH == pytest.approx(rows * board.LENGTH)
    grid = board.mesh()
    x, y = grid.p[:, grid.t].mean(axis=1)
    row = ((1.0 - y / board.WIDTH) * rows).astype(int)  # row 0 is the top edge
    column = (x / board.LENGTH * columns).astype(int)
    expected = layouts.COLOURS[board.materials(grid, layout)]
    np.testing.assert_array_equal(pixels[row, column], expected)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 3


def test_a_board_turned_upside_down_has_its_field_turned_upside_down() -> None:
    (layout,) = layouts.sample_layouts(1, seed=5)
    turned = board.BoardLayout(
        *(
            tuple((x0, x1, board.WIDTH - y1, board.WIDTH - y0) for x0, x1, y0, y1 in boxes)
            for boxes in layout
        )
    )
    nodes = {tuple(point): index for index, point in enumerate(np.round(board.mesh().p.T, 6))}
    mirrored = [nodes[round(x, 6), round(board.WIDTH - y, 6)] for x, y in nodes]
    rise = board.solve(layouts.SHARED_DESIGN, layout) - board.AMBIENT
    other = board.solve(layouts.SHARED_DESIGN, turned) - board.AMBIENT
    assert np.linalg.norm(other[:, mirrored] - rise) < 5e-3 * np.linalg.norm(
        rise
    )  # all diagonals of the mesh run one way
    assert np.linalg.norm(other - rise) > 0.02 * np.linalg.norm(rise)


def test_the_layout_matters() -> None:
    fields = np.stack(
        [board.solve(layouts.SHARED_DESIGN, layout) for layout in layouts.sample_layouts(6)]
    )
    deviation = np.linalg.norm(fields - fields.mean(axis=0))
    assert deviation > 0.1 * np.linalg.norm(fields - fields.mean())
