"""Conditioning effectiveness: does the surrogate listen to its conditions, and to which?

*Sobol indices* say which inputs move the prediction over the trained range
(:mod:`simulgenvae.evaluation.analyses.sobol`).

*Permutation sensitivity* (Breiman 2001) is how much the error on unseen runs grows when one input
is exchanged among the runs. Inputs are shifted cyclically in a random order, so that no run keeps
its own.

Both look at a coarse field, a few times and nodes, and take at most about a thousand predictions
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulgenvae.data.conditions import Conditions
from simulgenvae.evaluation.analyses.sobol import BUDGET, Predict, sobol
from simulgenvae.evaluation.metrics import VariableScale, over_runs, relative_l2

if TYPE_CHECKING:
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.surrogate.surrogate import Surrogate

PICTURE = "picture"
"""The name that the picture of a design has among the inputs, unless a parameter is called so."""

_TIMES, _COARSE_VALUES = 8, 20_000
_FIELD_VALUES = (
    2**32
)  # values that all predictions of one analysis may have, before they are thinned: tens of seconds
_BATCH_BYTES = 2**27
_SHIFTS, _RUNS = 5, 64


@dataclass(frozen=True, eq=False)
class CoarseView:
    """A few timesteps and nodes of the fields, and how to predict them there."""

    steps: NDArray[np.intp]
    nodes: NDArray[np.intp]
    predict: Predict
    budget: int

    @classmethod
    def of(
        cls, surrogate: Surrogate, shape: tuple[int, int, int], budget: int = BUDGET
    ) -> CoarseView:
        """Of fields of the ``shape`` T, M, V; the budget is cut where whole fields are very
        large."""
        timesteps, nodes, variables = shape
        steps = _spread(timesteps, _TIMES)
        continuous = surrogate.networks.vae.decoder.continuous_in_time
        decoded = len(steps) if continuous else timesteps
        chosen = _spread(nodes, max(1, _COARSE_VALUES // (len(steps) * variables)))
        # Without its calibration it expects no errors, which of one network take as long as a dozen
        # predictions.
        assert surrogate.ensemble is not None, "what is evaluated predicts"
        plain = replace(surrogate, ensemble=replace(surrogate.ensemble, calibration=None))

        def predict(conditions: Conditions) -> NDArray[np.float32]:
            parts = []
            for batch in _batches(len(conditions), 4 * decoded * nodes * variables):
                some = conditions.select(batch)
                times = surrogate.times[steps] if continuous else None
                fields = plain.predict(some, times=times)["fields"].to_numpy()
                parts.append(fields[:, slice(None) if continuous else steps][:, :, chosen])
            return np.concatenate(parts)

        return cls(
            steps, chosen, predict, min(budget, _FIELD_VALUES // (decoded * nodes * variables))
        )


def conditioning(
    surrogate: Surrogate,
    dataset: Dataset,
    rows: dict[str, NDArray[np.intp]],
    split: str,
    scale: VariableScale,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Both analyses, ready for JSON: permutation on the runs ``rows[split]``; scale: of the
    training runs.

    ``sobol`` and ``permutation`` are None where they cannot be made; ``notes`` then say why.
    """
    timesteps, nodes, variables = dataset.shape[1:]
    view = CoarseView.of(surrogate, (timesteps, nodes, variables))
    notes: list[str] = []
    training, shown = dataset.conditions.select(rows["train"]), rows[split][:_RUNS]
    conditions = dataset.conditions.select(shown)
    truth = np.stack([dataset.run(int(row))[view.steps][:, view.nodes] for row in shown])
    return {
        "inputs": input_names(training),
        "times": len(view.steps),
        "nodes": len(view.nodes),
        "sobol": sobol(
            view.predict,
            surrogate.condition_scaler,
            training.images,
            dataset.variables,
            notes,
            budget=view.budget,
            seed=seed,
        ),
        "permutation": permutation(
            view.predict, conditions, truth, scale, notes, budget=view.budget, seed=seed
        ),
        "split": split,
        "notes": notes,
    }


def input_names(conditions: Conditions) -> list[str]:
    """The parameters, and the picture last where there is one."""
    if conditions.images is None:
        return list(conditions.names)
    return [*conditions.names, f"{PICTURE} (image)" if PICTURE in conditions.names else PICTURE]


def permutation(
    predict: Predict,
    conditions: Conditions,
    truth: NDArray[np.float32],
    scale: VariableScale,
    notes: list[str],
    *,
    budget: int = BUDGET,
    seed: int = 0,
) -> dict[str, Any] | None:
    """Mean joint relative error of n runs with truth ``[n, t, m, V]``, and with each input
    exchanged among them.

    ``rise`` is the error with the input exchanged less the error without: about 0 for an input that
    does not matter.
    """
    runs, names = len(conditions), input_names(conditions)
    shifts = min(_SHIFTS, runs - 1, budget // (runs * len(names)))
    if shifts < 1:
        notes.append(
            "Permutation sensitivity is left out: it needs two runs at least, and fields that "
            "are not huge."
        )
        return None

    def error(given: Conditions) -> float | None:
        pairs = zip(predict(given), truth, strict=True)
        mean = over_runs([relative_l2(prediction, exact, scale)[0] for prediction, exact in pairs])[
            "mean"
        ]
        return None if mean is None else float(mean)

    base = error(conditions)
    order = np.random.default_rng(seed).permutation(runs)
    inputs: dict[str, dict[str, float | None]] = {}
    for k, name in enumerate(names):
        errors = []
        for shift in range(1, shifts + 1):
            source = np.empty(runs, dtype=np.intp)
            source[order] = np.roll(order, shift)
            errors.append(error(_exchanged(conditions, k, source)))
        known = [value for value in errors if value is not None]
        mean = float(np.mean(known)) if known else None
        inputs[name] = {
            "error": mean,
            "rise": None if mean is None or base is None else mean - base,
        }
    return {"runs": runs, "shifts": shifts, "error": base, "inputs": inputs}


def _exchanged(conditions: Conditions, k: int, source: NDArray[np.intp]) -> Conditions:
    """Input ``k`` of every run from the run ``source`` says."""
    if k == len(conditions.names):
        return replace(
            conditions,
            images=conditions.images.select(source) if conditions.images is not None else None,
        )
    table = conditions.table.copy()
    table[:, k] = table[source, k]
    return replace(conditions, table=table)


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of ``count`` indices, evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _batches(count: int, size: int) -> Iterator[range]:
    """Designs to predict at once, where each field has ``size`` bytes."""
    most = max(1, min(64, _BATCH_BYTES // size))
    for start in range(0, count, most):
        yield range(start, min(start + most, count))
