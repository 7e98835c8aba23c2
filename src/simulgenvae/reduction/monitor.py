"""Interface through which a caller follows a pass over many runs, and keeps what it has found.

Tested in tests/training/test_preparation_watch.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class Monitor:
    """Follower of passes; this one keeps and shows nothing, subclasses do."""

    def resume(self, name: str, total: int, accumulators: dict[str, Tensor]) -> int:
        """Begin a pass over ``total`` runs, and return how many of them are done already.

        ``accumulators`` are everything the pass has found so far: tensors that it changes in place.
        Where an interrupted pass of this ``name`` was kept, its values are copied into them.
        """
        return 0

    def advance(self, name: str, done: int) -> None:
        """Take note that ``done`` runs are in the accumulators; may raise to stop the pass."""


UNWATCHED = Monitor()
"""Monitor of a pass that nobody follows."""
