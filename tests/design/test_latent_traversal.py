"""Ways through the latent space: their ends, their lengths, and what they leave unchanged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulgenvae.data.dataset import Dataset
from simulgenvae.design.latent_traversal import (
    interpolate,
    level_direction,
    level_number,
    linear,
    predicted_latents,
    slerp,
    traverse,
)
from simulgenvae.errors import UserError
from simulgenvae.models import Latents
from simulgenvae.models.networks import network_inputs
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.surrogate import Surrogate

VECTORS = arrays(np.float64, 5, elements=st.floats(-10, 10, width=32))
SHARES = np.linspace(0, 1, 7)


@pytest.fixture(scope="module")
def trained(waves: Dataset, make_settings: Callable[..., Settings]) -> Surrogate:
    return fit(waves, make_settings(4, model={"filters": (16, 12, 8), "width": 16}))


@pytest.fixture(scope="module")
def encoded(trained: Surrogate, waves: Dataset) -> Latents:
    each = [trained.encode(run) for run in waves.fields]
    return Latents(torch.cat([one.z for one in each]), torch.cat([one.h for one in each]))


@given(VECTORS, VECTORS)
def test_both_ways_begin_and_end_at_the_vectors(first: np.ndarray, second: np.ndarray) -> None:
    for way in (slerp, linear):
        path = way(first, second, SHARES)
        np.testing.assert_allclose(path[[0, -1]], [first, second], atol=1e-9)


@given(VECTORS, VECTORS)
def test_the_way_back_is_the_same(first: np.ndarray, second: np.ndarray) -> None:
    np.testing.assert_allclose(
        slerp(first, second, SHARES), slerp(second, first, SHARES)[::-1], atol=1e-6
    )


@given(VECTORS, VECTORS)
def test_slerp_keeps_lengths_and_walks_evenly(first: np.ndarray, second: np.ndarray) -> None:
    sizes = np.linalg.norm(first), np.linalg.norm(second)
    if min(sizes) < 1e-3:
        return
    first, second = first / sizes[0], second / sizes[1]
    if abs(first @ second) > 1 - 1e-6:
        return
    path = slerp(first, second, SHARES)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1.0, rtol=1e-6)
    angles = np.arccos(np.clip(np.sum(path[1:] * path[:-1], axis=1), -1, 1))
    np.testing.assert_allclose(angles, np.arccos(first @ second) / 6, atol=1e-5)


def test_slerp_of_a_quarter_turn() -> None:
    middle = slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5]))
    np.testing.assert_allclose(middle, [[np.sqrt(0.5), np.sqrt(0.5)]])


@pytest.mark.parametrize("factor", [3.0, 0.0, -2.0])
def test_parallel_vectors_are_joined_by_a_line(factor: float) -> None:
    first = np.array([1.0, 2.0, -1.0])
    np.testing.assert_array_equal(
        slerp(first, factor * first, SHARES), linear(first, factor * first, SHARES)
    )


@pytest.mark.parametrize("kind", ["slerp", "linear"])
def test_interpolation_joins_two_reconstructions(
    trained: Surrogate, waves: Dataset, kind: str
) -> None:
    first, second = waves.run(0), waves.run(1)
    fields = interpolate(trained, trained.encode(first), trained.encode(second), 5, kind)  # type: ignore[arg-type]
    assert fields["run"].values.tolist() == ["0", "0.25", "0.5", "0.75", "1"]
    assert fields["fields"].dims == ("run", "time", "node", "variable")
    np.testing.assert_allclose(fields["fields"][0], trained.reconstruct(first), rtol=1e-5)
    np.testing.assert_allclose(fields["fields"][-1], trained.reconstruct(second), rtol=1e-5)
    assert not np.allclose(fields["fields"][2], fields["fields"][0])


def test_the_two_kinds_differ(trained: Surrogate, waves: Dataset) -> None:
    ends = trained.encode(waves.run(0)), trained.encode(waves.run(1))
    great, straight = (
        interpolate(trained, *ends, 3, kind)["fields"].values for kind in ("slerp", "linear")
    )
    assert not np.array_equal(great[1], straight[1])


def test_one_step_and_an_unknown_kind_are_refused(trained: Surrogate, waves: Dataset) -> None:
    ends = trained.encode(waves.run(0)), trained.encode(waves.run(1))
    with pytest.raises(UserError, match="at least 2 steps"):
        interpolate(trained, *ends, 1)
    with pytest.raises(UserError, match="'cubic': choose slerp or linear"):
        interpolate(trained, *ends, 3, "cubic")  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["z", "h_1", "h_2"])
def test_traversal_passes_through_its_start(
    trained: Surrogate, waves: Dataset, encoded: Latents, level: str
) -> None:
    start = trained.encode(waves.run(3))
    values = np.linspace(-2, 2, 5)
    fields = traverse(trained, start, level, level_direction(trained, encoded, level), values)
    assert fields["run"].values.tolist() == ["-2", "-1", "+0", "+1", "+2"]
    np.testing.assert_allclose(fields["fields"][2], trained.reconstruct(waves.run(3)), rtol=1e-5)
    assert not np.array_equal(fields["fields"][0], fields["fields"][4])


def test_traversal_moves_only_one_level(
    trained: Surrogate, waves: Dataset, encoded: Latents
) -> None:
    start = trained.encode(waves.run(3))
    flat = start.flat().clone()
    flat[0, 4 + 2 + 1] += 1.5 * encoded.h[:, 1, 1].std(correction=0)
    moved = traverse(trained, start, "h_2", level_direction(trained, encoded, "h_2", 1), [1.5])
    expected = trained.decode(trained.networks.vae.latents_from_flat(flat))[0]
    np.testing.assert_allclose(moved["fields"][0], expected, rtol=1e-5)


def test_direction_is_one_standard_deviation_of_the_runs(
    trained: Surrogate, encoded: Latents
) -> None:
    values = encoded.z.numpy().astype(np.float64)
    direction = level_direction(trained, encoded, "z")
    size = np.linalg.norm(direction)
    along = (values - values.mean(0)) @ direction / size
    assert along.std() == pytest.approx(size)
    assert size**2 == pytest.approx(np.linalg.eigvalsh(np.cov(values.T, bias=True))[-1])
    one = level_direction(trained, encoded, "z", 2)
    np.testing.assert_allclose(one, [0, 0, values[:, 2].std(), 0])


def test_unknown_levels_and_dimensions_are_named(trained: Surrogate, encoded: Latents) -> None:
    with pytest.raises(UserError, match="no level 'h_3': this model has z, h_1, h_2"):
        level_number(trained, "h_3")
    for dimension in (2, -1):
        with pytest.raises(
            UserError, match=f"h_1 has no dimension {dimension}: it has 2, numbered from 0 to 1"
        ):
            level_number(trained, "h_1", dimension)
    with pytest.raises(UserError, match="two runs at least"):
        level_direction(trained, Latents(encoded.z[:1], encoded.h[:1]), "z")


def test_latents_of_new_designs_are_those_of_the_conditioner(
    trained: Surrogate, waves: Dataset
) -> None:
    designs = waves.conditions.select([2, 5])
    with torch.inference_mode():
        expected = trained.networks.conditioner(
            network_inputs(designs, trained.condition_scaler)
        ).mean
    latents = predicted_latents(trained, designs)
    assert latents.z.shape == (2, 4)
    torch.testing.assert_close(latents.flat(), expected)


def test_a_conditioner_that_is_not_trained_predicts_nothing(
    waves: Dataset, make_settings: Callable[..., Settings]
) -> None:
    alone = fit(waves, make_settings(1), stages=["vae"])
    with pytest.raises(UserError, match="--stage conditioner"):
        predicted_latents(alone, waves.conditions)
