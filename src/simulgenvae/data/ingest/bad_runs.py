"""Runs that are of no use: all of them named in one error, or left out and recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from simulgenvae.data.readers import Source


def nonfinite(count: int, size: int) -> str:
    """What is wrong with a run in which ``count`` of ``size`` values are not finite."""
    return f"{count} of {size} values are NaN or infinite"


def require_good(bad: Mapping[str, str]) -> Sequence[str]:
    """UserError naming the runs that are bad, by id, and what is wrong, where there are any;
    nothing to record."""
    if bad:
        raise UserError(f"{_shown(bad)}. Repair these runs, or leave them out (--skip-bad)")
    return ()


class RunJudge:
    """Decides, when all runs of some sources have been read, what becomes of those that are bad.

    Without ``skip_bad`` they are an error, at once where sources know of them before. ``then`` is
    called with those that are left out.
    """

    def __init__(self, sources: Sequence[Source], ids: Sequence[str], *, skip_bad: bool) -> None:
        self._sources, self._runs, self._skip_bad = sources, len(ids), skip_bad
        self.then: Callable[[Collection[str]], None] = lambda runs: None
        if not skip_bad:
            require_good(_known(sources, ids))

    def __call__(self, bad: Mapping[str, str]) -> Sequence[str]:
        """What to record; UserError where bad runs are not to be left out, or are half of all."""
        if not self._skip_bad:
            require_good(bad)
        if bad and 2 * len(bad) >= self._runs:
            raise UserError(
                f"{len(bad)} of {self._runs} runs are bad, too many to leave out: {_shown(bad)}. "
                "If these are right and that with which they are compared is not, name a right "
                "one with --reference"
            )
        if bad:
            self.then(bad.keys())
        remarks = [f"left out: run {name!r}: {what}" for name, what in bad.items()]
        return [*remarks, *(remark for source in self._sources for remark in source.remarks())]


def _known(sources: Sequence[Source], ids: Sequence[str]) -> dict[str, str]:
    """Problems that sources know of before their runs are read."""
    found: dict[str, str] = {}
    first = 0
    for source in sources:
        found |= {ids[first + index]: problem for index, problem in sorted(source.problems.items())}
        first += source.shape[0]
    return found


def _shown(bad: Mapping[str, str]) -> str:
    shown = "; ".join(f"run {name!r}: {what}" for name, what in list(bad.items())[:10])
    return shown + (f"; and {len(bad) - 10} more runs" if len(bad) > 10 else "")
