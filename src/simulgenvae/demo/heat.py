"""A finite-element solver of transient heat conduction in solids whose properties depend on heat.

The temperature T(x, t) of a solid obeys

    ρ c(T) ∂T/∂t = ∇·(k(T) ∇T)                                        inside,
    k(T) ∂T/∂n = q(x, t) - h (T - T_air) - ε σ (T⁴ - T_air⁴)    on its surface,

with heat capacity c and conductivity k that depend on the temperature, heating q, heat transfer h
to the air, and radiation with the emissivity ε. Trilinear hexahedra in space (scikit-fem), the
implicit midpoint rule in time, and a fixed-point iteration for what depends on the temperature.
All quantities in m, s, K, W, kg.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import cg
from skfem import Basis, BilinearForm, ElementHex1, FacetBasis
from skfem.helpers import dot, grad

if TYPE_CHECKING:
    from collections.abc import Callable

    from skfem import MeshHex

Array = NDArray[np.float64]

STEFAN_BOLTZMANN = 5.670374419e-8
"""σ, W/(m² K⁴)."""
TOLERANCE = 0.01
"""Change of the temperature between two iterations at which a time step ends, K."""
MOST_ITERATIONS = 30
"""Iterations of a time step after which it has failed."""
LINEAR_TOLERANCE = 1e-8
"""Residual of the linear systems, relative to their right-hand side."""


@dataclass(frozen=True)
class Material:
    """Properties of a solid."""

    density: float
    """ρ, kg/m³."""
    capacity: Callable[[Array], Array]
    """c, J/(kg K), of temperatures in K."""
    conductivity: Callable[[Array], Array]
    """k, W/(m K), of temperatures in K."""
    emissivity: float
    """ε of the surface."""


@dataclass(frozen=True)
class Air:
    """Surroundings of a solid."""

    temperature: float
    """T_air, K; that of the solid at time 0, too."""
    transfer: float
    """h, W/(m² K)."""


class Elements:
    """Matrices of a mesh for coefficients that are constant in each cell or facet.

    Matrices of single cells are integrated once. Those of the whole mesh are sums of them, weighted
    by the coefficients, so that a time step costs no integration.
    """

    def __init__(self, grid: MeshHex) -> None:
        element = ElementHex1()
        self.basis = Basis(grid, element)
        self.surface = FacetBasis(grid, element)
        self.nodes = self.basis.N
        self._facet_weights = _facet_weights(self.surface)
        mass = BilinearForm(_product).elemental(self.basis)
        film = BilinearForm(_product).elemental(self.surface)
        self._mass = mass.data.reshape(64, -1)
        self._stiffness = BilinearForm(_gradients).elemental(self.basis).data.reshape(64, -1)
        self._film = film.data.reshape(64, -1)
        # Entries of single cells that belong to the same two nodes are added up in one place.
        row, column = mass.indices
        places, self._at_cells = np.unique(row * self.nodes + column, return_inverse=True)
        row, column = film.indices
        self._at_facets = np.searchsorted(places, row * self.nodes + column)
        self._columns = places % self.nodes
        self._starts = np.searchsorted(places // self.nodes, np.arange(self.nodes + 1))

    def mean(self, state: Array) -> Array:
        """Return the mean of nodal values over the nodes of each cell, ``[E]``."""
        return np.asarray(state[self.basis.element_dofs].mean(axis=0))

    def surface_mean(self, state: Array) -> Array:
        """Return the mean of nodal values over each facet of the surface, ``[F]``."""
        return np.asarray((self._facet_weights * state[self.surface.element_dofs]).sum(axis=0))

    def mass(self, coefficient: Array) -> csr_matrix:
        """Return ∫ c u v for a coefficient of each cell, ``[E]``."""
        return self._matrix(self._at_cells, self._mass * coefficient)

    def stiffness(self, coefficient: Array) -> csr_matrix:
        """Return ∫ k ∇u·∇v for a coefficient of each cell, ``[E]``."""
        return self._matrix(self._at_cells, self._stiffness * coefficient)

    def film(self, coefficient: Array) -> csr_matrix:
        """Return ∫ h u v over the surface for a coefficient of each facet, ``[F]``."""
        return self._matrix(self._at_facets, self._film * coefficient)

    def _matrix(self, at: NDArray[np.intp], values: Array) -> csr_matrix:
        sums = np.bincount(at, values.ravel(), minlength=self._columns.size)
        return csr_matrix((sums, self._columns, self._starts), shape=(self.nodes, self.nodes))


def integrate(
    elements: Elements,
    material: Material,
    air: Air,
    load: Callable[[float], Array],
    times: Array,
    substeps: int,
    initial: Array | None = None,
) -> Array:
    """Return the temperatures at equidistant times, ``[T, M]``.

    Parameters
    ----------
    elements
        Mesh of the solid.
    material, air
        The solid and what is around it.
    load
        Function t → b(t), b_i = ∫ q φ_i: heat that flows to each node, W, ``[M]``.
    times
        Times of the result, ``[T]``; the first is that of the initial state.
    substeps
        Steps of the solver between two of these times.
    initial
        Temperatures at first, ``[M]``; those of the air by default.

    Raises
    ------
    RuntimeError
        When the iterations of a time step do not converge.
    """
    step = (times[-1] - times[0]) / ((times.size - 1) * substeps)
    state = np.full(elements.nodes, air.temperature) if initial is None else initial
    states = np.empty((times.size, elements.nodes))
    states[0] = state
    change = np.zeros_like(state)
    for index in range((times.size - 1) * substeps):
        heat = load(times[0] + (index + 0.5) * step)
        change = _midpoint_step(elements, material, air, state, heat, step, change)
        state = state + change
        if (index + 1) % substeps == 0:
            states[(index + 1) // substeps] = state
    return states


def _midpoint_step(
    elements: Elements,
    material: Material,
    air: Air,
    state: Array,
    heat: Array,
    step: float,
    guess: Array,
) -> Array:
    """Return the change of the temperature in a time step.

    The implicit midpoint rule is (C/Δt + A/2) ΔT = b - A T + …, with all properties at T + ΔT/2.
    """
    change = guess
    for _ in range(MOST_ITERATIONS):
        middle = state + 0.5 * change
        storage, transport = _matrices(elements, material, air, middle)
        # Radiation and convection see the difference to the air, conduction any difference.
        residual = heat - transport @ (state - air.temperature)
        matrix = storage / step + 0.5 * transport
        scaling = diags_array(1.0 / matrix.diagonal())
        found, failed = cg(matrix, residual, x0=change, rtol=LINEAR_TOLERANCE, M=scaling)
        if failed:
            raise RuntimeError("the linear system of a time step was not solved")
        difference = float(np.abs(found - change).max())
        change = np.asarray(found, dtype=np.float64)
        if difference < TOLERANCE:
            return change
    raise RuntimeError(
        f"a time step has not converged: {difference:.3g} K after the last iteration"
    )


def _matrices(
    elements: Elements, material: Material, air: Air, state: Array
) -> tuple[csr_matrix, csr_matrix]:
    """Return the matrices C and A of C dT/dt + A (T - T_air) = b at a temperature."""
    inside = elements.mean(state)
    outside = elements.surface_mean(state)
    # ε σ (T⁴ - T_air⁴) = ε σ (T² + T_air²) (T + T_air) (T - T_air): radiation is a heat transfer
    # that depends on the temperature.
    powers = (outside**2 + air.temperature**2) * (outside + air.temperature)
    radiative = material.emissivity * STEFAN_BOLTZMANN * powers
    storage = elements.mass(material.density * material.capacity(inside))
    transport = elements.stiffness(material.conductivity(inside))
    return storage, transport + elements.film(air.transfer + radiative)


def _product(u: Any, v: Any, _: Any) -> Any:
    return u * v


def _gradients(u: Any, v: Any, _: Any) -> Any:
    return dot(grad(u), grad(v))


def _facet_weights(surface: FacetBasis) -> Array:
    """Return the weights of the cell's nodes in the mean over its facet, ``[8, F]``."""
    shape = np.stack([np.asarray(surface.basis[i][0]) for i in range(surface.Nbfun)])
    weights: Array = (shape * surface.dx).sum(axis=-1) / surface.dx.sum(axis=-1)
    return weights
