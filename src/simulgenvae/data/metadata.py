"""Metadata of fields: runs, times, mesh, variables, conditions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.names import check_ids, check_names
from simulgenvae.data.units import check_unit
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh, numeric
from simulgenvae.mesh.node_mask import NodeMask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.geometry import CommonMesh


@dataclass(frozen=True, eq=False)
class Metadata:
    """Everything in a dataset except its fields.

    Raises UserError when the attributes do not agree.

    Attributes
    ----------
    ids
        Ids of the N runs.
    times
        Times `[T]`, strictly increasing.
    nodes
        Number of nodes, M.
    mesh
        Coordinates and cells, as far as they are given.
    variables, units
        Names and units of the V variables; a unit is "" where it is unknown.
    conditions
        Parameters and images of the runs, in their order.
    offsets
        Value that each variable is stored less of, `[V]`; None where float32 holds all of them as
        they are.
    time_unit
        Unit of the times, "" where it is unknown. That of the positions is the mesh's. Units are
        labels: nothing is converted.
    mask
        Nodes with values, where others of the whole mesh have none; None where all have. ``nodes``
        and ``mesh`` are those with values only.
    common
        Way in which runs with meshes of their own share the whole mesh; None where all have it.
    motion
        Names of the variables by which nodes move along x, y and z, where the mesh moves in time.
    """

    ids: tuple[str, ...]
    times: NDArray[np.float64]
    nodes: int
    mesh: Mesh
    variables: tuple[str, ...]
    units: tuple[str, ...]
    conditions: Conditions
    offsets: NDArray[np.float64] | None = field(default=None, kw_only=True)
    mask: NodeMask | None = field(default=None, kw_only=True)
    time_unit: str = field(default="", kw_only=True)
    common: CommonMesh | None = field(default=None, kw_only=True)
    motion: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        # The class is frozen, so its own assignment is refused too.
        object.__setattr__(self, "times", numeric(self.times, "times", "fiu").astype(np.float64))
        if 0 in (len(self.ids), self.times.size, self.nodes, len(self.variables)):
            raise UserError(
                "a dataset needs at least one run, one timestep, one node and one variable"
            )
        check_ids(self.ids)
        check_names(self.variables, "variable")
        check_times(self.times)
        if len(self.units) != len(self.variables):
            units = ", ".join(self.units)
            variables = ", ".join(self.variables)
            raise UserError(
                f"{len(self.units)} units ({units}), but {len(self.variables)} variables "
                f"({variables})"
            )
        check_motion(self.motion, self.variables)
        check_unit(self.time_unit, "the times")
        check_unit(self.mesh.unit, "the positions")
        if self.conditions.ids != self.ids:
            raise UserError("the parameters do not belong to the runs: their ids differ")
        self.mesh.check(self.nodes)
        if self.offsets is not None and (
            self.offsets.shape != (len(self.variables),) or not np.isfinite(self.offsets).all()
        ):
            raise UserError("offsets must be a finite number for each variable")

    def at(self, rows: Sequence[int]) -> Metadata:
        """Return the metadata of the runs at ``rows``, in that order.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.at([1, 0]).ids
        ('1', '0')
        """
        conditions = self.conditions.select(rows)
        return replace(self, ids=conditions.ids, conditions=conditions)

    def masked(self, valued: NDArray[np.bool_]) -> Metadata:
        """Return the metadata of the nodes with values, as ``valued`` `[M]` says.

        Examples
        --------
        >>> import numpy as np, simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.masked(np.arange(30) < 20).nodes
        20
        """
        mask = NodeMask(self.mesh, valued)
        return replace(self, nodes=len(mask.numbers), mesh=mask.part(), mask=mask)

    def whole(self) -> Metadata:
        """Return the metadata of all nodes, as the files have them.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.whole().nodes
        30
        """
        nodes = self.whole_shape[2]
        return replace(Metadata.plain(self), nodes=nodes, mesh=self.whole_mesh, mask=None)

    def plain(self) -> Metadata:
        """Return the metadata without what a subclass adds.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> type(dataset.plain()).__name__
        'Metadata'
        """
        return Metadata(**{each.name: getattr(self, each.name) for each in fields(Metadata)})

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Type of the fields in physical units: float64 where any variable has an offset."""
        return np.dtype(np.float32 if self.offsets is None else np.float64)

    @property
    def keeps_nodes(self) -> bool:
        """True if the own nodes of every run are those of the whole mesh, wherever they are."""
        return self.common is None or self.common.keeps_nodes

    @property
    def whole_mesh(self) -> Mesh:
        """Mesh of all M nodes, also those without values."""
        return self.mesh if self.mask is None else self.mask.mesh

    @property
    def whole_shape(self) -> tuple[int, int, int, int]:
        """Numbers of runs, timesteps, all nodes and variables, as in the files."""
        nodes = self.nodes if self.mask is None else len(self.mask.valued)
        return len(self.ids), len(self.times), nodes, len(self.variables)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Numbers of runs N, timesteps T, nodes M and variables V."""
        return len(self.ids), len(self.times), self.nodes, len(self.variables)


def check_times(times: NDArray[np.float64]) -> None:
    """Raise UserError unless times are `[T]`, finite and strictly increasing."""
    if times.ndim != 1:
        raise UserError(f"times must be [T], but have the shape {times.shape}")
    if not np.isfinite(times).all():
        raise UserError("times must be finite numbers")
    # Two equal times are usually a restart of the solver, whose first timestep is written twice.
    steps = np.flatnonzero(np.diff(times) <= 0)
    if len(steps):
        k = int(steps[0])
        raise UserError(
            f"times must increase, but {times[k]:g} (timestep {k}) is followed by {times[k + 1]:g}"
        )


def check_motion(motion: Sequence[str], variables: Sequence[str]) -> None:
    """Raise UserError unless the names of the displacement are those of up to three variables."""
    if len(motion) > 3 or not set(motion) <= set(variables):
        raise UserError(f"nodes move by {', '.join(motion)}, which are no variables")


def default_variables(count: int) -> tuple[str, ...]:
    """Return names for variables without names: ``field``, or ``field0``, ``field1`` and so on."""
    return ("field",) if count == 1 else tuple(f"field{k}" for k in range(count))
