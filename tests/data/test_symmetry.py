"""Mirrored runs are true runs: image, nodes and vector components are mirrored alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.data.symmetry import mirror_nodes, with_mirrored
from simulgenvae.errors import UserError

SIDE, RUNS = 6, 4
ROWS = np.array([2, 0])


def plate(*, images: bool = True, coords: bool = True, dimensions: int = 2) -> Dataset:
    """Return runs whose variables are the image's value at the nodes and its gradient (u, v).

    The nodes lie at the middles of the pixels, in random order.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (RUNS, SIDE, SIDE, 1), dtype=np.uint8)
    nodes = np.array([(x, SIDE - 1 - row, 0.0) for row in range(SIDE) for x in range(SIDE)])[
        :, :dimensions
    ]
    order = random.permutation(len(nodes))
    ids = tuple(f"run{k}" for k in range(RUNS))
    conditions = Conditions(
        ids, ("p",), random.random((RUNS, 1)), Images(pixels, ImageFormat(SIDE, SIDE, 1, SIDE))
    )
    if not images:
        conditions = Conditions(ids, ("p",), conditions.table)
    return Dataset.from_arrays(
        simulated(pixels)[:, :, order],
        conditions,
        coords=nodes[order] if coords else None,
        variables=("value", "u", "v"),
    )


def simulated(pixels: np.ndarray) -> np.ndarray:
    """[N, 2, M, 3], nodes row by row from the top."""
    value = pixels[..., 0].astype(np.float32)
    down, right = np.gradient(value, axis=(1, 2))
    fields = np.stack([value, right, -down], axis=-1).reshape(len(pixels), 1, -1, 3)
    return np.concatenate([fields, 2 * fields], axis=1)


@st.composite
def symmetric_clouds(draw: st.DrawFn) -> tuple[np.ndarray, str]:
    """Return nodes left of a mirror and on it with their images, in random order, and the axis."""
    dimensions = draw(st.integers(1, 3))
    column = draw(st.integers(0, dimensions - 1))
    places = st.tuples(*[st.integers(-40, 40)] * dimensions)
    half = np.array(sorted(draw(st.sets(places, min_size=2, max_size=30))), dtype=float)
    half[:, column] = -np.abs(half[:, column])
    half[0, column] = -41.0
    image = half.copy()
    image[:, column] *= -1
    cloud = np.unique(np.concatenate([half, image]), axis=0) * 0.1 + 7.3
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(cloud), "xyz"[column]


@settings(max_examples=40)
@given(symmetric_clouds())
def test_nodes_of_a_symmetric_mesh_swap_in_pairs(example: tuple[np.ndarray, str]) -> None:
    coords, axis = example
    column = "xyz".index(axis)
    nodes = mirror_nodes(coords, axis)
    assert np.array_equal(nodes[nodes], np.arange(len(coords)))
    image = coords.copy()
    image[:, column] = 2 * 7.3 - image[:, column]
    np.testing.assert_allclose(coords[nodes], image, atol=1e-9)


@settings(max_examples=20)
@given(symmetric_clouds(), st.data())
def test_a_mesh_with_one_node_moved_is_refused(
    example: tuple[np.ndarray, str], data: st.DataObject
) -> None:
    coords, axis = example
    column = "xyz".index(axis)
    inner = np.flatnonzero(np.abs(coords[:, column] - 7.3) < 4.05)
    if not len(inner):
        return
    node = data.draw(st.sampled_from(list(inner)))
    moved = coords.copy()
    spacing = np.sort(np.linalg.norm(coords - coords[node], axis=1))[1]
    moved[node, column] -= 0.05 * spacing * np.sign(coords[node, column] - 7.3 + 1e-6)  # inwards
    with pytest.raises(
        UserError,
        match=rf"not symmetric about {axis} = 7\.3: [12] of {len(coords)} have no mirror image",
    ):
        mirror_nodes(moved, axis)


def test_rounded_coordinates_are_symmetric_and_the_worst_node_is_named() -> None:
    coords = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [3.0, 1.0], [1.0, 0.5], [2.001, 0.5]])
    assert mirror_nodes(coords, "x").tolist() == [2, 3, 0, 1, 5, 4]
    coords[5, 0] = 2.2
    with pytest.raises(
        UserError, match=r"x = 1\.5: 2 of 6 .* node 4 at \(1, 0\.5\) the nearest is 0\.2 away"
    ):
        mirror_nodes(coords, "x")


def test_nodes_in_one_place_are_refused() -> None:
    crack = np.array(
        [[0.0, 0.0], [1.0, 0.5], [1.0, 0.5 + 1e-13], [0.0, 1.0], [2.0, 0.0], [2.0, 1.0]]
    )
    with pytest.raises(UserError, match=r"2 nodes share their place .* node 1 at \(1, 0\.5\)"):
        mirror_nodes(crack, "y")


