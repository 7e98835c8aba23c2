"""Sensitivity of the prediction to each of the conditions.

*Sobol indices* say which inputs move the prediction over the trained range
(:mod:`simulgenvae.evaluation.analyses.sobol`). *Permutation sensitivity* says how much the error
on unseen runs grows when one input is exchanged among the runs
(:mod:`simulgenvae.evaluation.analyses.permutation`).

Both predict coarse fields, of a few timesteps and nodes, and take at most about a thousand
predictions each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.permutation import input_names, permutation
from simulgenvae.evaluation.analyses.sobol import (
    BUDGET,
    Predict,
    QuantityOutputs,
    sobol,
    without_quantities,
)
from simulgenvae.evaluation.results.sensitivity import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.evaluation.metrics import VariableScale
    from simulgenvae.surrogate.quantities import QuantityPredictor
    from simulgenvae.surrogate.surrogate import Surrogate

_TIMES = 8
_COARSE_VALUES = 20_000
"""Values of a coarse field."""
_FIELD_VALUES = 2**32
"""Values that all predictions of one analysis may have before they are thinned: what takes tens of
seconds to decode."""
_BATCH_BYTES = 2**27
_MOST_MESHES = 256
"""Designs with meshes of their own of which quantities are predicted: where they share a grid of
60,000 nodes, each takes 0.15 s."""
_MAX_RUNS = 64
"""Runs whose inputs are exchanged."""


@dataclass(frozen=True, eq=False)
class CoarseFields:
    """A few timesteps and nodes of the fields, and how to predict them there."""

    steps: NDArray[np.intp]
    nodes: NDArray[np.intp]
    predict: Predict
    budget: int
    """Number of predictions that an analysis may make."""

    @classmethod
    def of(
        cls,
        surrogate: Surrogate,
        shape: tuple[int, int, int],
        budget: int = BUDGET,
        inside: NDArray[np.bool_] | None = None,
    ) -> CoarseFields:
        """Return timesteps and nodes of fields of the ``shape`` T, M, V.

        The budget is cut where whole fields are very large. Only nodes ``inside`` are taken, `[M]`;
        all by default.
        """
        timesteps, nodes, variables = shape
        steps = _evenly(timesteps, _TIMES)
        # A decoder that is continuous in time decodes the few timesteps only; another one must
        # decode all of them.
        continuous = surrogate.networks.vae.decoder.continuous_in_time
        decoded = len(steps) if continuous else timesteps
        # Fewer nodes for more timesteps and variables: the number of values, which memory holds for
        # every design, stays the same.
        usable = np.arange(nodes) if inside is None else np.flatnonzero(inside)
        chosen = usable[_evenly(len(usable), max(1, _COARSE_VALUES // (len(steps) * variables)))]
        assert surrogate.ensemble is not None, "a surrogate without it is not evaluated"
        # Without its calibration it computes no expected errors, which for a single network take
        # as long as a dozen predictions.
        plain = replace(surrogate, ensemble=replace(surrogate.ensemble, calibration=None))

        def predict(conditions: Conditions) -> NDArray[np.float32]:
            parts = []
            for batch in _batches(len(conditions), 4 * decoded * nodes * variables):
                some = conditions.select(batch)
                times = surrogate.times[steps] if continuous else None
                fields = plain.predict(some, times=times)["fields"].to_numpy()
                parts.append(fields[:, slice(None) if continuous else steps][:, :, chosen])
            return np.concatenate(parts)

        # Decoding makes whole fields even if few nodes are kept, so its time depends on all nodes.
        affordable = _FIELD_VALUES // (decoded * nodes * variables)
        return cls(steps, chosen, predict, min(budget, affordable))


def sensitivity(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: dict[str, NDArray[np.intp]],
    split: str,
    scale: VariableScale,
    *,
    quantities: QuantityPredictor | None = None,
    seed: int = 0,
) -> Sensitivity:
    """Return Sobol indices and permutation sensitivity.

    An analysis is None where it cannot be made; ``notes`` then say why.

    Parameters
    ----------
    surrogate, dataset
        What predicts, and the runs.
    rows
        Rows of the data set by split.
    split
        Split whose inputs are exchanged.
    scale
        Mean and spread of the variables in the training runs.
    quantities
        Quantities of interest that have Sobol indices of their own.
    seed
        Seed of the designs and of the exchange.
    """
    timesteps, nodes, variables = dataset.shape[1:]
    notes: list[str] = []
    share = dataset.inside_share(rows["train"])
    inside = None if share is None else share == share.max()
    if inside is not None and not inside.all():
        notes.append(
            "Fields are those at the nodes of the common mesh that are inside of the most "
            f"geometries: {np.count_nonzero(inside)} of {len(inside)}."
        )
    coarse = CoarseFields.of(surrogate, (timesteps, nodes, variables), inside=inside)
    training = dataset.conditions.select(rows["train"])
    exchanged = rows[split][:_MAX_RUNS]
    # Runs are read one after the other, and only the coarse part of each is kept.
    truth = np.stack([dataset.run(int(row))[coarse.steps][:, coarse.nodes] for row in exchanged])
    indices = sobol(
        coarse.predict,
        surrogate.condition_scaler,
        training.images,
        dataset.variables,
        notes,
        quantities=None if quantities is None else _outputs_of(quantities, scale, notes),
        budget=coarse.budget,
        seed=seed,
    )
    permuted = permutation(
        coarse.predict,
        dataset.conditions.select(exchanged),
        truth,
        scale,
        notes,
        budget=coarse.budget,
        seed=seed,
    )
    return Sensitivity(
        inputs=tuple(input_names(training)),
        times=len(coarse.steps),
        nodes=len(coarse.nodes),
        sobol=indices,
        permutation=permuted,
        split=split,
        notes=tuple(notes),
    )


def _outputs_of(
    quantities: QuantityPredictor, scale: VariableScale, notes: list[str]
) -> QuantityOutputs | None:
    """Return the quantities whose indices are wanted; None, with a note, where there are none."""
    shapes = quantities.parts.shapes
    mean_shape = None if shapes is None else shapes.placement(np.zeros(shapes.modes.count))
    try:
        group = quantities.on_mesh(mean_shape).group
    except UserError as error:
        notes.append(without_quantities(error))
        return None
    # Whole fields at the nodes and times that the quantities need.
    shape = (len(group.rows), len(group.nodes), len(group.columns))
    sizes = (np.abs(scale.mean) + scale.spread)[group.columns]
    affordable = _FIELD_VALUES // math.prod(shape)
    return QuantityOutputs(
        tuple(each.name for each in group.quantities),
        quantities.of_fields,
        np.abs(group.of_part(np.broadcast_to(sizes, shape)).values),
        affordable if shapes is None else min(affordable, _MOST_MESHES),
    )


def _evenly(count: int, most: int) -> NDArray[np.intp]:
    """Return at most ``most`` of ``count`` indices, evenly, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _batches(count: int, size: int) -> Iterator[range]:
    """Yield designs to predict together, where each field has ``size`` bytes."""
    most = max(1, min(64, _BATCH_BYTES // size))
    for start in range(0, count, most):
        yield range(start, min(start + most, count))
