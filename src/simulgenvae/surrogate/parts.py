"""Parts of a trained surrogate: everything that its model files hold together.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from simulgenvae.errors import UserError
from simulgenvae.surrogate.ensemble import Ensemble, uniform_field_coefficients

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.condition_scaler import ConditionScaler
    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.dataset import Dataset
    from simulgenvae.data.split import Split
    from simulgenvae.geometry.distance_modes import DistanceModes
    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.mesh.node_mask import NodeMask
    from simulgenvae.models.networks import Networks
    from simulgenvae.models.training_record import TrainingInfo, VaeTraining
    from simulgenvae.reduction import Reduction
    from simulgenvae.settings import Settings
    from simulgenvae.surrogate.shapes import ShapeModel


@dataclass(frozen=True, kw_only=True)
class PredictingParts:
    """Parts of a surrogate that a prediction needs.

    Attributes
    ----------
    settings
        Settings of the last training.
    variables, units
        Names and units of the V variables.
    times
        Training times, ``[T]``, in the unit of the data.
    mesh
        Positions of the M nodes that have values, and the cells between them.
    condition_scaler
        Scaling of the conditions.
    reduction
        Map between fields ``[T, M, V]`` and coefficients ``[T, r]``.
    ensemble
        What predicts; None where only the VAE is trained.
    time_unit
        Unit of the times, "" where it is unknown.
    mask
        Nodes with values, where others of the whole mesh have none; None where all have.
        Predictions are NaN at the others.
    shapes
        Description of geometries, where runs have meshes of their own; then ``mesh`` is the one
        that they share.
    motion
        Names of the variables by which nodes move along x, y and z, where the mesh moves in time.
    """

    settings: Settings
    variables: tuple[str, ...]
    units: tuple[str, ...]
    times: NDArray[np.float64]
    mesh: Mesh
    condition_scaler: ConditionScaler
    reduction: Reduction
    ensemble: Ensemble | None
    mask: NodeMask | None = None
    time_unit: str = ""
    shapes: ShapeModel | None = None
    motion: tuple[str, ...] = ()

    @property
    def keeps_nodes(self) -> bool:
        """True if the nodes of every design are those of the mesh, wherever they are."""
        return self.shapes is None or self.shapes.common.keeps_nodes

    @property
    def distances(self) -> DistanceModes | None:
        """Images of geometries as functions of the last columns of conditions; None without."""
        return None if self.shapes is None else self.shapes.distances

    def require_one_mesh(self, what: str) -> None:
        """Raise UserError, which starts with ``what``, where designs have meshes of their own."""
        if self.shapes is not None:
            raise UserError(
                f"{what} is not known where runs have meshes of their own: use `simulgenvae "
                "predict`, which gives each design its mesh."
            )

    @property
    def design_scaler(self) -> ConditionScaler:
        """Scaling of what a user gives of a design besides its mesh."""
        return self.condition_scaler if self.shapes is None else self.shapes.table

    def complete(self, conditions: Conditions) -> Conditions:
        """Return conditions as the networks see them: with the geometry that designs will have."""
        return conditions if self.shapes is None else self.shapes.complete(conditions)

    def seen(self, dataset: Dataset) -> Dataset:
        """Return a dataset with conditions as the networks see them."""
        return dataset if self.shapes is None else self.shapes.seen(dataset)

    @property
    def decoder_name(self) -> str:
        """Name of the decoder that says which times can be predicted: the first member's."""
        assert self.ensemble is not None, "without an ensemble the networks say it"
        return self.ensemble.members[0].decoder_name

    @property
    def whole_mesh(self) -> Mesh:
        """Mesh of all nodes, also those without values: that of predictions."""
        return self.mesh if self.mask is None else self.mask.mesh

    @property
    def whole_nodes(self) -> int:
        """Number of nodes of the whole mesh, also where their positions are unknown."""
        return self.reduction.field_shape[0] if self.mask is None else len(self.mask.valued)

    @cached_property
    def uniform_field_coefficients(self) -> NDArray[np.float32]:
        """Coefficients of a field with each variable's mean at every node, ``[1, r]``.

        Sizes of fields are measured from it, see :func:`expected_squares`.
        """
        return uniform_field_coefficients(self.reduction)


@dataclass(frozen=True, kw_only=True)
class Parts(PredictingParts):
    """Networks of a study and everything that belongs to them.

    Attributes
    ----------
    split
        Which runs were for training, validation and test.
    networks
        The first member of the ensemble, whose VAE gives the latents.
    training_latents
        Posterior means of the n training runs, ``[n, F]``: z, then h level by level. None in models
        of earlier versions.
    vae_training
        How the VAE was trained, which may have been before the rest.
    info
        How all of it was trained last.
    """

    split: Split
    networks: Networks
    training_latents: NDArray[np.float32] | None
    vae_training: VaeTraining
    info: TrainingInfo

    @property
    def decoder_name(self) -> str:
        """Name of the decoder that says which times can be predicted: the first network's."""
        return self.networks.decoder_name

    def on_valued_nodes(self) -> Self:
        """Return the same surrogate of the nodes with values only.

        Its predictions are at the nodes that a :class:`Dataset` has, without NaN.
        """
        return replace(self, mask=None)