@pytest.mark.parametrize(
    ("dimensions", "axis", "problem"), [(2, "z", "have 2 of x, y, z"), (3, "z", "the same z")]
)
def test_an_axis_without_extent_is_refused(dimensions: int, axis: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        with_mirrored(plate(dimensions=dimensions), ROWS, [axis], {})


def test_runs_follow_their_originals_in_order() -> None:
    dataset = plate()
    both = with_mirrored(dataset, ROWS, ["x", "y"], {})
    copies = [f"run{row} (mirrored {axes})" for axes in ("x", "y", "x+y") for row in ROWS]
    assert both.ids == both.conditions.ids == (*dataset.ids, *copies)
    assert both.shape == (RUNS + 6, *dataset.shape[1:])
    assert both.fingerprint == dataset.fingerprint
    assert all(np.array_equal(both.run(k), dataset.run(k)) for k in range(RUNS))
    assert np.array_equal(
        both.conditions.table, dataset.conditions.table[[*range(RUNS), *ROWS, *ROWS, *ROWS]]
    )
    assert np.array_equal(both.run(-1), both.run(RUNS + 5))
    assert np.array_equal(both.run(-7), dataset.run(3))
    with pytest.raises(IndexError):
        both.run(RUNS + 6)


@pytest.mark.parametrize("axes", [["x"], ["y"], ["y", "x"]])
def test_a_mirrored_picture_has_the_mirrored_field(axes: list[str]) -> None:
    """Every mirrored run is what the simulation gives for its mirrored image."""
    dataset = plate()
    both = with_mirrored(
        dataset, np.arange(RUNS), axes, {axis: [{"x": "u", "y": "v"}[axis]] for axis in axes}
    )
    assert dataset.mesh.coords is not None
    assert both.conditions.images is not None
    x, y = dataset.mesh.coords.astype(int).T
    expected = simulated(both.conditions.images.pixels)[:, :, (SIDE - 1 - y) * SIDE + x]
    assert len(expected) == RUNS * 2 ** len(axes)
    assert len(np.unique(both.conditions.images.pixels, axis=0)) == len(expected)
    for index in range(len(expected)):
        np.testing.assert_array_equal(both.run(index), expected[index])


def test_along_z_the_picture_stays_and_the_nodes_swap() -> None:
    flat = plate(dimensions=3)
    assert flat.mesh.coords is not None
    layers = np.concatenate([flat.mesh.coords, flat.mesh.coords + np.array([0, 0, 1.0])])
    fields = np.concatenate([np.asarray(flat.fields), -3 * np.asarray(flat.fields)], axis=2)
    solid = Dataset.from_arrays(fields, flat.conditions, coords=layers)
    both = with_mirrored(solid, ROWS, ["z"], {})
    assert both.conditions.images is not None
    pixels = both.conditions.images.pixels
    assert np.array_equal(pixels[RUNS:], pixels[ROWS])
    nodes = flat.nodes
    assert np.array_equal(both.run(RUNS), np.roll(solid.run(ROWS[0]), nodes, axis=1))


def test_twice_mirrored_is_the_run_itself_with_the_same_norm() -> None:
    dataset = plate()
    once = with_mirrored(dataset, ROWS, ["y"], {"y": ["v"]})
    # a mirrored dataset can be mirrored again, and its copies lead back to the originals
    again = with_mirrored(once, np.array([RUNS, RUNS + 1]), ["y"], {"y": ["v"]})
    for position, row in enumerate(ROWS):
        np.testing.assert_array_equal(again.run(RUNS + 2 + position), dataset.run(row))
        norms = [
            np.linalg.norm(run.astype(float), axis=1)
            for run in (once.run(RUNS + position), dataset.run(row))
        ]
        np.testing.assert_allclose(norms[0], norms[1], rtol=1e-12)


def test_loaded_and_stored_fields_give_the_same_runs(tmp_path: Path) -> None:
    memory = plate()
    memory.save(tmp_path / "dataset.zarr")
    stored = Dataset.open(tmp_path / "dataset.zarr")
    mirrored = [with_mirrored(dataset, ROWS, ["y"], {"y": ["v"]}) for dataset in (memory, stored)]
    loaded = mirrored[1].load()
    assert not isinstance(mirrored[1].fields, np.ndarray)
    assert isinstance(loaded.fields, np.ndarray)
    assert len(loaded.fields) == RUNS  # mirrored runs take no memory of their own
    assert loaded.ids == mirrored[0].ids
    for index in range(RUNS + len(ROWS)):
        assert np.array_equal(mirrored[1].run(index), mirrored[0].run(index))
        assert np.array_equal(loaded.run(index), mirrored[0].run(index))


@pytest.mark.parametrize(
    ("made", "axes", "odd", "problem"),
    [
        ({}, ["w"], {}, r"unknown axis 'w'"),
        ({}, ["y", "y"], {}, r"more than once: y, y"),
        ({}, ["y"], {"x": ["u"]}, r"odd_variables: 'x' is not among the mirrored axes \(y\)"),
        ({}, [], {"x": ["u"]}, r"\(none\)"),
        ({}, ["y"], {"y": ["v", "w"]}, r"no variable 'w': the variables are value, u, v"),
        ({"images": False}, ["y"], {}, r"parameters only"),
        ({"coords": False}, ["y"], {}, r"--coords or --mesh"),
    ],
)
def test_what_cannot_be_mirrored_is_refused(
    made: dict[str, bool], axes: list[str], odd: dict[str, list[str]], problem: str
) -> None:
    with pytest.raises(UserError, match=problem):
        with_mirrored(plate(**made), ROWS, axes, odd)
