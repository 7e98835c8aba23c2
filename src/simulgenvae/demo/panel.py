"""The demo's problem: a laser beam travels over a ribbed steel panel and heats it.

The panel is three-dimensional. Its conductivity falls and its heat capacity rises while it gets
hot, and it radiates. ``simulgenvae.demo.heat`` has the equations and solves them. The properties
are those of carbon steel in EN 1993-1-2:2005 (sections 2.2 and 3.4.1) up to 600 °C, which no design
exceeds. All quantities in m, s, K, W, kg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc
from skfem import ElementHex1, FacetBasis, MeshHex

from simulgenvae.demo.heat import Air, Elements, Material, integrate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = NDArray[np.float64]

LENGTH = 0.120
WIDTH = 0.060
"""Size of the panel along and across the path of the beam, m."""
HEIGHT = 0.015
"""Height of the plate and its ribs together, m."""
PLATE = 0.005
"""Thickness of the plate, m: ribs are below it."""
RIB = 0.010
"""Width of the ribs along the long edges and across the middle, m."""
ELEMENT_SIZE = 0.0025
"""Side of the cubes, m."""
TIMES = np.linspace(0.0, 12.0, 41)
"""Times of the stored timesteps, s."""
SUBSTEPS = 2
"""Time steps of the solver between two stored timesteps."""

AIR = Air(temperature=293.15, transfer=15.0)
"""The room, with air that moves slowly."""
BEAM_START = 0.015
"""Position of the beam on the long axis at time 0, m."""
BEAM_RADIUS = 0.006
"""Standard deviation of the Gaussian beam, m: more than two elements, so that the mesh resolves
it."""
NAMES = ("row", "speed", "power")
UNITS = ("m", "m/s", "W")
"""Parameters of a design: row of the beam on the short axis, its speed, and the power that the
steel absorbs."""
LOWER = np.array([0.020, 0.005, 500.0])
UPPER = np.array([0.040, 0.007, 1000.0])
"""Range of each parameter."""


def _capacity(temperature: Array) -> Array:
    celsius = temperature - 273.15
    return 425.0 + 0.773 * celsius - 1.69e-3 * celsius**2 + 2.22e-6 * celsius**3


def _conductivity(temperature: Array) -> Array:
    return 54.0 - 3.33e-2 * (temperature - 273.15)


STEEL = Material(density=7850.0, capacity=_capacity, conductivity=_conductivity, emissivity=0.7)
"""Carbon steel."""


def sample_designs(count: int, seed: int = 0) -> Array:
    """Return designs that fill the ranges of the parameters evenly, ``[count, 3]``."""
    unit = qmc.LatinHypercube(len(NAMES), rng=np.random.default_rng(seed)).random(count)
    return np.asarray(LOWER + (UPPER - LOWER) * unit)


def mesh(element_size: float = ELEMENT_SIZE) -> MeshHex:
    """Return the panel as cubes: a plate with ribs below it."""
    axes = [
        np.linspace(0.0, side, round(side / element_size) + 1) for side in (LENGTH, WIDTH, HEIGHT)
    ]
    block = MeshHex.init_tensor(*axes)
    x, y, z = block.p[:, block.t].mean(axis=1)
    ribs = (y < RIB) | (y > WIDTH - RIB) | (np.abs(x - LENGTH / 2.0) < RIB / 2.0)
    solid = (z > HEIGHT - PLATE) | ribs
    return block.remove_elements(np.flatnonzero(~solid))


def beam_load(grid: MeshHex, row: float, speed: float, power: float) -> Callable[[float], Array]:
    """Return the function t → b(t), b_i = ∫ q φ_i, of a beam on the upper side, ``[M]``."""
    top = grid.facets_satisfying(lambda x: np.isclose(x[2], HEIGHT), boundaries_only=True)
    # Quadrature of order 4: the beam is a Gaussian, which lower orders integrate badly.
    surface = FacetBasis(grid, ElementHex1(), facets=top, intorder=4)
    x, y, _ = np.asarray(surface.global_coordinates())
    # A Gaussian in two dimensions is a product of two in one: only the factor along the path moves.
    across = np.exp(-0.5 * ((y - row) / BEAM_RADIUS) ** 2) * surface.dx
    across *= power / (2.0 * np.pi * BEAM_RADIUS**2)
    shape = np.stack([np.asarray(surface.basis[i][0]) for i in range(surface.Nbfun)])
    nodes = surface.element_dofs.ravel()

    def load(t: float) -> Array:
        density = across * np.exp(-0.5 * ((x - BEAM_START - speed * t) / BEAM_RADIUS) ** 2)
        weights = np.einsum("ifq,fq->if", shape, density).ravel()
        return np.bincount(nodes, weights, minlength=surface.N).astype(np.float64)

    return load


def solve(
    design: Sequence[float],
    *,
    element_size: float = ELEMENT_SIZE,
    substeps: int = SUBSTEPS,
) -> NDArray[np.float32]:
    """Return the temperature of one design in K, ``[T, M]``.

    Parameters
    ----------
    design
        Parameters in the order of ``NAMES``.
    element_size, substeps
        Resolution in space (m) and time.
    """
    grid = mesh(element_size)
    load = beam_load(grid, *design)
    return integrate(Elements(grid), STEEL, AIR, load, TIMES, substeps).astype(np.float32)
