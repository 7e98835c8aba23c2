"""Result of an evaluation, put together from what its parts found.

Tested in tests/evaluation/test_evaluate.py.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae import __version__
from simulgenvae.baselines import BASELINES
from simulgenvae.evaluation.analyses import uncertainty
from simulgenvae.evaluation.compare.predicted_batch import reconstructed_runs
from simulgenvae.evaluation.results import (
    SPLITS,
    Combination,
    DataSummary,
    EvaluationResult,
    OverRuns,
    RunError,
    SplitErrors,
    SplitIds,
)
from simulgenvae.evaluation.results.errors import StageErrors
from simulgenvae.evaluation.results.result import BestBaseline
from simulgenvae.evaluation.results.study import (
    ImageSummary,
    Timing,
    TrainedRange,
    TrainedValues,
    compared_split,
)
from simulgenvae.evaluation.verdict import Verdict, ratio
from simulgenvae.training.stages import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.compare import Comparison
    from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
    from simulgenvae.evaluation.results.base import Number
    from simulgenvae.evaluation.results.latents import LatentResults
    from simulgenvae.evaluation.results.sensitivity import Sensitivity
    from simulgenvae.settings import EvaluationSettings
    from simulgenvae.surrogate.surrogate import Surrogate

_WORST = 5
"""Number of runs with the largest errors that a result names."""


def stage_names(surrogate: Surrogate) -> list[str]:
    """Return the stages that were run.

    Only registered stages count: a model file can hold any text, which must not become the name of
    a file.
    """
    return [name for name in STAGES if name in surrogate.info.stages]


def typical(counted: FieldErrors) -> int:
    """Return the number of the run with the median joint error, in the order of counting."""
    # Undefined errors count as the largest, so that they never are the typical run.
    errors = np.nan_to_num(counted.joint, nan=np.inf)
    # The lower of the two middle runs if their number is even: a run must be shown, not a mean.
    return int(np.argsort(errors)[(len(errors) - 1) // 2])


def worst(counted: FieldErrors) -> int:
    """Return the number of the run with the largest joint error, an undefined one first."""
    return int(np.argmax(np.nan_to_num(counted.joint, nan=np.inf)))


def assemble(
    dataset: Dataset,
    surrogate: Surrogate,
    evaluation: EvaluationSettings,
    comparison: Comparison,
    latents: LatentResults,
    sensitivity: Sensitivity,
    *,
    name: str,
    seconds_for_one_run: float,
) -> EvaluationResult:
    """Return the result of an evaluation of the study ``name``, without figures."""
    ensemble = surrogate.ensemble
    assert ensemble is not None, "a surrogate without it is not evaluated"
    split = SplitIds(
        train=surrogate.split.train,
        validation=surrogate.split.validation,
        test=surrogate.split.test,
    )
    ids = {part: split.ids(part) for part in SPLITS}
    # Sums and lists become results only here, when all ranks have been gathered.
    errors: dict[str, dict[str, SplitErrors]] = {}
    for method, by_split in comparison.errors.items():
        errors[method] = {}
        for part, found in by_split.items():
            runs = ids[part]
            if method == "reconstruction":
                runs = tuple(runs[position] for position in reconstructed_runs(part, len(runs)))
            errors[method][part] = found.summary(runs)
    compared = compared_split(ids)
    per_run = {part: found.per_run for part, found in errors["prediction"].items()}
    shown = typical(comparison.errors["prediction"][compared])
    result = EvaluationResult(
        data=_data(dataset),
        split=split,
        errors=errors,
        compared_split=compared,
        best_baseline=_best_baseline(errors, compared),
        combination=Combination.of(ensemble, surrogate.settings),
        stages=_stages(stage_names(surrogate), comparison),
        worst_runs={part: _worst_runs(found) for part, found in per_run.items()},
        baselines=comparison.baselines,
        uncertainty=uncertainty.summarize(comparison.uncertainty, ids, per_run, ensemble),
        physics=comparison.physics.summary(typical=ids[compared][shown]),
        quantities=comparison.quantities.summary(),
        sensitivity=sensitivity,
        latents=latents,
        trained_ranges=trained_ranges(surrogate.condition_scaler),
        timing=Timing(
            seconds_per_run_in_batches=comparison.seconds_per_run,
            seconds_for_one_run=seconds_for_one_run,
        ),
        notes=tuple(comparison.notes),
        settings=surrogate.settings.model_copy(update={"evaluation": evaluation}),
        training=surrogate.info,
        name=name,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        version=__version__,
        trained_values=_trained_values(dataset.variables, comparison.scale),
    )
    # The verdict reads the errors of the result, so its advice can only be added afterwards.
    notes = (*Verdict.of(result).notes(), *result.notes)
    return result.model_copy(update={"notes": notes})


def trained_ranges(scaler: ConditionScaler) -> dict[str, TrainedRange]:
    """Return the range of every parameter in the training runs."""
    ranges = {}
    for k, name in enumerate(scaler.names):
        ranges[name] = TrainedRange(
            lower=scaler.lower[k],
            upper=scaler.upper[k],
            logarithm=scaler.logarithm[k],
            levels=scaler.levels[k],
            linear_below=scaler.linear_below[k],
            unit=scaler.units[k],
        )
    return ranges


def _trained_values(variables: Sequence[str], scale: VariableScale) -> dict[str, TrainedValues]:
    if scale.range is None:
        return {}
    lowest, highest = scale.range.tolist()
    low = scale.peak_is_low.tolist()
    found = {}
    for v, name in enumerate(variables):
        found[name] = TrainedValues(lowest=lowest[v], highest=highest[v], peak_is_low=low[v])
    return found


def _data(dataset: Dataset) -> DataSummary:
    runs, timesteps, nodes, _ = dataset.shape
    images = dataset.conditions.image_format
    coords = dataset.mesh.coords
    return DataSummary(
        fingerprint=dataset.fingerprint,
        runs=runs,
        timesteps=timesteps,
        nodes=nodes,
        times=tuple(dataset.times.tolist()),
        variables=dataset.variables,
        units=dataset.units,
        parameters=dataset.conditions.names,
        time_unit=dataset.time_unit,
        length_unit=dataset.mesh.unit,
        parameter_units=dataset.conditions.units,
        left_out=tuple(map(str, dataset.conditions.left_out)),
        images=None if images is None else ImageSummary(**asdict(images)),
        extent=() if coords is None else tuple(np.ptp(coords, axis=0).tolist()),
    )


def _stages(names: list[str], comparison: Comparison) -> dict[str, StageErrors]:
    """Return the joint error after each training stage that is known.

    After the last stage it is that of all members, which the comparison has counted already.
    """
    found = dict(comparison.stages)
    if names:
        # There is no checkpoint to read for the last stage: its networks are the surrogate.
        found.setdefault(names[-1], comparison.errors["networks"])
    stages = {}
    for name in names:
        if name in found:
            measure = "reconstruction" if name == "vae" else "prediction of the networks"
            splits = {split: OverRuns.of(errors.joint) for split, errors in found[name].items()}
            stages[name] = StageErrors(measure=measure, splits=splits)
    return stages


def _best_baseline(
    errors: Mapping[str, Mapping[str, SplitErrors]], split: str
) -> BestBaseline | None:
    """Return the baseline with the least mean joint error on the split.

    Nothing is compared on training runs: the nearest run of a training run is itself.
    """
    means = {}
    for method, by_split in errors.items():
        means[method] = by_split[split].relative_l2.mean
    known = {}
    for name in BASELINES:
        # A baseline that was left out, or whose every error is undefined, is not compared.
        if (mean := means.get(name)) is not None:
            known[name] = mean
    if not known or split == "train":
        return None
    best = min(known, key=lambda name: known[name])
    return BestBaseline(
        name=best,
        relative_l2=known[best],
        prediction_ratio=ratio(means["prediction"], known[best]),
        networks_ratio=ratio(means.get("networks"), known[best]),
        gaussian_processes_ratio=ratio(means.get("gaussian_processes"), known[best]),
    )


def _worst_runs(per_run: Mapping[str, Number]) -> tuple[RunError, ...]:
    """Return the runs with the largest joint error, undefined ones first."""
    # False sorts before True: runs without an error come first.
    ranked = sorted(per_run.items(), key=lambda item: (item[1] is not None, -(item[1] or 0.0)))
    return tuple(RunError(id=run, relative_error=error) for run, error in ranked[:_WORST])
