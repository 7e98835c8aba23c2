"""Axes of symmetry that the training runs show, and the settings with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.data.symmetry import mirror_nodes
from simulgenvae.distributed import collectives
from simulgenvae.errors import UserError
from simulgenvae.training.symmetry.designs import MirroredDesigns
from simulgenvae.training.symmetry.evidence import MirrorEvidence, gather_evidence
from simulgenvae.training.symmetry.sample import FEWEST_RUNS, Sample
from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulgenvae.data.dataset import Dataset
    from simulgenvae.settings import Settings
    from simulgenvae.settings.training import Axis

_IMAGE_AXES: tuple[Axis, ...] = ("x", "y")
"""Along z, the direction of view, an image has no mirror image that runs could be learned from."""
_IMPROBABLE = 0.05
"""Probability below which runs contradict a symmetry."""
_IMPROBABLE_DESIGNS = 0.02
"""Probability below which the designs contradict it: only a clear asymmetry spoils the test."""
_LEAST_GAIN = 0.02
"""Fraction by which the error must be smaller with the symmetry."""
_CLEAR = 3.0
"""Least gain in units of its standard error."""
_CLEAR_FOR_VARIABLE = 2.0
"""Least gain of each single variable, in these units."""


@dataclass(frozen=True)
class Symmetry:
    """Settings with the axes of symmetry, and where these come from."""

    settings: Settings
    remarks: tuple[str, ...]
    """A line about each axis that was looked at."""

    def in_settings(self, settings: Settings) -> Settings:
        """Return other settings of the same study with these axes."""
        augmentation = self.settings.training.augmentation
        training = settings.training.model_copy(update={"augmentation": augmentation})
        return settings.model_copy(update={"training": training})


@dataclass(frozen=True)
class Verdict:
    """Decision about a mirror, and the reason in words."""

    taken: bool
    reason: str
    signs: tuple[int, ...] = ()
    gain: float = 0.0
    """Fraction by which the error is smaller with the symmetry."""


def find_symmetry(dataset: Dataset, train: NDArray[np.intp], settings: Settings) -> Symmetry:
    """Return the settings with the axes that ``training.augmentation.flips = "auto"`` stands for.

    An axis is taken where the training runs show the symmetry clearly, with or without a change of
    sign of each variable (``evidence.py``). The same runs give the same axes. All ranks call this
    function, and get what the first one finds.

    Parameters
    ----------
    dataset
        The runs; up to ``sample.MOST_RUNS`` of them are read.
    train
        Rows of the training runs.
    settings
        Settings of the study; their axes are kept where they name any or none.

    Raises
    ------
    UserError
        When a run cannot be read.
    """

    def find() -> tuple[tuple[Axis, ...], dict[Axis, tuple[str, ...]], tuple[str, ...]] | None:
        if settings.training.augmentation.flips != "auto":
            return None
        verdicts = judge_axes(dataset, train)
        axes = tuple(axis for axis, verdict in verdicts.items() if verdict.taken)
        odd = {axis: _odd(dataset.variables, verdicts[axis].signs) for axis in axes}
        remarks = tuple(_remark(axis, verdicts[axis], odd.get(axis, ())) for axis in verdicts)
        return axes, odd, remarks

    found = collectives.run_on_rank0(find)
    augmentation = settings.training.augmentation
    # Without images there is nothing to mirror, and nothing is changed.
    if augmentation.flips == "auto" and dataset.conditions.images is None:
        return Symmetry(settings, ())
    # Where only this rank's settings name axes, the comparison of ranks that follows says so.
    if found is None or augmentation.flips != "auto":
        declared = tuple(f"mirrored along {axis}: declared" for axis in augmentation.axes)
        return Symmetry(settings, declared)
    axes, odd, remarks = found
    augmentation = augmentation.mirrored(axes, odd)
    training = settings.training.model_copy(update={"augmentation": augmentation})
    return Symmetry(settings.model_copy(update={"training": training}), remarks)


def judge_axes(dataset: Dataset, train: NDArray[np.intp]) -> dict[Axis, Verdict]:
    """Return a verdict about each axis of the images; none without images or coordinates."""
    conditions = dataset.conditions
    coords = dataset.mesh.coords
    # Geometries of their own have no mirror images among the nodes that they share.
    if conditions.images is None or coords is None or dataset.common is not None:
        return {}
    if len(train) < FEWEST_RUNS:
        few = f"only {FEWEST_RUNS} training runs or more could show it"
        return dict.fromkeys(_IMAGE_AXES, Verdict(taken=False, reason=few))
    mirrors: dict[Axis, NDArray[np.intp]] = {}
    verdicts: dict[Axis, Verdict] = {}
    for axis in _IMAGE_AXES:
        try:
            mirrors[axis] = mirror_nodes(coords, axis)
        except UserError:
            verdicts[axis] = Verdict(taken=False, reason="the nodes are not symmetric")
    if not mirrors:
        return verdicts
    sample = Sample.read(dataset, train, mirrors)
    if not np.isfinite(sample.fields).all():
        unknown = Verdict(taken=False, reason="the runs have values that are not finite")
        return verdicts | dict.fromkeys(mirrors, unknown)
    scaler = ConditionScaler.fit(conditions.select(train))
    parameters = scaler.transform(conditions.select(sample.rows))
    judged = partial(_judge, dataset, sample, parameters)
    verdicts |= {axis: judged((axis,)) for axis in mirrors}
    taken = [axis for axis in _IMAGE_AXES if verdicts[axis].taken]
    if len(taken) == len(_IMAGE_AXES):
        # Two symmetries that are each broken too little to be seen may be seen together.
        both = judged(_IMAGE_AXES)
        signs = tuple(int(sign) for sign in np.prod([verdicts[a].signs for a in taken], axis=0))
        if not both.taken or both.signs != signs:
            worse = min(taken, key=lambda axis: verdicts[axis].gain)
            verdicts[worse] = Verdict(taken=False, reason=f"with the other axis too, {both.reason}")
    return {axis: verdicts[axis] for axis in _IMAGE_AXES}


def _judge(
    dataset: Dataset, sample: Sample, parameters: NDArray[np.float64], axes: tuple[Axis, ...]
) -> Verdict:
    """Return the verdict about one mirror; ``parameters`` are the sample's, scaled."""
    images = dataset.conditions.select(sample.rows).images
    assert images is not None, "only images are looked at"
    designs = MirroredDesigns.of(images, parameters, axes)
    parts = [sample.parts(axes, number) for number in range(len(dataset.variables))]
    return judge(gather_evidence(designs, parts), dataset.variables)


