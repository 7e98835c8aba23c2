"""Phase 1 of POD: subspaces that hold the training states, from a cheap one to a safe one.

The sketch only guesses how many dimensions are enough. Phase 2 (``projection.py``) estimates what
a subspace leaves out; where that is too much, the next, larger subspace is taken.

Tested in tests/reduction/test_pod.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.distributed import collectives
from simulgenvae.reduction.pilot import take_pilot
from simulgenvae.reduction.sketch import Sketch, take_sketch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from simulgenvae.reduction.run_reader import RunReader
    from simulgenvae.settings import ReductionSettings


@dataclass(frozen=True, eq=False)
class Subspace:
    """Orthonormal directions in the space of states."""

    sketch: Sketch
    directions: Tensor
    """The sketch's leading directions, ``[M·V, k]``."""
    is_largest: bool
    """True if no larger subspace can follow, so that this one must be enough."""


def subspaces(runs: RunReader, settings: ReductionSettings) -> Iterator[Subspace]:
    """Yield ever larger subspaces of the training states; a pass over the runs for each sketch.

    Of each sketch, first as many directions as are probably enough, then all of them; then a sketch
    of twice the width, up to the largest rank that the settings allow.
    """
    pilot = collectives.run_on_rank0(lambda: take_pilot(runs, settings))
    width = pilot.width
    while True:
        # A pass over all training runs; what follows for this sketch needs no further one.
        sketch = take_sketch(runs, settings, pilot, width)
        available = sketch.directions.shape[1]
        # A set, as both numbers are the same where the guess takes all directions.
        for count in sorted({sketch.enough, available}):
            is_largest = width == pilot.max_width and count == available
            yield Subspace(sketch, sketch.directions[:, :count], is_largest)
        if width == pilot.max_width:
            return
        width = min(2 * width, pilot.max_width)
