"""Words for how certain an interval's coverage is: few validation runs say little of other runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.surrogate.ensemble.calibration import ENOUGH_RUNS, LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVEL = f"{100 * LEVEL:g} %"


def interval_label(runs: int) -> str:
    """Return the name of an interval that was calibrated on a number of validation runs."""
    if runs >= ENOUGH_RUNS:
        return f"{_LEVEL} interval"
    return f"interval ({_LEVEL} intended, {_validation_runs(runs) if runs else 'not calibrated'})"


def interval_warning(runs: int, left_out_coverage: Sequence[float]) -> str | None:
    """Return a warning about an interval of few runs, without a full stop.

    Both arguments are attributes of
    :class:`~simulgenvae.surrogate.ensemble.calibration.Calibration`. Where there are enough runs,
    the result is None.
    """
    if not runs:
        return "the uncertainty is not calibrated, as there were no validation runs"
    if runs >= ENOUGH_RUNS:
        return None
    on = (
        f"the interval meant to hold {_LEVEL} of the values was calibrated on only "
        f"{_validation_runs(runs)}"
    )
    if not left_out_coverage:
        return f"{on}: its coverage on other runs is unknown"
    # A range of two equal numbers is written as one.
    lowest = f"{100 * min(left_out_coverage):.0f} %"
    highest = f"{100 * max(left_out_coverage):.0f} %"
    held = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{on}: when each was left out, the interval of the others held {held} of its values"


def _validation_runs(runs: int) -> str:
    return "1 validation run" if runs == 1 else f"{runs} validation runs"
