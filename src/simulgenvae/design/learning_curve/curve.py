"""Learning curve: train on growing parts of the training runs, measure, extrapolate."""

from __future__ import annotations

import logging
import math
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from simulgenvae.design.learning_curve.points import METHODS, Measure, Method, Point, sizes
from simulgenvae.design.learning_curve.power_law import (
    FARTHEST,
    Extrapolation,
    Interval,
    extrapolate,
)
from simulgenvae.design.learning_curve.presentation import curve_figure
from simulgenvae.design.learning_curve.result import (
    ExpectedError,
    Law,
    LearningCurve,
    MethodCurve,
    RunsForTarget,
)
from simulgenvae.design.learning_curve.store import Basis, read_points, write
from simulgenvae.errors import UserError
from simulgenvae.evaluation.figures.style import png
from simulgenvae.utils.atomic import atomic_write
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.settings import Settings, StudyFolder

logger = logging.getLogger(__name__)

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Fractions of the training runs that are trained on, where none are given."""
MULTIPLES = (2, 4)
"""Multiples of the training runs that the error is extrapolated to."""


def learning_curve(
    dataset: Dataset,
    split: Split,
    settings: Settings,
    study: StudyFolder,
    *,
    shares: Sequence[float] = SHARES,
    repeats: int = 1,
    seed: int = 0,
    target: float | None = None,
) -> LearningCurve:
    """Measure a learning curve, and write ``output/learning_curve.json`` and ``.png``.

    The error of the surrogate and of POD+GPR, trained on nested random parts of the training runs,
    is measured on the test runs (validation runs where there are none). Points that an earlier call
    finished on the same data, split and settings are not trained again. The study's own model is
    neither read nor written.

    Parameters
    ----------
    dataset, split, settings, study
        The study.
    shares
        Fractions of the training runs, in (0, 1].
    repeats
        Trainings for each fraction, each with another random order of the runs and other initial
        weights.
    seed
        Seed of the orders.
    target
        Joint relative error whose number of training runs is wanted.

    Raises
    ------
    UserError
        Where there are no runs to measure on or too few training runs, where a training fails, and
        for a file that is no learning curve.
    """
    # Test runs where there are any: validation runs have chosen the weights of the networks.
    measured_on: Literal["test", "validation"] = "test" if split.test else "validation"
    measured = split.test or split.validation
    if not measured:
        raise UserError(
            "The study has neither test nor validation runs to measure on: set "
            "data.test_fraction above 0."
        )
    counts = sizes(len(split.train), shares)
    wanted = [(runs, repeat, seed) for repeat, runs in product(range(repeats), counts)]
    basis = Basis.of(dataset, split, settings, measured)
    kept, outdated = read_points(study.learning_curve_file, basis)
    if outdated:
        logger.info(
            "%s is of other data or settings: all points are trained again.",
            study.learning_curve_file,
        )
    points = _measure_all(Measure(dataset, split, settings, measured), wanted, kept, basis, study)
    found = summarise([points[key] for key in wanted], measured_on, len(split.train), target)
    write(study.learning_curve_file, basis, list(points.values()), found)
    with atomic_write(study.learning_curve_figure) as temporary:
        temporary.write_bytes(png(curve_figure(found)))
    return found


def _measure_all(
    measure: Measure,
    wanted: Sequence[tuple[int, int, int]],
    kept: Sequence[Point],
    basis: Basis,
    study: StudyFolder,
) -> dict[tuple[int, int, int], Point]:
    """Return all points by runs, repeat and seed, measuring those that are not kept."""
    points = {(point.runs, point.repeat, point.seed): point for point in kept}
    for number, key in enumerate(wanted, start=1):
        title = f"[{number} of {len(wanted)}] {key[0]} training runs" + (
            f", repeat {key[1] + 1}" if key[1] else ""
        )
        if key in points:
            logger.info("%s: finished before", title)
            continue
        logger.info("%s ...", title)
        try:
            points[key] = measure(*key)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "Stopped; finished points are kept. The same command continues."
            ) from None
        # After every training, so that an interruption costs one training at most.
        write(study.learning_curve_file, basis, list(points.values()))
        mean = {method: _defined([points[key]], method).mean() for method in METHODS}
        errors = percent(mean["prediction"]), percent(mean["pod_gpr"])
        logger.info("%s: %s, POD + GPR %s", title, *errors)
    return points


def summarise(
    points: Sequence[Point],
    measured_on: Literal["test", "validation"],
    training_runs: int,
    target: float | None,
) -> LearningCurve:
    """Return what follows from the points of a learning curve."""
    runs = np.array([point.runs for point in points], dtype=np.float64)
    methods = {}
    for method in METHODS:
        methods[method] = _method_curve(runs, _defined(points, method), training_runs, target)
    return LearningCurve(
        measured_on=measured_on,
        measured_runs=len(points[0].errors["prediction"]),
        training_runs=training_runs,
        target=target,
        methods=methods,
    )


def _defined(points: Sequence[Point], method: Method) -> NDArray[np.float64]:
    """Return the errors ``[points, R]`` of the R measured runs that have one in every point."""
    errors = np.array([point.errors[method] for point in points], dtype=np.float64)
    return errors[:, np.isfinite(errors).all(axis=0)]


def _method_curve(
    runs: NDArray[np.float64], errors: NDArray[np.float64], training_runs: int, target: float | None
) -> MethodCurve:
    """Return the learning curve of one method from its errors ``[points, R]``."""
    means = errors.mean(axis=1) if errors.size else np.full(len(runs), np.nan)
    measured = MethodCurve(
        runs=runs.astype(int).tolist(),
        relative_l2=[float(mean) if np.isfinite(mean) else None for mean in means],
        counted_runs=errors.shape[1],
        law=None,
    )
    found = extrapolate(runs, errors)
    if found is None:
        return measured
    law = found.law
    # Evenly spaced for a logarithmic axis.
    grid = np.unique(np.geomspace(runs.min(), max(MULTIPLES) * training_runs, 60).round()).tolist()
    return measured.model_copy(
        update={
            "law": Law(
                form="a + b n^-c" if found.with_floor else "b n^-c",
                a=law.floor,
                b=law.part * law.runs**law.exponent,
                c=law.exponent,
                spare_points=found.spare_points,
            ),
            "curve": [_expected(found, n) for n in grid],
            "expected": [_expected(found, factor * training_runs) for factor in MULTIPLES],
            "runs_for_target": (
                None if target is None else _needed(found.runs_for(target), found.most_runs)
            ),
        }
    )


def _expected(found: Extrapolation, runs: float) -> ExpectedError:
    error = found.error(runs)
    return ExpectedError(
        runs=int(runs), relative_l2=error.value, lower=error.lower, upper=error.upper
    )


def _needed(runs: Interval, most_runs: int) -> RunsForTarget:
    """Return whole numbers of runs, None where they are out of reach."""
    whole = [math.ceil(bound) if math.isfinite(bound) else None for bound in runs]
    return RunsForTarget(
        value=whole[0], lower=whole[1], upper=whole[2], farthest=round(FARTHEST * most_runs)
    )
