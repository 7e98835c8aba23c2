"""Whole pictures: panels, titles, bars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.rendering.layout import arrange
from simulgenvae.rendering.panels import Warp, make_panels
from simulgenvae.rendering.scene import Scene, time_labels

TIMES = np.array([0.0, 0.5, 1.0])


def fields(mesh: Mesh) -> np.ndarray:
    """Return a bump that grows, ``[times, nodes, 1]``."""
    assert mesh.coords is not None
    bump = np.exp(-3 * ((mesh.coords - 0.5) ** 2).sum(axis=1))
    return (TIMES[:, None] * bump)[..., None].astype(np.float32)


@pytest.mark.usefixtures("opengl")
def test_panels_of_equal_fields_are_equal_and_their_error_is_neutral(plate: Mesh) -> None:
    values = fields(plate)
    panels = make_panels("u $x$ [m]", 0, values, values)
    with Scene(plate, panels, TIMES, "u, run “<a$b$>”", width=501, what="a test") as scene:
        first, last = scene.image([0]), scene.image([2])
        rows = scene.image([0, 2])
    layout = arrange(panels, 1.0, 1, 501)
    assert first.shape == last.shape == (layout.height, 500, 3)
    truth, prediction, error = (
        [image[y : y + h, x : x + w] for image in (first, last)] for x, y, w, h in layout.panels[0]
    )
    assert np.array_equal(truth[1], prediction[1])
    assert not np.array_equal(truth[0], truth[1])
    assert np.array_equal(error[0], error[1])
    assert (np.ptp(error[0][20:-20, 20:-20].reshape(-1, 3), axis=0) == 0).all()
    for panel, boxes in enumerate(arrange(panels, 1.0, 2, 501).panels[1]):
        x, y, w, h = boxes
        assert np.array_equal(rows[y : y + h, x : x + w], (truth, prediction, error)[panel][1])
    bar = layout.bars[0][1]
    assert len(np.unique(first[bar.y + bar.height // 2, bar.x : bar.x + bar.width], axis=0)) > 50


@pytest.mark.usefixtures("opengl")
def test_only_panels_and_the_time_change_in_a_film(plate: Mesh) -> None:
    values = fields(plate)
    panels = make_panels("u", 0, values)
    with Scene(plate, panels, TIMES, "u", width=400, what="a test") as scene:
        one, other = scene.image([0]), scene.image([2])
    changed = (one != other).any(axis=(1, 2)).nonzero()[0]
    box = arrange(panels, 1.0, 1, 400).panels[0][0]
    title = changed[changed < box.y]
    assert len(title)
    assert title.max() < 2.5 * 9
    assert changed.max() < box.y + box.height


@pytest.mark.usefixtures("opengl")
def test_a_mesh_that_is_moved_stays_in_the_picture(
    make_plate: Callable[..., Mesh], inked: Callable[..., np.ndarray]
) -> None:
    beam = make_plate(21, 3, 10.0, 1.0)
    assert beam.coords is not None
    bent = TIMES[:, None] * beam.coords[:, 0] ** 2 / 20
    values = np.stack([0 * bent, bent], -1).astype(np.float32)
    panels = make_panels("u", 1, values, warp=Warp((0, 1), 1.0))
    with Scene(beam, panels, TIMES, "u", width=400, what="a test") as scene:
        box = arrange(panels, 10.0 / 6.0, 1, 400).panels[0][0]
        places = [
            inked(scene.image([step])[box.y : box.y + box.height, box.x : box.x + box.width])
            for step in (0, 2)
        ]
    assert (
        places[0][2] > 0.8 * box.height
    )  # at rest it is at the bottom, below the room that it needs later
    assert places[1][2] < 0.05 * box.height


def test_what_cannot_be_drawn_is_refused() -> None:
    line = Mesh(np.arange(4.0)[:, None])
    for mesh, message in ((line, "on a line"), (Mesh(), "b.png needs the positions")):
        with pytest.raises(UserError, match=message):
            Scene(
                mesh, make_panels("u", 0, np.zeros((3, 4, 1))), TIMES, "u", width=400, what="b.png"
            )


@pytest.mark.parametrize(
    ("times", "labels"),
    [
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([0.0, 0.25, 1.0], ["0.00", "0.25", "1.00"]),
        ([7.0], ["7.0"]),
        ([0.0], ["0.0"]),
        ([0.0, 1e-6, 2e-6], ["0.0e+00", "1.0e-06", "2.0e-06"]),
        ([100.0, 100.001], ["100.000", "100.001"]),
    ],
)
def test_times_have_the_digits_that_tell_them_apart(times: list[float], labels: list[str]) -> None:
    assert time_labels(np.array(times)) == labels
