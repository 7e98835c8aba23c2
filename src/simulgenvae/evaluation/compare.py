"""Errors of the surrogate and of every reference on every split, streamed over the runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.baselines import BASELINES, Baseline, BaselineSpec
from simulgenvae.baselines.image_features import Features
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.physics import PhysicsChecks
from simulgenvae.evaluation.analyses.uncertainty import SAMPLES, UNSEEN, UncertaintyErrors
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.evaluation.presentation import compared_split
from simulgenvae.utils.resources import available_memory

if TYPE_CHECKING:
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

_BATCH_BYTES = 2**28  # predicted fields held at once
_TIMED_SINGLE = 5

Advance = Callable[[str], None]


@dataclass
class Comparison:
    """What :func:`compare` found; the inner dictionaries have an entry for every split that has
    runs."""

    scale: VariableScale
    """Of the variables in the training runs."""
    physics: PhysicsChecks
    """Of the runs that nothing has seen."""
    errors: dict[str, dict[str, FieldErrors]] = field(default_factory=dict)
    """By method: prediction, networks and gaussian_processes alone, reconstruction,
    projection_floor and the references."""
    stages: dict[str, dict[str, FieldErrors]] = field(default_factory=dict)
    """By training stage: reconstruction after ``vae``, prediction after every other."""
    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    uncertainty: dict[str, UncertaintyErrors] = field(default_factory=dict)
    """Of the validation and the test runs."""


def steps(rows: dict[str, NDArray[np.intp]]) -> int:
    """How often :func:`compare` calls ``advance``, on this rank."""
    own = {split: len(collectives.local_rows(chosen)) for split, chosen in rows.items()}
    return own["train"] + len(BASELINES) + sum(own.values())


def compare(
    dataset: Dataset,
    surrogate: Surrogate,
    stages: dict[str, Surrogate],
    rows: dict[str, NDArray[np.intp]],
    checks: Sequence[str],
    advance: Advance,
) -> Comparison:
    """Evaluate on ``rows`` of the data set (keys train, validation, test); references learn from
    ``rows["train"]``.

    ``stages`` holds the surrogate as it was after earlier training stages; ``checks`` are users'
    physics checks, as ``name: expression``. ``advance`` is called with a description after every
    run read and every reference fitted. Memory holds a batch of predictions and the coefficients of
    the training runs; where those do not fit, the references are left out and ``notes`` says so.
    Ranks share the runs, and all return what all have found.
    """
    scale, coefficients = _training_pass(dataset, surrogate, rows["train"], advance)
    physics = PhysicsChecks(
        dataset.variables, dataset.times, dataset.mesh, dataset.shape[2], scale, checks
    )
    found, unseen = Comparison(scale, physics), compared_split(rows)
    found.uncertainty = {split: UncertaintyErrors(scale) for split in UNSEEN if len(rows[split])}
    if coefficients is None:
        found.notes.append(_left_out(dataset, surrogate, rows["train"]))
    features = Features.fit(dataset.conditions.select(rows["train"]), surrogate.condition_scaler)
    references: dict[str, Baseline] = {}
    if coefficients is not None:
        references, found.references = _fitted(
            dataset, features, rows["train"], coefficients, advance
        )
    predicting = 0.0
    for split, chosen in rows.items():
        for batch in _batches(dataset, collectives.local_rows(chosen)):
            conditions = dataset.conditions.select(batch)
            start = time.perf_counter()
            predictions = surrogate.predict(conditions)["fields"].to_numpy()
            predicting += time.perf_counter() - start
            parts = _parts(surrogate, conditions)
            x = features.transform(conditions)
            answers = {name: reference.predict(x) for name, reference in references.items()}
            staged = {
                name: stages[name].predict(conditions)["fields"].to_numpy()
                for name in stages
                if name != "vae"
            }
            for i, row in enumerate(batch):
                truth = dataset.run(int(row))
                count = partial(
                    _count, truth=truth, split=split, scale=scale, variables=dataset.variables
                )
                count(found.errors, "prediction", predictions[i])
                for name, part in parts.items():
                    count(
                        found.errors,
                        name,
                        predictions[i] if part is None else surrogate.reduction.decode(part[i]),
                    )
                count(found.errors, "reconstruction", surrogate.reconstruct(truth))
                count(
                    found.errors,
                    "projection_floor",
                    surrogate.reduction.decode(surrogate.reduction.encode(truth)),
                )
                for name, answer in answers.items():
                    count(found.errors, name, surrogate.reduction.decode(answer[i]))
                if "vae" in stages:
                    count(found.stages, "vae", stages["vae"].reconstruct(truth))
                for name, prediction in staged.items():
                    count(found.stages, name, prediction[i])
                if split == unseen:
                    physics.add(dataset.ids[row], predictions[i], truth)
                _count_uncertainty(found, surrogate, conditions.select([i]), split, truth)
                advance(f"Evaluating {split} runs")
    predicted = sum(len(collectives.local_rows(chosen)) for chosen in rows.values())
    found.timing = {
        "seconds_per_run_in_batches": predicting / max(1, predicted),
        "seconds_for_one_run": _single_prediction(
            dataset, surrogate, next(r for r in rows.values() if len(r))
        ),
    }
    return _of_all_ranks(found)


def _parts(surrogate: Surrogate, conditions: Conditions) -> dict[str, NDArray[np.float32] | None]:
    """Coefficients ``[n, T, r]`` of what predictions combine, each alone; None for networks that
    predict alone."""
    ensemble = surrogate.ensemble
    if ensemble is None or ensemble.pod_gp is None:
        return {"networks": None}
    answers = ensemble.predict_separately(conditions, surrogate.times)
    networks = None if ensemble.gp_weight == 0 else answers.networks
    return {"networks": networks, "gaussian_processes": answers.gaussian_processes}


def _of_all_ranks(found: Comparison) -> Comparison:
    """What all ranks have counted, in the order of their runs; ``timing`` and ``scale`` are this
    rank's."""
    shares = collectives.all_gather(
        (found.errors, found.stages, found.uncertainty, found.physics.series, found.notes)
    )
    errors, stages, uncertainty, series, notes = shares[0]
    for more_errors, more_stages, more_uncertainty, more_series, more_notes in shares[1:]:
        for methods, more in ((errors, more_errors), (stages, more_stages)):
            for name, by_split in more.items():
                _merge(methods.setdefault(name, {}), by_split)
        uncertainty = {
            split: counted for split, counted in uncertainty.items() if split in more_uncertainty
        }
        for split, counted in uncertainty.items():
            counted.merge(more_uncertainty[split])
        series |= more_series
        notes += [note for note in more_notes if note not in notes]
    found.errors, found.stages, found.uncertainty, found.notes = errors, stages, uncertainty, notes
    found.physics.series = series
    return found


