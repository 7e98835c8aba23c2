"""What `simulgenvae render` shows, and at which times."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from simulgenvae.cli.common import open_dataset
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder

if TYPE_CHECKING:
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.rendering.cases import Case
    from simulgenvae.surrogate.surrogate import Surrogate

FILMS = (".gif", ".mp4")
"""Suffixes of films."""
USUAL_RATE, USUAL_MOST = 25.0, 150
"""Pictures, in a second and in a film, that are enough when nothing else is said."""


def chosen_case(
    study: StudyFolder,
    surrogate: Surrogate,
    shown: list[str],
    options: argparse.Namespace,
    console: Console,
) -> Case:
    """What is to be shown, at the times at which it is."""
    from simulgenvae.rendering.cases import design_case, run_case, typical_run

    if options.params is None and options.images is None:
        dataset = open_dataset(study, surrogate.settings)
        run_id = options.run_id
        if run_id is None:
            run_id, why = typical_run(study, dataset, surrogate)
            console.print(f"run {run_id!r}: {why}", soft_wrap=True)
        case = run_case(dataset, surrogate, run_id, shown, options.samples)
    else:
        design = _design(surrogate, options, console)
        case = design_case(
            surrogate, design, shown, _design_times(surrogate, options), options.samples
        )
    return case.at(_steps(case.times, options))


def _design(surrogate: Surrogate, options: argparse.Namespace, console: Console) -> Conditions:
    """The one new design that is asked for."""
    conditions, notes = read_new_conditions(
        options.params, options.images, surrogate.condition_scaler
    )
    if options.design is None and len(conditions) > 1:
        raise UserError(
            f"There are {len(conditions)} designs, {listed(conditions.ids)}: choose one with "
            "--design."
        )
    if options.design is not None and options.design not in conditions.ids:
        raise UserError(
            f"There is no design {options.design!r}: there are {listed(conditions.ids)}."
        )
    chosen = conditions.select(
        [0 if options.design is None else conditions.ids.index(options.design)]
    )
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    for warning in surrogate.warnings(chosen):
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)
    return chosen


def _design_times(surrogate: Surrogate, options: argparse.Namespace) -> NDArray[np.float64] | None:
    """Times at which a design is predicted; None for those of the training, among which are all
    that are shown."""
    trained = surrogate.times
    if options.time is not None and not np.isin(options.time, trained).all():
        return np.array(options.time)
    if options.fps and options.seconds and surrogate.networks.vae.decoder.continuous_in_time:
        return np.linspace(trained[0], trained[-1], max(2, round(options.fps * options.seconds)))
    return None


def _steps(times: NDArray[np.float64], options: argparse.Namespace) -> list[int]:
    """Numbers of the times that are shown."""
    from simulgenvae.rendering.film import spread

    if options.out.suffix not in FILMS:
        wanted = times[-1:] if options.time is None else np.array(options.time)
        return [_step(times, float(time)) for time in wanted]
    if len(times) < 2:
        raise UserError("There is a single time, of which there is no film: write a .png.")
    most = USUAL_MOST
    if options.seconds is not None:
        most = max(2, round(options.seconds * (options.fps or USUAL_RATE)))
    elif options.fps is not None:
        most = len(times)
    return spread(len(times), most)


def _step(times: NDArray[np.float64], time: float) -> int:
    nearest = int(np.abs(times - time).argmin())
    if not np.isclose(times[nearest], time, rtol=1e-9, atol=1e-9 * float(np.ptp(times))):
        near = " and ".join(
            f"{known:g}" for known in np.sort(times[np.abs(times - time).argsort()[:2]])
        )
        raise UserError(
            f"The run has no field at the time {time:g}: it has {len(times)} from {times[0]:g} to "
            f"{times[-1]:g}, the nearest at {near}."
        )
    return nearest
