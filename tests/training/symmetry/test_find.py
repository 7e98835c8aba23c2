"""Symmetries are found where they hold, and none is taken that does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.settings import Settings
from simulgenvae.training.symmetry import find_symmetry
from simulgenvae.training.symmetry.find import judge_axes
from simulgenvae.training.symmetry.sample import FEWEST_RUNS
from tests.training.symmetry.blobs import Break, blob_runs

ALL = np.arange(40)


def settings(**augmentation: object) -> Settings:
    return Settings.model_validate({"training": {"augmentation": augmentation}})


def test_axes_and_odd_variables_are_found() -> None:
    """The components of the gradient are odd, each along its own axis."""
    found = find_symmetry(blob_runs(), ALL, settings())
    augmentation = found.settings.training.augmentation
    assert augmentation.flips == ("x", "y")
    assert augmentation.odd_variables == ("x:u", "y:v")
    assert len(found.remarks) == 2
    assert "mirrored along x, with the other sign for u, found from" in found.remarks[0]


@pytest.mark.parametrize(
    ("broken", "strength", "kept"),
    [
        ("gravity", 1.0, "x"),
        ("gravity", 0.05, "x"),
        ("inflow", 1.0, "y"),
        ("inflow", 0.02, "y"),
    ],
)
def test_a_broken_symmetry_is_not_taken_and_the_other_one_is(
    broken: Break, strength: float, kept: str
) -> None:
    """Some of these shift the field by less than a hundredth of its range."""
    verdicts = judge_axes(blob_runs(40, broken, strength), ALL)
    assert [axis for axis, verdict in verdicts.items() if verdict.taken] == [kept]


def test_a_variable_that_is_neither_even_nor_odd_forbids_the_axis() -> None:
    dataset = blob_runs()
    fields = np.array(dataset.fields)
    fields[..., 0] += 3 * fields[..., 1]
    verdicts = judge_axes(replace(dataset, fields=fields), ALL)
    assert not verdicts["x"].taken
    assert verdicts["y"].taken


def test_fields_that_the_images_do_not_explain_have_no_symmetry() -> None:
    dataset = blob_runs()
    noise = np.random.default_rng(0).normal(size=dataset.shape).astype(np.float32)
    verdicts = judge_axes(replace(dataset, fields=noise), ALL)
    assert not any(verdict.taken for verdict in verdicts.values())


def test_images_that_are_symmetric_themselves_say_nothing() -> None:
    dataset = blob_runs()
    images = dataset.conditions.images
    assert images is not None
    pixels = np.maximum(images.pixels, images.pixels[:, :, ::-1])
    conditions = replace(dataset.conditions, images=replace(images, pixels=pixels))
    assert not judge_axes(replace(dataset, conditions=conditions), ALL)["x"].taken


def test_parameters_beside_the_images_count() -> None:
    dataset = blob_runs()
    factor = np.random.default_rng(0).uniform(1, 3, (40, 1))
    fields = np.array(dataset.fields) * factor[:, :, None, None].astype(np.float32)
    conditions = replace(
        dataset.conditions, names=("factor",), table=factor, levels=(), left_out=()
    )
    verdicts = judge_axes(replace(dataset, fields=fields, conditions=conditions), ALL)
    assert all(verdict.taken for verdict in verdicts.values())


def test_an_offset_much_larger_than_the_variation_does_no_harm() -> None:
    dataset = blob_runs()
    fields = np.array(dataset.fields, np.float64)
    fields[..., 0] = 101325 + 1e-3 * fields[..., 0]
    shifted = Dataset.from_arrays(
        fields, dataset.conditions, coords=dataset.mesh.coords, variables=dataset.variables
    )
    assert find_symmetry(shifted, ALL, settings()).settings.training.augmentation.odd == {
        "x": ("u",),
        "y": ("v",),
    }


@pytest.mark.parametrize("flips", ["none", [], ["y"]])
def test_what_the_settings_say_is_kept_and_nothing_is_read(flips: object) -> None:
    given = settings(flips=flips)
    dataset = blob_runs(24)
    unreadable = replace(dataset, fields=np.empty((0, 0, 0, 0), np.float32))
    found = find_symmetry(unreadable, ALL[:24], given)
    assert found.settings is given
    assert found.remarks == (("mirrored along y: declared",) if flips == ["y"] else ())


def test_designs_on_one_side_cannot_show_a_symmetry() -> None:
    """There, a weakly broken one would not be seen either."""
    dataset = blob_runs(120)
    images = dataset.conditions.images
    assert images is not None
    left = images.pixels[:, :, :6].sum(axis=(1, 2, 3)) > images.pixels[:, :, 6:].sum(axis=(1, 2, 3))
    verdicts = judge_axes(dataset, np.flatnonzero(left))
    assert "the designs themselves are not symmetric" in verdicts["x"].reason
    assert verdicts["y"].taken


def test_too_few_runs_are_not_asked() -> None:
    verdicts = judge_axes(blob_runs(), ALL[: FEWEST_RUNS - 1])
    assert not any(verdict.taken for verdict in verdicts.values())
    assert f"only {FEWEST_RUNS} training runs" in verdicts["x"].reason


def test_nodes_without_mirror_images_are_named() -> None:
    dataset = blob_runs()
    coords = np.array(dataset.mesh.coords)
    coords[:, 1] **= 1.1
    verdicts = judge_axes(replace(dataset, mesh=Mesh(coords)), ALL)
    assert verdicts["x"].taken
    assert verdicts["y"].reason == "the nodes are not symmetric"


@pytest.mark.parametrize("missing", ["images", "coordinates"])
def test_without_images_or_coordinates_auto_means_no_axes(missing: str) -> None:
    dataset = blob_runs()
    if missing == "images":
        table = np.random.default_rng(0).random((40, 1))
        dataset = replace(dataset, conditions=Conditions(dataset.ids, ("p",), table))
    else:
        dataset = replace(dataset, mesh=Mesh(None))
    found = find_symmetry(dataset, ALL, settings())
    assert found.settings.training.augmentation.axes == ()
    assert found.remarks == ()


def test_values_that_are_not_finite_are_no_error_here() -> None:
    dataset = blob_runs()
    fields = np.array(dataset.fields)
    fields[3, 1, :, 0] = np.nan
    verdicts = judge_axes(replace(dataset, fields=fields), ALL)
    assert verdicts["x"].reason == "the runs have values that are not finite"
