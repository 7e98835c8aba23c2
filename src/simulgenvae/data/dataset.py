"""The dataset: fields of N runs, read run by run from disk or from memory, and what is known about
them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray
from zarr.buffer.cpu import NDBuffer

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.fingerprint import digest, fingerprint
from simulgenvae.data.ingest.bad_runs import nonfinite, require_good
from simulgenvae.data.metadata import Metadata, default_variables
from simulgenvae.data.store.read import read_store
from simulgenvae.data.store.write import write_store
from simulgenvae.data.values import count_nonfinite, to_float32
from simulgenvae.errors import UserError
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.utils.resources import require_memory

__all__ = ["Dataset", "Mesh"]


@dataclass(frozen=True, eq=False)
class Dataset(Metadata):
    """A :class:`Metadata` and its fields.

    fields: [N, T, M, V] float32, on disk (Zarr) or in memory; read them with :meth:`run` or
    :meth:`read`. fingerprint: SHA-256 of fields and description, equal for equal data whatever the
    storage. digests: SHA-256 of the field of each run; none in data sets that were stored by an
    earlier version. remarks: what was recorded when it was stored: runs that were left out,
    interpolation between meshes.
    """

    fields: zarr.Array[Any] | NDArray[np.float32]
    fingerprint: str
    digests: tuple[str, ...]
    remarks: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)

    @classmethod
    def from_arrays(
        cls,
        fields: ArrayLike,
        conditions: Conditions,
        *,
        times: ArrayLike | None = None,
        coords: ArrayLike | None = None,
        cells: Mapping[str, NDArray[Any]] | None = None,
        variables: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
    ) -> Self:
        """From arrays in memory.

        fields: [N, T, M] or [N, T, M, V], converted to float32; times: [T] (default 0, 1, …);
        coords: [M] or [M, D]; cells: meshio name → [K, nodes]; variables, units: V names each. The
        run ids are those of ``conditions``.

        Raises UserError when these do not agree or fields are not finite.
        """
        array = np.asarray(fields)
        if array.ndim not in {3, 4} or array.dtype.kind not in "fiu":
            raise UserError(
                f"fields must be numbers [N, T, M] or [N, T, M, V], not {array.dtype} {array.shape}"
            )
        array = array[..., None] if array.ndim == 3 else array
        if array.dtype != np.float32:
            array = to_float32(array, "fields")
        if len(array) != len(conditions):
            raise UserError(
                f"there are fields of {len(array)} runs, but parameters of {len(conditions)}"
            )
        _, steps, nodes, count = array.shape
        names = tuple(variables) if variables is not None else default_variables(count)
        description = Metadata(
            ids=conditions.ids,
            times=np.asarray(times if times is not None else np.arange(steps)),
            nodes=nodes,
            mesh=Mesh(None if coords is None else np.asarray(coords), dict(cells or {})),
            variables=names,
            units=tuple(units) if units is not None else ("",) * len(names),
            conditions=conditions,
        )
        if description.shape != array.shape:
            raise UserError(
                f"fields are {array.shape}, but ids, times, nodes and variables say "
                f"{description.shape}"
            )
        digests = _digests(conditions.ids, array)
        return cls(
            **_parts(description),
            fields=array,
            fingerprint=fingerprint(description, digests),
            digests=digests,
        )

    @classmethod
    def open(cls, path: Path) -> Self:
        """The dataset stored at ``path``; its fields stay on disk. Raises UserError when it is
        damaged or none."""
        stored = read_store(path)
        return cls(
            **_parts(stored.description),
            fields=stored.fields,
            fingerprint=stored.fingerprint,
            digests=stored.digests,
            remarks=stored.remarks,
        )

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Store it at ``path``, run by run; nothing is left there unless all of it is. Raises
        UserError."""
        runs = (self.run(index) for index in range(len(self.ids)))
        write_store(
            path,
            self,
            runs,
            overwrite=overwrite,
            judge=lambda bad: require_good(bad) or self.remarks,
        )

    def run(self, index: int) -> NDArray[np.float32]:
        """The field [T, M, V] of one run, as a new array. Raises UserError when its chunks are
        damaged."""
        fields = np.empty(self.shape[1:], np.float32)
        self.read(index, fields)
        return fields

    def read(self, index: int, out: NDArray[np.float32]) -> None:
        """As :meth:`run`, into an array [T, M, V] that is there."""
        try:
            if isinstance(self.fields, np.ndarray):
                out[...] = self.fields[index]
            else:
                self.fields.get_basic_selection(index, out=NDBuffer.from_numpy_array(out))
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            raise UserError(
                f"run {self.ids[index]!r} cannot be read from the dataset: {error}"
            ) from error

    def load(self) -> Self:
        """The same dataset with its fields in memory. Raises UserError when they do not fit."""
        if isinstance(self.fields, np.ndarray):
            return self
        advice = "leave the data on disk (data.load_all = false, or --load_all 0)"
        require_memory(4 * math.prod(self.shape), "loading all fields", advice)
        fields = np.empty(self.shape, dtype=np.float32)
        for index in range(len(self.ids)):
            self.read(index, fields[index])
        return dataclasses.replace(self, fields=fields)


def _parts(description: Metadata) -> dict[str, Any]:
    return {part.name: getattr(description, part.name) for part in dataclasses.fields(Metadata)}


def _digests(ids: Sequence[str], fields: NDArray[np.float32]) -> tuple[str, ...]:
    """Of each run; UserError naming the runs that are not finite."""
    counts = {name: count_nonfinite(run) for name, run in zip(ids, fields, strict=True)}
    require_good(
        {name: nonfinite(count, fields[0].size) for name, count in counts.items() if count}
    )
    return tuple(map(digest, fields))
