"""Numbers and texts of a design as a whole, as files for ParaView hold them: field data of VTK.

Tested in tests/export/test_round_trip.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.prediction_labels import SLASH, PredictionLabels
from simulgenvae.utils.free_name import free_name

if TYPE_CHECKING:
    from simulgenvae.data.prediction_labels import Value
    from simulgenvae.export.batches import Batch
    from simulgenvae.mesh.mesh import Mesh


def field_data(batch: Batch, index: int, mesh: Mesh) -> dict[str, tuple[Value, ...]]:
    """Return the arrays of one design of a batch, each of numbers or of texts.

    These are novelty and expected error, as far as known; the
    :class:`~simulgenvae.data.prediction_labels.PredictionLabels` with id, variables, units and
    parameters; and texts of the table of designs that are carried along.
    """
    found: dict[str, tuple[Value, ...]] = {
        name: (float(scores[index]),) for name, scores in batch.scores.items()
    }
    inputs = batch.parameters
    found |= PredictionLabels(
        batch.ids[index],
        batch.variables,
        batch.units,
        batch.time_unit,
        mesh.unit,
        () if inputs is None else inputs.names,
        () if inputs is None else inputs.units,
        () if inputs is None else inputs.values[index],
    ).arrays()
    for name, texts in batch.carried.items():
        found[free_name(name.replace("/", SLASH), found)] = (texts[index],)
    return found
