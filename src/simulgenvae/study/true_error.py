"""True errors of predicted designs that are solved too, in the measure of the expected error.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulgenvae.export.batches import Batch
    from simulgenvae.surrogate.surrogate import Surrogate


def true_errors(batch: Batch, surrogate: Surrogate) -> tuple[float | None, ...]:
    """Return the joint relative error of each design of a batch.

    It is ``‖prediction − truth‖ / ‖truth‖`` after shifting and scaling each variable by its mean
    and standard deviation in the training runs, as of the expected error. None where the truth is
    not known or has no size, and where only some nodes or variables are predicted, as the expected
    error is that of whole fields.
    """
    truth = batch.extra_fields.get("truth")
    whole = batch.nodes is None and batch.variables == surrogate.variables
    if truth is None or not whole:
        return (None,) * len(batch.ids)
    state_map = surrogate.reduction.state_map
    nodes = slice(None) if surrogate.mask is None else surrogate.mask.valued
    # The mean of each variable at every node, from which the size of a field is measured.
    mean = state_map.to_field(np.zeros(state_map.size)).mean(axis=0)
    uniform = state_map.to_state(np.broadcast_to(mean, state_map.field_shape))
    found: list[float | None] = []
    for predicted, true in zip(batch.fields, truth, strict=True):
        squared_error = 0.0
        squared_size = 0.0
        # One timestep after another: states are in double precision.
        for fields, solved in zip(predicted, true, strict=True):
            state = state_map.to_state(solved[nodes])
            squared_error += float(np.square(state_map.to_state(fields[nodes]) - state).sum())
            squared_size += float(np.square(state - uniform).sum())
        found.append(float(np.sqrt(squared_error / squared_size)) if squared_size > 0 else None)
    return tuple(found)
