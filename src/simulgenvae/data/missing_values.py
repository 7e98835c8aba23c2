"""Missing values (NaN) of runs: nodes that no run has are a mask, all others are mistakes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulgenvae.data.ingest.bad_runs import nonfinite_message
from simulgenvae.data.values import count_nonfinite
from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Outcome(NamedTuple):
    """Result for all runs.

    Attributes
    ----------
    valued
        Whether each node has values, `[M]`; None where all have.
    bad
        Problem of each bad run, by its id.
    """

    valued: NDArray[np.bool_] | None
    bad: dict[str, str]


class MissingValues:
    """Places of the missing values of each run, from which the mask of all runs follows.

    The nodes without values that most runs have in common are the mask. Runs with other missing
    values, or with values there, are bad.

    Parameters
    ----------
    variables
        Names of the V variables.
    fixed
        Mask `[M]` of a dataset to which the runs are added; it decides in place of the runs.
    """

    def __init__(self, variables: Sequence[str], fixed: NDArray[np.bool_] | None = None) -> None:
        self._variables = tuple(variables)
        self._fixed = fixed
        self._shape: tuple[int, ...] = ()
        # Most runs have values at all nodes: for these, no pattern is kept.
        self._empty: dict[str, bytes | None] = {}
        self._known: dict[bytes, bytes] = {}
        self._partly: dict[str, bytes] = {}
        self._bad: dict[str, str] = {}

    def add(self, name: str, run: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Count a run `[T, M, V]`, and return it where it may be used as far as is known now.

        All NaN of what is returned have the same bits.
        """
        self._shape = run.shape
        count = count_nonfinite(run)
        if not count:
            self._empty[name] = None
            return run
        nan = np.isnan(run)
        never: NDArray[np.bool_] = np.all(nan, axis=0)
        empty: NDArray[np.bool_] = np.all(never, axis=1)
        # Missing values at nodes that have others: at single times, or of single variables.
        outside = count - run.shape[0] * run.shape[2] * int(np.count_nonzero(empty))
        if outside or empty.all():
            # The same variables at all times: if most runs are so, the message is another one.
            if outside and outside == run.shape[0] * np.count_nonzero(never & ~empty[:, None]):
                packed = np.packbits(never).tobytes()
                self._partly[name] = self._known.setdefault(packed, packed)
            self._bad[name] = nonfinite_message(count if empty.all() else outside, run.size)
            return None
        # Thousands of runs with one pattern share it.
        packed = np.packbits(empty).tobytes()
        self._empty[name] = self._known.setdefault(packed, packed)
        return np.where(nan, np.float32(np.nan), run)

    def outcome(self) -> Outcome:
        """Return the mask and the bad runs.

        Raises UserError when most runs lack single variables at some nodes.
        """
        self._refuse_partly_missing()
        bad = dict(self._bad)
        common = np.zeros(0, dtype=bool)
        if self._fixed is not None:
            common = ~self._fixed
        elif self._empty:
            common = self._unpacked(Counter(self._empty.values()).most_common(1)[0][0])
        for name, packed in self._empty.items():
            empty = self._unpacked(packed)
            if not np.array_equal(empty, common):
                bad[name] = self._difference(empty, common)
        return Outcome(~common if common.any() else None, bad)

    def _unpacked(self, packed: bytes | None) -> NDArray[np.bool_]:
        nodes = self._shape[1]
        if packed is None:
            return np.zeros(nodes, dtype=bool)
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=nodes).astype(bool)

    def _difference(self, empty: NDArray[np.bool_], common: NDArray[np.bool_]) -> str:
        steps, nodes, variables = self._shape
        lacking = int(np.count_nonzero(empty & ~common))
        further = int(np.count_nonzero(common & ~empty))
        found = []
        if lacking:
            found.append(nonfinite_message(lacking * steps * variables, steps * nodes * variables))
        if further:
            found.append(f"has values at {further} nodes where most runs have none (NaN)")
        return ", and ".join(found)

    def _refuse_partly_missing(self) -> None:
        if 2 * len(self._partly) <= len(self._bad) + len(self._empty):
            return
        _, nodes, variables = self._shape
        packed = Counter(self._partly.values()).most_common(1)[0][0]
        never = np.unpackbits(np.frombuffer(packed, np.uint8), count=nodes * variables)
        counts = never.reshape(nodes, variables).sum(axis=0)
        shown = ", ".join(
            f"{name!r} at {count}" for name, count in zip(self._variables, counts, strict=True)
        )
        raise UserError(
            f"of {nodes} nodes most runs have no values (NaN) of {shown}: nodes without values "
            "must be the same for all variables. Read the variables into studies of their own, or "
            "give these nodes a value, such as a velocity of 0 in a solid"
        )
