"""Choice of the run or design that an image or film shows, and of the times.

Tested in tests/cli/test_render.py.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.matching import read_new_conditions
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.study.data import StudyData, log_notes, log_warnings
from simulgenvae.study.given_meshes import placed_design

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.rendering.cases import Case
    from simulgenvae.study.render_options import RenderOptions
    from simulgenvae.surrogate.surrogate import Surrogate

USUAL_RATE = 25.0
"""Images per second of a film of which only the length is given."""
USUAL_MOST = 150
"""Largest number of images of a film whose length and rate are not given."""

logger = logging.getLogger(__name__)


def choose_case(
    study: StudyData,
    surrogate: Surrogate,
    shown: list[str],
    options: RenderOptions,
    *,
    film: bool,
) -> Case:
    """Return the fields of the ``shown`` variables, at the times that are drawn."""
    from simulgenvae.rendering.cases import design_case, run_case, typical_run

    if options.params is None and options.images is None:
        dataset = study.open_dataset(surrogate.settings)
        run = options.run
        if run is None:
            # Without a choice of the user the drawn run should neither flatter nor frighten.
            run, why = typical_run(study, dataset, surrogate)
            logger.info("run %r: %s", run, why)
        case = run_case(dataset, surrogate, run, shown, options.samples)
    else:
        design = _read_design(surrogate, options)
        times = _design_times(surrogate, options)
        placement = None
        if surrogate.shapes is not None:
            # Its geometry is the one that follows from its conditions.
            design, placement = placed_design(surrogate.shapes, design, None)
        case = design_case(surrogate, design, shown, times, options.samples, placement)
    return case.at(_film_steps(case.times, options) if film else _image_steps(case.times, options))


def _read_design(surrogate: Surrogate, options: RenderOptions) -> Conditions:
    """Return the conditions of the one new design that is drawn."""
    conditions, notes = read_new_conditions(options.params, options.images, surrogate.design_scaler)
    if options.design is None and len(conditions) > 1:
        raise UserError(
            f"There are {len(conditions)} designs, {listed(conditions.ids)}: choose one with "
            "--design."
        )
    if options.design is not None and options.design not in conditions.ids:
        raise UserError(
            f"There is no design {options.design!r}: there are {listed(conditions.ids)}."
        )
    row = 0 if options.design is None else conditions.ids.index(options.design)
    design = conditions.select([row])
    log_notes(notes)
    log_warnings(surrogate.warnings(design))
    return design


def _design_times(surrogate: Surrogate, options: RenderOptions) -> NDArray[np.float64] | None:
    """Return the times at which a design is predicted; None for the trained times."""
    trained = surrogate.times
    # Times of the training need no interpolation, and are cut out of the whole prediction later.
    if options.times is not None and not np.isin(options.times, trained).all():
        return np.array(options.times)
    # A decoder that is continuous in time predicts exactly the times that the film shows.
    if options.fps and options.seconds and surrogate.networks.vae.decoder.continuous_in_time:
        return np.linspace(trained[0], trained[-1], max(2, round(options.fps * options.seconds)))
    return None


def _image_steps(times: NDArray[np.float64], options: RenderOptions) -> list[int]:
    """Return the numbers of the times that an image shows."""
    wanted = times[-1:] if options.times is None else np.array(options.times)
    return [_step_at(times, float(time)) for time in wanted]


def _film_steps(times: NDArray[np.float64], options: RenderOptions) -> list[int]:
    """Return the numbers of the times that a film shows."""
    from simulgenvae.rendering.film import spread

    if len(times) < 2:
        raise UserError("There is a single time, of which there is no film: write a .png.")
    most = USUAL_MOST
    if options.seconds is not None:
        most = max(2, round(options.seconds * (options.fps or USUAL_RATE)))
    elif options.fps is not None:
        # With a rate only, every timestep is shown.
        most = len(times)
    return spread(len(times), most)


def _step_at(times: NDArray[np.float64], time: float) -> int:
    # Times are typed by hand, and rounded: nearly equal is equal.
    nearest = int(np.abs(times - time).argmin())
    # The span gives the scale of the tolerance: times may be microseconds or years.
    if not np.isclose(times[nearest], time, rtol=1e-9, atol=1e-9 * float(np.ptp(times))):
        two_nearest = np.sort(times[np.abs(times - time).argsort()[:2]])
        near = " and ".join(f"{each:g}" for each in two_nearest)
        raise UserError(
            f"The run has no field at the time {time:g}: it has {len(times)} from {times[0]:g} to "
            f"{times[-1]:g}, the nearest at {near}."
        )
    return nearest