def _merge(into: dict[str, FieldErrors], more: dict[str, FieldErrors]) -> None:
    for split, errors in more.items():
        if split in into:
            into[split].merge(errors)
        else:
            into[split] = errors


def _count(
    into: dict[str, dict[str, FieldErrors]],
    name: str,
    answer: NDArray[np.float32],
    *,
    truth: NDArray[np.float32],
    split: str,
    scale: VariableScale,
    variables: tuple[str, ...],
) -> None:
    by_split = into.setdefault(name, {})
    if split not in by_split:
        by_split[split] = FieldErrors(variables, scale)
    by_split[split].add(answer, truth)


def _count_uncertainty(
    found: Comparison,
    surrogate: Surrogate,
    conditions: Conditions,
    split: str,
    truth: NDArray[np.float32],
) -> None:
    """Count one run, where its split still takes part; one that needs too much memory ends that."""
    if split not in found.uncertainty:
        return
    try:
        prediction = surrogate.predict(conditions, samples=SAMPLES)
    except UserError as error:
        del found.uncertainty[split]
        found.notes.append(f"The uncertainty of {split} runs is left out: {error}")
    else:
        found.uncertainty[split].add(prediction, 0, truth)


def _training_pass(
    dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp], advance: Advance
) -> tuple[VariableScale, NDArray[np.float32] | None]:
    """Means and spreads of the variables, and coefficients ``[n, T, r]`` if they fit into half of
    the free memory."""
    own = collectives.local_rows(rows)
    shape = (len(own), dataset.shape[1], surrogate.reduction.rank)
    fits = all(
        collectives.all_gather(
            _coefficient_bytes(dataset, surrogate, rows) <= available_memory() / 2
        )
    )
    coefficients = np.empty(shape, dtype=np.float32) if fits else None

    def runs() -> Iterator[NDArray[np.float32]]:
        for i, row in enumerate(own):
            run = dataset.run(int(row))
            if coefficients is not None:
                coefficients[i] = surrogate.reduction.encode(run)
            advance("Reading training runs")
            yield run

    scale = VariableScale.fit_shared(runs())
    return scale, coefficients if coefficients is None else np.concatenate(
        collectives.all_gather(coefficients)
    )


def _coefficient_bytes(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> int:
    return 4 * len(rows) * dataset.shape[1] * surrogate.reduction.rank


def _left_out(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> str:
    needed, free = _coefficient_bytes(dataset, surrogate, rows), available_memory()
    return (
        f"The references were left out: the coefficients of {len(rows)} training runs need "
        f"{needed / 1e9:.1f} GB, {free / 1e9:.1f} GB of memory are free, and half of that may be "
        "used."
    )


def _fitted(
    dataset: Dataset,
    features: Features,
    rows: NDArray[np.intp],
    coefficients: NDArray[np.float32],
    advance: Advance,
) -> tuple[dict[str, Baseline], dict[str, dict[str, Any]]]:
    """The references, each fitted by the first rank for all, and what is to be said of them by
    name."""
    x = features.transform(dataset.conditions.select(rows))

    def fit(spec: BaselineSpec) -> tuple[Baseline, dict[str, Any]]:
        reference, start = spec.baseline(), time.perf_counter()
        reference.fit(x, coefficients, features.components)
        return reference, {**reference.describe(), "fit_seconds": time.perf_counter() - start}

    fitted, described = {}, {}
    for name, spec in BASELINES.items():
        fitted[name], described[name] = collectives.run_on_rank0(partial(fit, spec))
        advance("Fitting references")
    return fitted, described


def _batches(dataset: Dataset, rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    size = max(1, min(64, _BATCH_BYTES // (4 * int(np.prod(dataset.shape[1:], dtype=np.int64)))))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _single_prediction(dataset: Dataset, surrogate: Surrogate, rows: NDArray[np.intp]) -> float:
    """Median time in seconds of predicting one run alone, as a user does for one new design."""
    seconds = []
    for row in rows[:_TIMED_SINGLE]:
        conditions = dataset.conditions.select([int(row)])
        start = time.perf_counter()
        surrogate.predict(conditions)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))
