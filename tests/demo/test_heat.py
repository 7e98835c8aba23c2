"""The heat solver: a manufactured solution, an exact decay, and the balance of energy."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("skfem")
heat = pytest.importorskip("simulgenvae.demo.heat")
skfem = pytest.importorskip("skfem")

SIDES = (0.04, 0.02, 0.01)
AIR = heat.Air(temperature=300.0, transfer=40.0)
"""No iterations are needed where nothing depends on the temperature."""
CONSTANT = heat.Material(
    density=8000.0,
    capacity=lambda state: np.full_like(state, 500.0),
    conductivity=lambda state: np.full_like(state, 20.0),
    emissivity=0.0,
)
CHANGING = heat.Material(
    density=8000.0,
    capacity=lambda state: 400.0 + 0.5 * (state - 300.0),
    conductivity=lambda state: 15.0 + 0.05 * (state - 300.0),
    emissivity=0.7,
)


def block(cells: int) -> Any:
    """Return a block with this number of cells along each side."""
    return skfem.MeshHex.init_tensor(*(np.linspace(0.0, side, cells + 1) for side in SIDES))


# The manufactured solution T = 300 + R(t) w(x), w = 2 + cos(π x / a) cos(π y / b) cos(π z / c),
# has no flux of conduction through the surface; convection and radiation are put back there.
TIMES = np.linspace(0.0, 4.0, 5)
WAVES = np.pi / np.array(SIDES)


def wave(x: Any) -> Any:
    return 2.0 + np.cos(WAVES[0] * x[0]) * np.cos(WAVES[1] * x[1]) * np.cos(WAVES[2] * x[2])


def rise(t: float) -> float:
    return 100.0 + 60.0 * np.sin(t)


def manufactured_load(elements: Any) -> Any:
    """Return t → b(t) with which the manufactured solution obeys the equations."""
    density = CHANGING.density

    def load(t: float) -> Any:
        @skfem.LinearForm
        def inside(v: Any, w: Any) -> Any:
            value = wave(w.x)
            state = 300.0 + rise(t) * value
            c, k = CHANGING.capacity(state), CHANGING.conductivity(state)
            slope = [0, 0, 0]
            for axis in range(3):
                factors = [np.cos(WAVES[i] * w.x[i]) for i in range(3)]
                factors[axis] = -WAVES[axis] * np.sin(WAVES[axis] * w.x[axis])
                slope[axis] = rise(t) * factors[0] * factors[1] * factors[2]
            laplacian = -rise(t) * (WAVES**2).sum() * (value - 2.0)
            # ∇·(k ∇T) = k ∇²T + k' |∇T|², with k' = 0.05.
            conduction = k * laplacian + 0.05 * sum(each**2 for each in slope)
            return (density * c * 60.0 * np.cos(t) * value - conduction) * v

        @skfem.LinearForm
        def outside(v: Any, w: Any) -> Any:
            state = 300.0 + rise(t) * wave(w.x)
            radiated = CHANGING.emissivity * heat.STEFAN_BOLTZMANN * (state**4 - 300.0**4)
            return (AIR.transfer * (state - 300.0) + radiated) * v

        return inside.assemble(elements.basis) + outside.assemble(elements.surface)

    return load


def manufactured_error(cells: int, substeps: int) -> float:
    elements = heat.Elements(block(cells))
    shape = wave(elements.basis.doflocs)
    found = heat.integrate(
        elements,
        CHANGING,
        AIR,
        manufactured_load(elements),
        TIMES,
        substeps,
        initial=300.0 + rise(0.0) * shape,
    )
    exact = 300.0 + np.array([rise(t) for t in TIMES])[:, np.newaxis] * shape
    return float(np.abs(found - exact).max())


def test_the_error_of_a_manufactured_solution_falls_by_four_when_steps_are_halved() -> None:
    coarse, fine = manufactured_error(3, 1), manufactured_error(6, 2)
    assert fine < 15.0  # of 480 K
    assert 3.5 < coarse / fine < 5.0


def test_a_cosine_decays_at_the_exact_rate() -> None:
    elements = heat.Elements(block(8))
    shape = np.cos(WAVES[0] * elements.basis.doflocs[0])
    times = np.linspace(0.0, 20.0, 11)
    found = heat.integrate(
        elements,
        CONSTANT,
        heat.Air(temperature=300.0, transfer=0.0),
        lambda _: np.zeros(elements.nodes),
        times,
        substeps=4,
        initial=300.0 + 50.0 * shape,
    )
    rate = 20.0 * WAVES[0] ** 2 / (8000.0 * 500.0)
    exact = 300.0 + 50.0 * np.exp(-rate * times)[:, np.newaxis] * shape
    assert rate * times[-1] > 0.5
    assert np.abs(found - exact).max() < 0.5


def test_stored_heat_is_heat_in_less_convection_and_radiation() -> None:
    """Of a body so small that it has one temperature, for which there is an ordinary equation."""
    elements = heat.Elements(block(2))
    volume, area = np.prod(SIDES), 2.0 * (0.04 * 0.02 + 0.04 * 0.01 + 0.02 * 0.01)
    power = 400.0
    unit = np.ones(elements.nodes)
    heating = elements.film(np.ones(elements.surface.nelems)) @ unit * power / area
    assert heating.sum() == pytest.approx(power)
    times = np.linspace(0.0, 60.0, 7)
    conductive = heat.Material(
        8000.0, CHANGING.capacity, lambda state: np.full_like(state, 1e5), 0.7
    )
    found = heat.integrate(elements, conductive, AIR, lambda _: heating, times, substeps=10)
    exact, state, step = [300.0], 300.0, 0.01
    for index in range(round(60.0 / step)):
        lost = 40.0 * (state - 300.0) + 0.7 * heat.STEFAN_BOLTZMANN * (state**4 - 300.0**4)
        state += step * (power - area * lost) / (8000.0 * (400.0 + 0.5 * (state - 300.0)) * volume)
        if (index + 1) % round(10.0 / step) == 0:
            exact.append(state)
    assert found[-1].max() > 850.0
    np.testing.assert_allclose(found.mean(axis=1), exact, atol=2.0)


def test_a_step_that_does_not_converge_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat, "MOST_ITERATIONS", 1)
    elements = heat.Elements(block(2))
    heating = np.full(elements.nodes, 20.0)
    with pytest.raises(RuntimeError, match="not converged"):
        heat.integrate(elements, CHANGING, AIR, lambda _: heating, np.array([0.0, 1.0]), 1)
