"""Groups of features that share a length scale of a kernel.

Tested in tests/baselines/test_gp.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.baselines.distances import pair_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.baselines.kernels import Points, Values


@dataclass(frozen=True)
class LengthScaleGroups:
    """Partition of the columns of features into groups with one length scale each.

    A group has one column, or all of a category: its squared distance is then 0 for equal values
    and the same for all different ones, which makes the kernel one of categories (the exchangeable
    one of Roustant et al. 2020). The last group may be the ``shared`` columns of images. These are
    measured in units of their common ``spread``, so that all length scales are of the same order.
    """

    widths: tuple[int, ...]
    """Number of columns of each group, shared columns included."""
    shared: int
    """Number of the last columns that are image components with one length scale; or 0."""
    spread: float

    @classmethod
    def of(cls, x: Points, shared: int, widths: Sequence[int] = ()) -> LengthScaleGroups:
        """Return the groups for training points ``x [n, P]``.

        ``widths`` are the numbers of columns before the ``shared`` ones, by default one each.
        """
        single = x.shape[1] - shared
        widths = (*(widths or (1,) * single), *[shared] * (shared > 0))
        spread = float(np.sqrt(x[:, x.shape[1] - shared :].var(axis=0).sum())) if shared else 1.0
        return cls(widths, shared, spread)

    def squared_distances(self, first: Points, second: Points) -> Values:
        """Return the squared distances in each of the G groups, ``[G, m, n]``."""
        # Group by group, because each one gets its own length scale later.
        parts = []
        start = 0
        for width in self.widths:
            one = first[:, start : start + width]
            other = second[:, start : start + width]
            start += width
            if width == 1:
                parts.append(np.square(one - other.T))
            elif start == first.shape[1] and self.shared:
                parts.append(pair_distances(one / self.spread, other / self.spread, "sqeuclidean"))
            else:
                parts.append(pair_distances(one, other, "sqeuclidean"))
        return np.stack(parts)
