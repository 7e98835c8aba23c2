"""The dataset: fields of N runs, read run by run from disk or memory, and their metadata."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from zarr.buffer.cpu import NDBuffer

from simulgenvae.data.fingerprint import digest, fingerprint, placed_digest
from simulgenvae.data.ingest.bad_runs import refuse_bad_runs
from simulgenvae.data.metadata import Metadata, default_variables
from simulgenvae.data.missing_values import MissingValues
from simulgenvae.data.motion import moves, with_motion
from simulgenvae.data.precision import Precision
from simulgenvae.data.readers.source import PlacedRun
from simulgenvae.data.shapes import Shapes, placed_nodes
from simulgenvae.data.store.read import read_store
from simulgenvae.data.store.write import write_store
from simulgenvae.data.values import to_physical, to_stored
from simulgenvae.errors import UserError
from simulgenvae.geometry import CorrespondingNodes
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import NodeSets, described
from simulgenvae.utils.formatting import quantity
from simulgenvae.utils.resources import require_memory
from simulgenvae.utils.summary import Summary, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import zarr
    from numpy.typing import ArrayLike, NDArray

    from simulgenvae.geometry.distance_modes import DistanceModes


__all__ = ["Dataset", "Mesh"]


@dataclass(frozen=True, eq=False)
class Dataset(Metadata):
    """Fields of N runs and their metadata.

    Attributes
    ----------
    fields
        Fields `[N, T, M, V]` less the offsets, float32, in memory, or on disk (Zarr) with all nodes
        of the whole mesh; :meth:`run` and :meth:`read` read them.
    fingerprint
        SHA-256 of fields and metadata, equal for equal data however they are stored.
    digests
        SHA-256 of the field of each run; empty for a dataset that an earlier version stored.
    remarks
        Notes made when the dataset was stored: runs that were left out, interpolation between
        meshes.
    shapes
        Geometries of the runs, where they have meshes of their own.
    distances
        Images of these geometries as functions of the last columns of the conditions, which
        describe them; None where no columns do.

    Examples
    --------
    >>> import simulgenvae
    >>> dataset = simulgenvae.Study.open("S").open_dataset()
    >>> dataset
    Dataset on disk
      runs        14: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more
      times       8 from 0 to 0.875
      mesh        30 nodes, 40 triangle
      variables   temperature [K]
      parameters  row, speed
      images      none
    """

    fields: zarr.Array[Any] | NDArray[np.float32]
    fingerprint: str
    digests: tuple[str, ...]
    remarks: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    shapes: Shapes | None = dataclasses.field(default=None, kw_only=True)
    distances: DistanceModes | None = dataclasses.field(default=None, kw_only=True)

    @classmethod
    def from_arrays(
        cls,
        fields: ArrayLike,
        conditions: object,
        *,
        times: ArrayLike | None = None,
        coords: ArrayLike | None = None,
        cells: Mapping[str, NDArray[Any]] | None = None,
        sets: Mapping[str, ArrayLike] | None = None,
        variables: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        time_unit: str = "",
        length_unit: str = "",
    ) -> Self:
        """Make a dataset from arrays in memory.

        Parameters
        ----------
        fields
            Fields `[N, T, M]` or `[N, T, M, V]`, which are converted to float32, less an offset
            where that would lose the variation of a variable.
        conditions
            Conditions of the N runs, and their ids; or designs in any form that
            :meth:`simulgenvae.Model.predict` takes, such as a dict of sequences or a data frame.
        times
            Times `[T]`; by default 0, 1, ….
        coords
            Node coordinates `[M]` or `[M, D]`; or `[N, M, D]` where the nodes of each run are
            elsewhere, and belong together by their numbers; or `[N, T, M, D]` or `[T, M, D]` where
            they move in time: their displacement is then further variables.
        cells
            Node numbers `[K, nodes]` of the cells of each type, by its meshio name.
        sets
            Numbers of the nodes of named parts, such as ``{"inlet": [0, 4]}``, which quantities can
            name.
        variables, units
            Names and units of the V variables.
        time_unit, length_unit
            Units of times and coordinates. Units are labels: nothing is converted.

        Raises
        ------
        UserError
            When these do not agree or fields are not finite. Nodes that are NaN in every run at
            every time are a mask.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Dataset
        >>> fields = np.random.default_rng(0).random((2, 4, 5))
        >>> dataset = Dataset.from_arrays(fields, {"row": [0.05, 0.06]}, variables=["temperature"])
        >>> dataset.shape, dataset.ids
        ((2, 4, 5, 1), ('0', '1'))
        """
        # It knows files and images, which take longer to import than all the rest here.
        from simulgenvae.data.designs_from import conditions_from

        conditions = conditions_from(conditions)
        array = np.asarray(fields)
        if array.ndim not in {3, 4} or array.dtype.kind not in "fiu":
            raise UserError(
                f"fields must be numbers [N, T, M] or [N, T, M, V], not {array.dtype} {array.shape}"
            )
        array = array[..., None] if array.ndim == 3 else array
        precision = Precision()
        for run in array:
            precision.add(run)
        offsets = precision.offsets()
        if array.dtype != np.float32:
            array = to_stored(array, offsets, "fields")
        if len(array) != len(conditions):
            raise UserError(
                f"there are fields of {len(array)} runs, but parameters of {len(conditions)}"
            )
        places = None if coords is None else np.asarray(coords)
        names = default_variables(array.shape[-1]) if variables is None else tuple(variables)
        kinds = tuple(units) if units is not None else ("",) * len(names)
        motion: tuple[str, ...] = ()
        if places is not None and moves(places, array.shape):
            places, array, motion = with_motion(places, array)
            names, kinds = (*names, *motion), (*kinds, *[length_unit] * len(motion))
        shapes = None
        if places is not None and places.ndim == 3:
            common = CorrespondingNodes(Mesh(places[0], cells, unit=length_unit))
            shapes = placed_nodes(places, len(array), "coords", common)
            places = places[0]
        _, steps, nodes, _ = array.shape
        metadata = Metadata(
            ids=conditions.ids,
            times=np.asarray(times if times is not None else np.arange(steps)),
            nodes=nodes,
            mesh=Mesh(
                places,
                cells,
                unit=length_unit,
                sets=NodeSets.of(sets or {}),
            ),
            variables=names,
            units=kinds,
            motion=motion,
            conditions=conditions,
            offsets=offsets,
            time_unit=time_unit,
            common=None if shapes is None else shapes.common,
        )
        if metadata.shape != array.shape:
            raise UserError(
                f"fields are {array.shape}, but ids, times, nodes and variables say "
                f"{metadata.shape}"
            )
        # This pass over all fields also finds NaN, before they are used for anything.
        missing = MissingValues(names)
        digests = []
        for row, (run_id, run) in enumerate(zip(conditions.ids, array, strict=True)):
            usable = missing.add(run_id, run)
            found = "" if usable is None else digest(usable)
            digests.append(found if shapes is None else placed_digest(found, shapes.geometry(row)))
        valued, bad = missing.outcome()
        refuse_bad_runs(bad)
        remarks = tuple(precision.remarks(names, offsets))
        if valued is not None:
            metadata = metadata.masked(valued)
            array = array[:, :, valued]
            remarks = (*remarks, str(metadata.mask))
        return cls(
            **_attributes(metadata),
            fields=array,
            fingerprint=fingerprint(metadata, digests),
            digests=tuple(digests),
            remarks=remarks,
            shapes=shapes,
        )

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the dataset at ``path``; its fields stay on disk.

        Raises UserError when there is none or it is damaged.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> simulgenvae.Dataset.open(study.dataset).shape
        (14, 8, 30, 1)
        """
        stored = read_store(Path(path))
        return cls(
            **_attributes(stored.metadata),
            fields=stored.fields,
            fingerprint=stored.fingerprint,
            digests=stored.digests,
            remarks=stored.remarks,
            shapes=stored.shapes,
        )

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Store the dataset at ``path``, run by run: completely or not at all.

        Raises UserError when something is there that may not be overwritten, or the disk is full.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Dataset
        >>> fields = np.random.default_rng(0).random((2, 4, 5))
        >>> Dataset.from_arrays(fields, {"row": [0.05, 0.06]}).save("new.zarr")
        >>> Dataset.open("new.zarr").shape
        (2, 4, 5, 1)
        """
        # A generator: one run is in memory at a time, also for a dataset larger than memory.
        runs = map(self._placed, range(len(self.ids)))
        write_store(
            Path(path),
            self if self.mask is None else self.whole(),
            runs,
            overwrite=overwrite,
            judge=lambda bad: refuse_bad_runs(bad) or self.remarks,
        )

    def __repr__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()

    def _summary(self) -> Summary:
        """Return what the dataset holds, without reading fields."""
        _, steps, nodes, _ = self.whole_shape
        stored = "in memory" if isinstance(self.fields, np.ndarray) else "on disk"
        units = dict(zip(self.variables, self.units, strict=True))
        variables = [quantity(name, unit) for name, unit in units.items()]
        cells = [f"{number:,} {kind}" for kind, number in self.whole_mesh.cells.describe().items()]
        sets = self.whole_mesh.sets
        moves = bool(self.motion)
        lines = {
            "runs": f"{len(self.ids):,}: {shown(list(self.ids))}",
            "times": f"{steps:,} from {self.times[0]:g} to {self.times[-1]:g}",
            "mesh": ", ".join([f"{nodes:,} nodes", *cells, *(["moves in time"] * moves)]),
            **({"sets": described(sets.sizes())} if sets else {}),
            "variables": shown(variables),
            "parameters": shown(list(self.conditions.names)) or "none",
            "images": str(self.conditions.image_format or "none"),
        }
        return Summary(f"Dataset {stored}", lines)

    def run(self, index: int) -> NDArray[np.floating]:
        """Return the field `[T, M, V]` of one run in physical units, as a new array.

        It is float32, or float64 where a variable has an offset. Raises UserError when its chunks
        are damaged.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.run(0).shape
        (8, 30, 1)
        """
        fields = np.empty(self.shape[1:], np.float32)
        self.read(index, fields)
        return to_physical(fields, self.offsets)

    def own_run(self, index: int) -> NDArray[np.floating]:
        """Return the field `[T, m, V]` of one run at the nodes of its own mesh.

        That is :meth:`run` where all runs have one mesh, or their nodes correspond.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.own_run(0).shape
        (8, 30, 1)
        """
        if self.shapes is None or self.shapes.own is None:
            return self.run(index)
        return to_physical(self.shapes.own.fields(index), self.offsets)

    def inside_share(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float64] | None:
        """Return the part of some runs whose geometry has each node, `[M]`; None where all have.

        Examples
        --------
        >>> import simulgenvae
        >>> simulgenvae.Study.open("S").open_dataset().inside_share([0, 1]) is None
        True
        """
        if self.shapes is None or self.keeps_nodes:
            return None
        share = np.zeros(self.shapes.common.nodes)
        for row in rows:
            inside = self.shapes.inside(int(row))
            share += 1.0 if inside is None else inside
        share /= len(rows)
        return share if self.mask is None else share[self.mask.numbers]

    def whole_run(self, index: int) -> NDArray[np.floating]:
        """Return the field of one run at all nodes, with NaN where the mask has no values.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> dataset.whole_run(0).shape
        (8, 30, 1)
        """
        run = self.run(index)
        return run if self.mask is None else self.mask.fill(run)

    def _placed(self, index: int) -> PlacedRun:
        """Return the field of one run as it is stored, with its geometry."""
        geometry = None if self.shapes is None else self.shapes.geometry(index)
        return PlacedRun(self._stored(index), geometry)

    def _stored(self, index: int) -> NDArray[np.float32]:
        """Return the field of one run at all nodes as it is stored."""
        fields = np.empty(self.shape[1:], np.float32)
        self.read(index, fields)
        return fields if self.mask is None else self.mask.fill(fields)

    def read(self, index: int, out: NDArray[np.float32]) -> None:
        """Read the field `[T, M, V]` of a run, less the offsets, into ``out``.

        Raises UserError as :meth:`run` does.

        Examples
        --------
        >>> import numpy as np, simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> run = np.empty(dataset.shape[1:], np.float32)
        >>> dataset.read(0, run)
        >>> bool((run == dataset.run(0)).all())
        True
        """
        try:
            if isinstance(self.fields, np.ndarray):
                out[...] = self.fields[index]
            elif self.mask is not None:
                whole = np.empty(self.whole_shape[1:], np.float32)
                self.fields.get_basic_selection(index, out=NDBuffer.from_numpy_array(whole))
                out[...] = self.mask.take(whole)
            else:
                # Decoded straight into the caller's array: an own array for each run would cost
                # the time of getting new memory from the system.
                self.fields.get_basic_selection(index, out=NDBuffer.from_numpy_array(out))
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise UserError(
                f"run {self.ids[index]!r} cannot be read from the dataset: {error}"
            ) from error

    def load(self) -> Self:
        """Return the dataset with its fields in memory; raise UserError when they do not fit.

        Examples
        --------
        >>> import simulgenvae
        >>> dataset = simulgenvae.Study.open("S").open_dataset()
        >>> type(dataset.load().fields).__name__
        'ndarray'
        """
        if isinstance(self.fields, np.ndarray):
            return self
        advice = "leave the data on disk (data.load_all = false, or --load_all 0)"
        require_memory(4 * math.prod(self.shape), "loading all fields", advice)
        # Read run by run into the final array: reading all at once would need memory for a copy.
        fields = np.empty(self.shape, dtype=np.float32)
        for index in range(len(self.ids)):
            self.read(index, fields[index])
        return dataclasses.replace(self, fields=fields)


def _attributes(metadata: Metadata) -> dict[str, Any]:
    return {field.name: getattr(metadata, field.name) for field in dataclasses.fields(Metadata)}
