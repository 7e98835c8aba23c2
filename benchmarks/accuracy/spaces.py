"""Problems of the suite whose solver takes any design."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import impact, pulse, source, steady
from benchmarks.accuracy.problem import grid_positions

Table = NDArray[np.float64]


class Space(NamedTuple):
    """All designs of a problem, with its solver."""

    names: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    coords: NDArray[np.float64]
    """Node positions, ``[M, D]``."""
    times: NDArray[np.float64]
    variables: tuple[str, ...]
    sample: Callable[[int, int, int], Table]
    """Function of n, a seed and a stream, which returns n designs at random, ``[n, P]``."""
    solve: Callable[[Table], NDArray[np.float32]]
    """Function that returns the fields ``[n, T, M, V]`` of designs ``[n, P]``."""


def source_space(squares: int = source.SQUARES) -> Space:
    """Return the designs of the travelling source."""
    times = np.linspace(0.0, source.END_TIME, source.TIMESTEPS)
    basis = source.plate(squares)
    return Space(
        source.NAMES,
        tuple(source.LOWER.tolist()),
        tuple(source.UPPER.tolist()),
        basis.doflocs.T.copy(),
        times,
        ("T",),
        source.sample,
        lambda table: source.solve(table, times, basis)[..., np.newaxis],
    )


def impact_space(cells: tuple[int, int, int] = impact.CELLS) -> Space:
    """Return the designs of the struck bar."""
    times = np.linspace(0.0, impact.END_TIME, impact.TIMESTEPS)
    bar = impact.assemble(cells)
    modes = impact.vibration_modes(bar)

    def solve(table: Table) -> NDArray[np.float32]:
        designs = (impact.Design(*map(float, row)) for row in table)
        return np.stack(
            [impact.solve(bar, modes, design, times).astype(np.float32) for design in designs]
        )

    return Space(
        impact.Design._fields,
        tuple(impact.LOWER),
        tuple(impact.UPPER),
        bar.coords,
        times,
        impact.VARIABLES,
        lambda runs, seed, stream: np.array(impact.sample(runs, seed, stream)),
        solve,
    )


def pulse_space(nodes: int = pulse.NODES) -> Space:
    """Return the designs of the pulse of sound."""
    times = np.linspace(0.0, pulse.END_TIME, pulse.TIMESTEPS)
    line = np.linspace(0.0, 1.0, nodes)
    return Space(
        pulse.NAMES,
        tuple(pulse.LOWER.tolist()),
        tuple(pulse.UPPER.tolist()),
        grid_positions(line, line),
        times,
        ("pressure",),
        pulse.sample,
        lambda table: np.stack(
            [pulse.solve(row, times, nodes).astype(np.float32) for row in table]
        )[..., np.newaxis],
    )


def steady_space(squares: int = steady.SQUARES) -> Space:
    """Return the designs of the plate of four blocks."""
    plate = steady.assemble(squares)
    return Space(
        steady.NAMES,
        tuple(steady.LOWER.tolist()),
        tuple(steady.UPPER.tolist()),
        plate.coords,
        np.zeros(1),
        ("T",),
        steady.sample,
        lambda table: np.stack([steady.solve(row, plate) for row in table]).astype(np.float32)[
            :, None, :, None
        ],
    )


SPACES: dict[str, Callable[[], Space]] = {
    "source": source_space,
    "impact": impact_space,
    "pulse": pulse_space,
    "steady": steady_space,
}
