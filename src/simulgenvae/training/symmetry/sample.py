"""A sample of the training runs' fields, and what a mirror keeps of it and turns around."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from simulgenvae.baselines.kernels import Values
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings.training import Axis

SEED = 0
MOST_RUNS = 200
"""Training runs that are looked at: a seeded subset where there are more."""
MOST_BYTES = 2**34
"""Bytes of fields that are read: fewer runs where these are large, but not fewer than
``FEWEST_RUNS``."""
FEWEST_RUNS = 24
"""Least number of training runs: with fewer, a broken symmetry could not be seen."""
NODES = 512
"""Nodes that are drawn; their mirror images are looked at too."""
TIMESTEPS = 8


@dataclass(frozen=True, eq=False)
class Sample:
    """Fields of n runs at some nodes and timesteps.

    Attributes
    ----------
    rows
        Rows of the runs in the data set, ``[n]``.
    fields
        Physical values, ``[n, t, m, V]``.
    partners
        For each axis the node among the m that is the mirror image of each, ``[m]``.
    """

    rows: NDArray[np.intp]
    fields: Values
    partners: Mapping[Axis, NDArray[np.intp]]

    @classmethod
    def read(
        cls, dataset: Dataset, train: NDArray[np.intp], mirrors: Mapping[Axis, NDArray[np.intp]]
    ) -> Sample:
        """Read the sample of the runs ``train``.

        ``mirrors`` has the permutation ``[M]`` of all nodes for each axis. Raises UserError as
        :meth:`Dataset.run` does.
        """
        random = np.random.default_rng(SEED)
        affordable = MOST_BYTES // (4 * math.prod(dataset.shape[1:]))
        count = min(MOST_RUNS, max(FEWEST_RUNS, affordable))
        rows = np.sort(random.permutation(train)[:count])
        nodes = np.sort(random.permutation(dataset.shape[2])[:NODES])
        # Mirrors along different axes commute: with the images along each axis in turn, the nodes
        # are closed under all of them.
        for permutation in mirrors.values():
            nodes = np.union1d(nodes, permutation[nodes])
        steps = np.linspace(0, dataset.shape[1] - 1, TIMESTEPS).round().astype(np.intp)
        chosen = np.ix_(np.unique(steps), nodes)
        fields = np.stack([dataset.run(int(row))[chosen].astype(np.float64) for row in rows])
        partners = {
            axis: np.searchsorted(nodes, permutation[nodes])
            for axis, permutation in mirrors.items()
        }
        return cls(rows, fields, partners)

    def parts(self, axes: tuple[Axis, ...], variable: int) -> Parts | None:
        """Return the parts of a variable for a mirror along axes; None where it never varies."""
        values = self.fields[..., variable]
        mirrored = values
        for axis in axes:
            mirrored = mirrored[:, :, self.partners[axis]]
        varying = values - values.mean(axis=0)
        energy = float(np.vdot(varying, varying))
        # What is left of a constant by rounding is no variation; 1e-8 of an offset can be one.
        if energy <= 1e-26 * np.vdot(values, values):
            return None
        even = ((values + mirrored) / 2).reshape(len(values), -1)
        odd = ((values - mirrored) / 2).reshape(len(values), -1)
        return Parts(*(Part.of(part, energy) for part in (even, odd)))


@dataclass(frozen=True, eq=False)
class Part:
    """Scalar products of the runs' fields of one variable, or of a part of them, ``[n, n]``.

    They are divided by the energy of the variable's deviations from its mean over the runs.
    """

    products: Values
    deviations: Values
    """Parts of deviations from the mean over the runs."""

    @classmethod
    def of(cls, fields: Values, energy: float) -> Part:
        """Return the products of fields ``[n, values]``."""
        # Deviations are taken here, as rounding would spoil those of products of large values.
        deviations = fields - fields.mean(axis=0)
        return cls(fields @ fields.T / energy, deviations @ deviations.T / energy)


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of a variable's fields for one mirror."""

    even: Part
    """Mean of the fields and the mirrored fields."""
    odd: Part
    """Half the difference of the fields and the mirrored fields."""

    def kept(self, sign: int) -> Values:
        """Return products of the part that does not change; ``sign`` -1: of an odd variable."""
        return (self.even if sign > 0 else self.odd).deviations

    def turned(self, sign: int) -> Values:
        """Return products of the part that changes its sign, whose mean must be 0."""
        return (self.odd if sign > 0 else self.even).products

    @property
    def whole(self) -> Values:
        """Products of the whole fields' deviations from their mean."""
        return self.even.deviations + self.odd.deviations
