"""Outline of a trained surrogate: what a design and a selection are checked against.

It is read in a hundredth of a second, so that a mistake is reported before anything else is loaded.

Tested in tests/cli/test_predict.py and tests/cli/test_bad_input.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.condition_scaler import ConditionScaler
from simulgenvae.settings.networks import DECODERS
from simulgenvae.surrogate.model_file import check_kind, complete_model, require_trained
from simulgenvae.surrogate.selection import selected_columns, selected_rows, selected_times
from simulgenvae.surrogate.shapes import ShapeDescription
from simulgenvae.utils.tensor_file import read_some_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.settings import StudyFolder


@dataclass(frozen=True)
class Outline:
    """Facts about the model of a study that its file says without its networks.

    Attributes
    ----------
    condition_scaler
        Scaling of the conditions, with their names and trained ranges.
    variables
        Names of the variables.
    times
        Training times, ``[T]``.
    nodes
        Number of nodes of the whole mesh.
    decoder
        Name of the decoder.
    time_unit
        Unit of the times, "" where it is unknown.
    shapes
        Description of geometries, where runs have meshes of their own.
    motion
        Names of the variables by which nodes move, where the mesh moves in time.
    """

    condition_scaler: ConditionScaler
    variables: tuple[str, ...]
    times: NDArray[np.float64]
    nodes: int
    decoder: str
    time_unit: str = ""
    shapes: ShapeDescription | None = None
    motion: tuple[str, ...] = ()

    @property
    def design_scaler(self) -> ConditionScaler:
        """Scaling of what a user gives of a design besides its mesh."""
        return self.condition_scaler if self.shapes is None else self.shapes.table

    @classmethod
    def read(cls, study: StudyFolder) -> Outline:
        """Return the outline of a study's model.

        Raises
        ------
        UserError
            When there is no model, or its file is damaged or of another format version.
        """
        path = study.vae_file
        require_trained(path, "vae", study)
        arrays, about = read_some_arrays(path, ("times", "reduction.mean", "valued"))
        check_kind(path, about, "vae")
        with complete_model(path):
            decoder = about.get("decoder") or about["settings"]["model"].get("decoder", "modulated")
            if decoder not in DECODERS:
                raise ValueError(f"there is no decoder {decoder}")
            shapes = about.get("shapes")
            return cls(
                ConditionScaler.model_validate(about["condition_scaler"]),
                tuple(map(str, about["variables"])),
                arrays["times"].astype(np.float64),
                len(arrays.get("valued", arrays["reduction.mean"])),
                decoder,
                str(about.get("time_unit", "")),
                shapes and ShapeDescription.model_validate(shapes),
                tuple(map(str, about.get("motion", ()))),
            )

    def check(
        self,
        times: NDArray[np.float64] | None,
        nodes: NDArray[np.intp] | None,
        variables: Sequence[str] | None,
    ) -> None:
        """Raise UserError for a selection that cannot be predicted."""
        selected_times(times, self.times, self.decoder, self.time_unit)
        if nodes is not None:
            selected_rows(nodes, self.nodes)
        if variables is not None:
            selected_columns(variables, self.variables)
