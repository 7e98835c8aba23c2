"""How a caller follows a pass over many runs, and keeps what a pass has found so far."""

from __future__ import annotations

from torch import Tensor


class Monitor:
    """Sees and keeps nothing; a caller gives one that does."""

    def resume(self, name: str, total: int, state: dict[str, Tensor]) -> int:
        """A pass over ``total`` runs begins; returns how many of them are done already.

        Its ``state`` is what it knows when some runs are done: tensors that it changes in place.
        What was kept of an interrupted pass of this name is put there.
        """
        return 0

    def advance(self, name: str, done: int) -> None:
        """So many runs are done; may raise to stop the pass."""


UNWATCHED = Monitor()
"""Where nobody follows a pass."""
