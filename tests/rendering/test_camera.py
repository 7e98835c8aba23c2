"""From where a mesh is looked at."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.rendering.camera import find_camera

BOX = np.array([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)])


def test_a_plane_is_seen_from_above() -> None:
    view = find_camera(lambda: [BOX * [4.0, 2.0, 0.0] + [1.0, 1.0, 5.0]])
    assert view.flat
    assert (view.width, view.height, view.aspect) == pytest.approx((4.0, 2.0, 2.0))
    assert view.centre == pytest.approx([3.0, 2.0, 5.0])
    assert view.towards == pytest.approx([0.0, 0.0, 1.0])


@pytest.mark.parametrize("size", [(1, 1, 1), (10, 1, 1), (1, 10, 1), (1, 1, 10)])
def test_a_body_is_seen_obliquely_and_whole(size: tuple[float, ...]) -> None:
    points = BOX * size
    view = find_camera(lambda: [points])
    axes = np.array([view.right, view.up, view.towards])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert not view.flat
    assert view.up[2] > 0.5
    seen = (points - view.centre) @ axes[:2].T
    assert np.abs(seen).max(axis=0) == pytest.approx([view.width / 2, view.height / 2])


def test_a_long_body_lies_across_the_picture() -> None:
    along_x, along_y = (
        find_camera(partial(list, [BOX * size])) for size in ((10, 1, 1), (1, 10, 1))
    )
    assert along_x.aspect > 2.0
    assert along_y.aspect > 2.0


def test_everything_that_moves_is_in_the_picture() -> None:
    view = find_camera(lambda: [BOX * [1, 1, 0], BOX * [1, 1, 0] + [0, 2, 0]])
    assert (view.width, view.height) == pytest.approx((1.0, 3.0))


def test_a_plate_that_bends_out_of_its_plane_is_a_body() -> None:
    assert not find_camera(lambda: [BOX * [1, 1, 0], BOX * [1, 1, 0.1]]).flat


def test_a_line_has_no_picture() -> None:
    with pytest.raises(UserError, match="lie on a line"):
        find_camera(lambda: [BOX * [1, 0, 0]])