def judge(evidence: MirrorEvidence, variables: tuple[str, ...]) -> Verdict:
    """Return whether the evidence is clear enough for a mirror to be taken."""
    varying = {
        name: found
        for name, found in zip(variables, evidence.variables, strict=True)
        if found is not None
    }
    if not varying:
        return Verdict(taken=False, reason="nothing varies")
    without = np.mean([found.plain.errors for found in varying.values()], axis=0)
    mirrored = np.mean([found.mirrored.errors for found in varying.values()], axis=0)
    errors = [float(np.sqrt(each.sum())) for each in (without, mirrored)]
    gain = 1 - errors[1] / errors[0] if errors[0] > 0 else 0.0
    told = (
        f"predicted from all others, runs have an error of {percent(errors[1])} of their variation "
        f"with mirrored runs and {percent(errors[0])} without"
    )
    if gain < _LEAST_GAIN or _deviations(without - mirrored) < _CLEAR:
        return Verdict(taken=False, reason=told)
    for name, found in varying.items():
        helps = _deviations(found.plain.errors - found.mirrored.errors) > _CLEAR_FOR_VARIABLE
        if not helps or _deviations(found.other_sign - found.mirrored.errors) < _CLEAR:
            return Verdict(taken=False, reason=f"it is not clear for {name!r}; {told}")
    if evidence.designs < _IMPROBABLE_DESIGNS:
        return Verdict(
            taken=False,
            reason="the designs themselves are not symmetric, so that runs cannot show whether the "
            f"problem is (p = {evidence.designs:.2g}): declare it if it is",
        )
    chance = f"than by chance (p = {evidence.probability:.2g})"
    if evidence.probability < _IMPROBABLE:
        return Verdict(taken=False, reason=f"runs differ from mirrored ones more {chance}")
    reason = f"{told}, and they differ from mirrored ones no more {chance}"
    return Verdict(taken=True, reason=reason, signs=evidence.signs, gain=gain)


def _deviations(gains: NDArray[np.float64]) -> float:
    """Return the mean of runs' gains in units of its standard error."""
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    return float(gains.mean() / error) if error > 0 else 0.0


def _odd(variables: tuple[str, ...], signs: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(name for name, sign in zip(variables, signs, strict=True) if sign < 0)


def _remark(axis: Axis, verdict: Verdict, odd: tuple[str, ...]) -> str:
    """Return a line about an axis for the user."""
    if not verdict.taken:
        return f"not mirrored along {axis}: {verdict.reason}"
    changes = f", with the other sign for {', '.join(odd)}" if odd else ""
    return f"mirrored along {axis}{changes}, found from the training runs: {verdict.reason}"
