"""The impact against beam theory, direct integration in time, similarity and finer meshes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import eigh
from scipy.sparse.linalg import splu

from benchmarks.accuracy import impact
from benchmarks.accuracy.problem import BEYOND, EXTRAPOLATION_STREAM, TRAIN_STREAM

Array = NDArray[Any]

COARSE = (12, 1, 2)
TIMES = np.linspace(0.0, impact.END_TIME, 40)
DESIGN = impact.Design(modulus=15e9, position=0.34, angle=35.0, duration=0.003, damping=0.03)


@pytest.fixture(scope="module")
def bar() -> impact.Bar:
    return impact.assemble(COARSE)


@pytest.fixture(scope="module")
def modes(bar: impact.Bar) -> impact.Modes:
    return impact.vibration_modes(bar)


def share(error: Array, truth: Array) -> float:
    return float(np.linalg.norm(error) / np.linalg.norm(truth))


def half_sine(time: float | Array, duration: float) -> Array:
    return np.where(
        (time >= 0) & (time < duration),
        np.sin(np.pi * time / duration) * 0.5 * np.pi / duration,
        0.0,
    )


def test_first_frequencies_are_those_of_slender_beams(modes: impact.Modes) -> None:
    roots = np.array([1.8751, 1.8751, 4.6941, 4.6941])
    depth = np.array([impact.HEIGHT, impact.WIDTH, impact.HEIGHT, impact.WIDTH])
    exact = (roots / impact.LENGTH) ** 2 * depth / np.sqrt(12.0 * impact.DENSITY)
    np.testing.assert_allclose(np.sqrt(modes.squares[:2]), exact[:2], rtol=0.01)
    np.testing.assert_allclose(
        np.sqrt(modes.squares[2:4]), exact[2:], rtol=0.04
    )  # shear slows the shorter waves
    assert (np.sqrt(modes.squares[2:4]) < exact[2:]).all()


def test_matrices_know_mass_rigid_motion_and_extension(bar: impact.Bar) -> None:
    x, y, z = bar.coords.T
    zero = np.zeros_like(x)
    volume = impact.LENGTH * impact.HEIGHT * impact.WIDTH

    def energy(*displacement: Array) -> float:
        u = np.stack(displacement, axis=1).ravel()
        return u @ bar.stiffness @ u

    ones = np.stack([zero, zero + 1.0, zero], axis=1).ravel()
    assert ones @ bar.mass @ ones == pytest.approx(impact.DENSITY * volume)
    stretched = energy(x, -impact.POISSON * y, -impact.POISSON * z)
    assert stretched == pytest.approx(volume)  # uniaxial stress of 1 at a strain of 1
    assert abs(energy(zero, -z, y)) < 1e-9 * volume
    assert abs(energy(zero + 1.0, zero, zero)) < 1e-9 * volume


def test_modes_are_orthogonal_and_clamped(bar: impact.Bar, modes: impact.Modes) -> None:
    np.testing.assert_allclose(
        modes.shapes.T @ bar.mass @ modes.shapes, np.eye(impact.MODES), atol=1e-9
    )
    np.testing.assert_allclose(
        modes.shapes.T @ bar.stiffness @ modes.shapes / modes.squares,
        np.eye(impact.MODES),
        atol=1e-6,
    )
    clamped = np.flatnonzero(np.repeat(bar.coords[:, 0] == 0.0, 3))
    assert len(clamped) == 3 * 3 * 5
    np.testing.assert_array_equal(modes.shapes[clamped], 0.0)


@settings(max_examples=20)
@given(position=st.floats(0.2, 0.47), angle=st.floats(-20.0, 110.0))
def test_load_has_the_force_and_the_moment_of_the_strike(
    bar: impact.Bar, position: float, angle: float
) -> None:
    forces = impact.load(bar, position, angle).reshape(-1, 3)
    force = np.array([0.0, -np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    np.testing.assert_allclose(forces.sum(axis=0), force, atol=1e-12)
    centre = np.array([position, impact.HEIGHT, 0.5 * impact.WIDTH])
    moment = np.cross(bar.coords, forces).sum(axis=0)
    np.testing.assert_allclose(moment, np.cross(centre, force), atol=1e-3 * impact.LENGTH)
    np.testing.assert_allclose(forces[bar.coords[:, 1] < 0.99 * impact.HEIGHT], 0.0, atol=1e-12)


@pytest.mark.parametrize("damping", [0.0, 0.02])
def test_oscillators_follow_their_equation(damping: float) -> None:
    frequencies, duration = np.array([90.0, 700.0, 4000.0]), 0.004

    def rate(time: float | Array, state: Array) -> Array:
        a, velocity = state.reshape(2, 3)
        force = half_sine(time, duration)
        return np.concatenate(
            [velocity, force - frequencies**2 * a - 2.0 * damping * frequencies * velocity]
        )

    times = np.linspace(0.0, 0.02, 41)
    pulse, free = times <= duration, times >= duration
    tight = {"method": "DOP853", "rtol": 1e-9, "atol": 1e-12}
    during = solve_ivp(rate, (0.0, duration), np.zeros(6), t_eval=times[pulse], **tight).y
    after = solve_ivp(rate, (duration, 0.02), during[:, -1], t_eval=times[free], **tight).y
    exact = np.concatenate([during[:3, :-1], after[:3]], axis=1).T
    ours = impact.pulse_response(times, frequencies, damping, duration)
    np.testing.assert_allclose(ours, exact, atol=1e-6 * np.abs(exact).max(axis=0).min())


@settings(max_examples=30)
@given(frequency=st.floats(100.0, 900.0), duration=st.floats(0.001, 0.003))
def test_undamped_energy_after_the_pulse_is_that_of_its_spectrum(
    frequency: float, duration: float
) -> None:
    quarter = 0.5 * np.pi / frequency
    times = duration + 0.003 + np.array([0.0, quarter, 0.4 * quarter, 1.4 * quarter])
    a = impact.pulse_response(times, np.array([frequency]), 0.0, duration)[:, 0]
    spectrum = 0.5 * np.pi / duration * 2.0 * np.pi / duration * np.cos(0.5 * frequency * duration)
    spectrum /= (np.pi / duration) ** 2 - frequency**2
    first, second = (
        np.hypot(a[0], a[1]),
        np.hypot(a[2], a[3]),
    )  # a quarter of a period later, a is the velocity / ω
    assert first == pytest.approx(second, rel=1e-8, abs=1e-12)
    assert first == pytest.approx(abs(spectrum) / frequency, rel=1e-8, abs=1e-12)


def test_slow_push_bends_the_bar_as_beam_theory_says(bar: impact.Bar, modes: impact.Modes) -> None:
    duration = 20.0
    design = DESIGN._replace(angle=0.0, duration=duration)
    middle = np.array([0.5 * duration])
    field = impact.solve(bar, modes, design, middle)[0]
    force = impact.IMPULSE * 0.5 * np.pi / duration
    static = np.zeros(field.size)
    stiffness = bar.stiffness[bar.free][:, bar.free].tocsc()
    static[bar.free] = (
        splu(stiffness).solve(force * impact.load(bar, design.position, 0.0)[bar.free])
        / design.modulus
    )
    assert share(field.ravel() - static, static) < 2e-3
    bending = design.modulus * impact.WIDTH * impact.HEIGHT**3 / 12.0
    tip = -force * design.position**2 * (3.0 * impact.LENGTH - design.position) / (6.0 * bending)
    end = bar.coords[:, 0] == bar.coords[:, 0].max()
    assert field[end, 1].mean() == pytest.approx(tip, rel=0.02)


def newmark(
    mass: Array,
    damping: float,
    stiffness: Array,
    force: Callable[[float], Array],
    times: Array,
    steps: int,
) -> Array:
    """Integrate in time by average acceleration (Newmark 1959).

    There are ``steps`` from time to time, and ``force(t)`` has the shape ``[n]``.
    """
    step = (times[1] - times[0]) / steps
    system = np.linalg.inv(mass + 0.5 * step * damping + 0.25 * step**2 * stiffness)
    u, velocity, acceleration = (np.zeros(len(mass)) for _ in range(3))
    found = [u]
    for number in range(1, steps * (len(times) - 1) + 1):
        guess = u + step * velocity + 0.25 * step**2 * acceleration
        speed = velocity + 0.5 * step * acceleration
        acceleration = system @ (force(number * step) - damping @ speed - stiffness @ guess)
        u, velocity = guess + 0.25 * step**2 * acceleration, speed + 0.5 * step * acceleration
        if number % steps == 0:
            found.append(u)
    return np.array(found)


def test_agrees_with_newmark_on_the_unreduced_matrices() -> None:
    bar = impact.assemble((4, 1, 1))
    times = TIMES[:10]
    stiffness = DESIGN.modulus * bar.stiffness[bar.free][:, bar.free].toarray()
    mass = bar.mass[bar.free][:, bar.free].toarray()
    squares, vectors = eigh(stiffness, mass)
    weighted = mass @ vectors
    damping = weighted * (2.0 * DESIGN.damping * np.sqrt(squares)) @ weighted.T
    shape = impact.IMPULSE * impact.load(bar, DESIGN.position, DESIGN.angle)[bar.free]

    def force(time: float | Array) -> Array:
        return half_sine(time, DESIGN.duration) * shape

    ours = impact.solve(bar, impact.vibration_modes(bar), DESIGN, times).reshape(len(times), -1)[
        :, bar.free
    ]
    coarse, fine = (newmark(mass, damping, stiffness, force, times, steps) for steps in (60, 120))
    assert share(fine - ours, ours) < 2e-3
    assert (
        share((4.0 * fine - coarse) / 3.0 - ours, ours) < 2e-4
    )  # without the leading error of both


def test_four_times_the_modulus_rings_twice_as_fast(bar: impact.Bar, modes: impact.Modes) -> None:
    field = impact.solve(bar, modes, DESIGN, TIMES)
    stiff = DESIGN._replace(modulus=4.0 * DESIGN.modulus, duration=0.5 * DESIGN.duration)
    np.testing.assert_allclose(
        2.0 * impact.solve(bar, modes, stiff, 0.5 * TIMES), field, atol=1e-9 * np.abs(field).max()
    )


def test_directions_add_up_and_the_downward_one_is_symmetric(
    bar: impact.Bar, modes: impact.Modes
) -> None:
    down, across = (
        impact.solve(bar, modes, DESIGN._replace(angle=angle), TIMES) for angle in (0.0, 90.0)
    )
    field = impact.solve(bar, modes, DESIGN, TIMES)
    angle = np.deg2rad(DESIGN.angle)
    np.testing.assert_allclose(
        field, np.cos(angle) * down + np.sin(angle) * across, atol=1e-9 * np.abs(field).max()
    )
    mirrored = down.reshape(len(TIMES), -1, 2 * COARSE[2] + 1, 3)[:, :, ::-1].reshape(
        down.shape
    ) * [1.0, 1.0, -1.0]
    np.testing.assert_allclose(mirrored, down, atol=1e-6 * np.abs(down).max())
    assert (down[1, :, 1] <= 0.0).all()  # goes down first


def test_more_modes_change_little(bar: impact.Bar, modes: impact.Modes) -> None:
    short = DESIGN._replace(duration=0.0008)  # the shortest of the extrapolation runs
    finest = impact.solve(bar, impact.vibration_modes(bar, 3 * impact.MODES), short, TIMES)
    few = impact.Modes(modes.squares[:4], modes.shapes[:, :4])
    assert share(impact.solve(bar, modes, short, TIMES) - finest, finest) < 1e-3
    assert share(impact.solve(bar, few, short, TIMES) - finest, finest) > 1e-3


def test_finer_meshes_change_the_frequencies_little(modes: impact.Modes) -> None:
    coarser, finer = (
        np.sqrt(impact.vibration_modes(impact.assemble(cells), 5).squares)
        for cells in ((6, 1, 1), (18, 1, 2))
    )
    coarse = np.sqrt(modes.squares[:5])
    assert (finer[:4] < coarse[:4]).all()
    assert (coarse < coarser).all()
    np.testing.assert_array_less(coarse - finer, 0.3 * (coarser - finer))
    assert np.abs(coarse / finer - 1.0)[:4].max() < 0.005


def test_designs_lie_inside_and_beyond_the_range() -> None:
    lower, upper = np.array(impact.LOWER), np.array(impact.UPPER)
    inside = np.array(impact.sample(60, 0, TRAIN_STREAM))
    assert ((inside >= lower) & (inside <= upper)).all()
    assert np.median(inside[:, 0]) == pytest.approx(np.sqrt(lower[0] * upper[0]), rel=0.2)
    beyond = np.array(impact.sample(60, 0, EXTRAPOLATION_STREAM))
    outside = (beyond < lower) | (beyond > upper)
    assert set(outside.sum(axis=1)) == {1, 2}
    assert outside.any(axis=0).all()
    farthest = [impact.from_unit(np.full(5, unit)) for unit in (-BEYOND[1], 1.0 + BEYOND[1])]
    assert ((beyond >= farthest[0]) & (beyond <= farthest[1])).all()
    assert farthest[0].damping > 0.0
    assert farthest[0].duration > 0.0
    assert farthest[1].position + impact.PATCH < impact.LENGTH


def test_problem_has_the_stated_shape() -> None:
    problem = impact.make(3, 2, 1, cells=(6, 1, 1))
    nodes = 13 * 3 * 3
    assert problem.fields.shape == (6, impact.TIMESTEPS, nodes, 3)
    assert problem.fields.dtype == np.float32
    assert problem.coords.shape == (nodes, 3)
    np.testing.assert_allclose(problem.coords[1], [0.0, 0.0, impact.WIDTH / 2.0], atol=1e-12)
    assert not problem.fields[:, 0].any()
    assert problem.table.shape == (6, 5)
    assert problem.ids[-1] == "extrapolation_000"
    more = impact.make(4, 3, 2, cells=(6, 1, 1))
    for few, many in (
        (problem.train, more.train),
        (problem.test, more.test),
        (problem.extrapolation, more.extrapolation),
    ):
        np.testing.assert_array_equal(more.fields[many[: len(few)]], problem.fields[few])
        np.testing.assert_array_equal(more.table[many[: len(few)]], problem.table[few])
    assert len({tuple(row) for row in problem.table}) == 6
