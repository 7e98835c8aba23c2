"""``simulgenvae learning-curve``: train on growing parts of the training runs, measure,
extrapolate."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.split import Split
from simulgenvae.design.learning_curve.points import METHODS, Measure, Method, Point, sizes
from simulgenvae.design.learning_curve.power_law import (
    FARTHEST,
    Extrapolation,
    Interval,
    extrapolate,
)
from simulgenvae.design.learning_curve.presentation import curve_figure
from simulgenvae.design.learning_curve.store import basis, read_points, write
from simulgenvae.errors import UserError
from simulgenvae.evaluation.presentation import percent, png
from simulgenvae.settings import Settings, StudyFolder
from simulgenvae.utils.atomic import atomic_write

logger = logging.getLogger(__name__)

SHARES = (0.25, 0.5, 0.75, 1.0)
MULTIPLES = (2, 4)
"""The error is extrapolated to so many times the training runs."""


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
) -> dict[str, Any]:
    """Write ``output/learning_curve.json`` and ``.png``; return what was found, without the single
    points.

    The error of the surrogate and of POD+GPR, trained on nested random parts of the training runs,
    is measured on the test runs (validation runs where there are none). Points that an earlier call
    finished on the same data, split and settings are not trained again. The study's own model is
    neither read nor written.

    Parameters
    ----------
    shares
        Parts of the training runs, in (0, 1].
    repeats
        Trainings for each share, each with another random order of the runs and other initial
        weights.
    seed
        Seed of the orders.
    target
        Joint relative error to say the necessary number of runs for.

    Raises
    ------
    UserError
        No runs to measure on, too few training runs, a training that fails, a file that is no
        learning curve.
    """
    measured_on = next((name for name in ("test", "validation") if getattr(split, name)), None)
    if measured_on is None:
        raise UserError(
            "The study has neither test nor validation runs to measure on: set "
            "data.test_fraction above 0."
        )
    measured = getattr(split, measured_on)
    wanted = [
        (runs, repeat, seed)
        for repeat in range(repeats)
        for runs in sizes(len(split.train), shares)
    ]
    common = basis(dataset, split, settings, measured)
    kept, outdated = read_points(study.learning_curve_file, common)
    if outdated:
        logger.info(
            "%s is of other data or settings: all points are trained again.",
            study.learning_curve_file,
        )
    points = _measure_all(Measure(dataset, split, settings, measured), wanted, kept, common, study)
    found = summarise([points[key] for key in wanted], measured_on, len(split.train), target)
    write(study.learning_curve_file, common, list(points.values()), found)
    with atomic_write(study.learning_curve_figure) as temporary:
        temporary.write_bytes(png(curve_figure(found)))
    return found


def _measure_all(
    measure: Measure,
    wanted: Sequence[tuple[int, int, int]],
    kept: Sequence[Point],
    common: dict[str, Any],
    study: StudyFolder,
) -> dict[tuple[int, int, int], Point]:
    """All points by runs, repeat and seed; the file is written after every training."""
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
                "Stopped; finished points are kept. The same command goes on."
            ) from None
        write(study.learning_curve_file, common, list(points.values()), {})
        mean = {method: _defined([points[key]], method).mean() for method in METHODS}
        errors = percent(mean["prediction"]), percent(mean["pod_gpr"])
        logger.info("%s: %s, POD + GPR %s", title, *errors)
    return points


def summarise(
    points: Sequence[Point], measured_on: str, training_runs: int, target: float | None
) -> dict[str, Any]:
    """What ``learning_curve.json`` says of the points, ready for JSON; None stands for infinity and
    for no number."""
    runs = np.array([point.runs for point in points], dtype=np.float64)
    return {
        "measured_on": measured_on,
        "measured_runs": len(points[0].errors["prediction"]),
        "training_runs": training_runs,
        "target": target,
        "methods": {
            method: _summary(runs, _defined(points, method), training_runs, target)
            for method in METHODS
        },
    }


def _defined(points: Sequence[Point], method: Method) -> NDArray[np.float64]:
    """Errors ``[points, R]`` of the R measured runs that have one in every point."""
    errors = np.array([point.errors[method] for point in points], dtype=np.float64)
    return errors[:, np.isfinite(errors).all(axis=0)]


def _summary(
    runs: NDArray[np.float64], errors: NDArray[np.float64], training_runs: int, target: float | None
) -> dict[str, Any]:
    means = errors.mean(axis=1) if errors.size else np.full(len(runs), np.nan)
    summary: dict[str, Any] = {
        "runs": runs.astype(int).tolist(),
        "relative_l2": [float(mean) if np.isfinite(mean) else None for mean in means],
        "counted_runs": errors.shape[1],
        "law": None,
    }
    found = extrapolate(runs, errors)
    if found is None:
        return summary
    law = found.law
    summary["law"] = {
        "form": "a + b n^-c" if found.with_floor else "b n^-c",
        "a": law.floor,
        "b": law.part * law.runs**law.exponent,
        "c": law.exponent,
        "spare_points": found.spare_points,
    }
    grid = np.unique(np.geomspace(runs.min(), max(MULTIPLES) * training_runs, 60).round()).tolist()
    summary["curve"] = [_expected(found, n) for n in grid]
    summary["expected"] = [_expected(found, multiple * training_runs) for multiple in MULTIPLES]
    summary["runs_for_target"] = (
        None if target is None else _needed(found.runs_for(target), found.most_runs)
    )
    return summary


def _expected(found: Extrapolation, runs: float) -> dict[str, float]:
    error = found.error(runs)
    return {
        "runs": int(runs),
        "relative_l2": error.value,
        "lower": error.lower,
        "upper": error.upper,
    }


def _needed(runs: Interval, most_runs: int) -> dict[str, Any]:
    """Whole numbers of runs, None for what is out of reach; ``farthest`` is how far the curve is
    followed."""
    whole = {
        name: math.ceil(value) if math.isfinite(value) else None
        for name, value in runs._asdict().items()
    }
    return {**whole, "farthest": round(FARTHEST * most_runs)}
