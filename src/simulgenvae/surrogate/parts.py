"""Parts of a trained surrogate: everything that its model files hold together.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from simulgenvae.surrogate.ensemble import Ensemble, uniform_field_coefficients

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.split import Split
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.models.networks import Networks
    from simulgenvae.models.training_record import TrainingInfo, VaeTraining
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Networks of a study and everything that belongs to them.

    Attributes
    ----------
    settings
        Settings of the last training.
    split
        Which runs were for training, validation and test.
    variables, units
        Names and units of the V variables.
    times
        Training times, ``[T]``, in the unit of the data.
    mesh
        Positions of the M nodes, and the cells between them.
    condition_scaler
        Scaling of the conditions.
    reduction
        Map between fields ``[T, M, V]`` and coefficients ``[T, r]``.
    networks
        The first member of the ensemble, whose VAE gives the latents.
    ensemble
        What predicts; None where only the VAE is trained.
    vae_training
        How the VAE was trained, which may have been before the rest.
    info
        How all of it was trained last.
    """

    settings: Settings
    split: Split
    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: NDArray[np.float64]
    mesh: Mesh
    condition_scaler: ConditionScaler
    reduction: Reduction
    networks: Networks
    ensemble: Ensemble | None
    vae_training: VaeTraining
    info: TrainingInfo

    @cached_property
    def uniform_field_coefficients(self) -> NDArray[np.float32]:
        """Coefficients of a field with each variable's mean at every node, ``[1, r]``.

        Sizes of fields are measured from it, see :func:`expected_squares`.
        """
        return uniform_field_coefficients(self.reduction)
