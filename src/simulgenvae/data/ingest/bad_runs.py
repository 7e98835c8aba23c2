"""Bad runs: all of them are named in one error, or left out and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from simulgenvae.data.readers import Source


def nonfinite_message(count: int, size: int) -> str:
    """Return what is wrong with a run in which ``count`` of ``size`` values are not finite."""
    return f"{count} of {size} values are NaN or infinite"


def refuse_bad_runs(bad: Mapping[str, str]) -> Sequence[str]:
    """Raise UserError naming the bad runs and what is wrong with each, if there are any.

    ``bad`` has the problem of each bad run by its id. Returns no remarks, as nothing was left out.
    """
    if bad:
        raise UserError(f"{_shown(bad)}. Repair these runs, or leave them out (--skip-bad)")
    return ()


class RunJudge:
    """Judge that decides, when all runs have been read, what becomes of the bad ones.

    Parameters
    ----------
    sources
        Open files with fields.
    ids
        Ids of all their runs.
    skip_bad
        Whether bad runs are left out. Otherwise they are an error, which is raised at once where
        the sources know of them before fields are read.

    Attributes
    ----------
    on_left_out
        Function that is called with the ids of the runs that are left out.
    """

    def __init__(self, sources: Sequence[Source], ids: Sequence[str], *, skip_bad: bool) -> None:
        self._sources = sources
        self._runs = len(ids)
        self._skip_bad = skip_bad
        self.on_left_out: Callable[[Collection[str]], None] = lambda runs: None
        if not skip_bad:
            refuse_bad_runs(_problems(sources, ids))

    def __call__(self, bad: Mapping[str, str]) -> Sequence[str]:
        """Return the remarks to record in the dataset.

        Raises UserError where bad runs are not to be left out, or are half of all.
        """
        if not self._skip_bad:
            refuse_bad_runs(bad)
        # If half of all runs differ from the one they are compared with, it is likely that one
        # which is odd.
        if bad and 2 * len(bad) >= self._runs:
            raise UserError(
                f"{len(bad)} of {self._runs} runs are bad, too many to leave out: {_shown(bad)}. "
                "If these are right and that with which they are compared is not, name a right "
                "one with --reference"
            )
        if bad:
            self.on_left_out(bad.keys())
        remarks = [f"left out: run {name!r}: {what}" for name, what in bad.items()]
        for source in self._sources:
            remarks += source.remarks()
        return remarks


def _problems(sources: Sequence[Source], ids: Sequence[str]) -> dict[str, str]:
    """Return the problems, by run id, that sources know of before their runs are read."""
    found: dict[str, str] = {}
    first = 0
    for source in sources:
        for index, problem in sorted(source.problems.items()):
            found[ids[first + index]] = problem
        first += source.shape[0]
    return found


def _shown(bad: Mapping[str, str]) -> str:
    shown = "; ".join(f"run {name!r}: {what}" for name, what in list(bad.items())[:10])
    return shown + (f"; and {len(bad) - 10} more runs" if len(bad) > 10 else "")
