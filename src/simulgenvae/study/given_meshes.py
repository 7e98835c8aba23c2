"""Meshes of new designs, and where their fields are predicted.

Tested in tests/cli/test_own_meshes.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.geometry.common_mesh import on_own_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.study.data import log_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from simulgenvae.export.batches import Batch
    from simulgenvae.geometry import CommonMesh, Placement
    from simulgenvae.surrogate.shapes import ShapeModel

_PLACEMENTS_KEPT = 64
"""Placements in memory: of more designs, each is made twice."""


def mesh_files(folder: Path) -> dict[str, Path]:
    """Return the files of meshes in a folder by the ids of their designs, which are their names.

    A file is one design. Raises UserError where there is none, and for two files of one id.
    """
    from simulgenvae.data.ingest.coordinates import MESH_SUFFIXES

    if not folder.exists():
        raise UserError(f"{folder}: no such file or folder")
    files = [folder] if folder.is_file() else sorted(folder.iterdir())
    meshes: dict[str, Path] = {}
    for file in files:
        if file.suffix.lower() not in MESH_SUFFIXES or file.name.startswith("."):
            continue
        if file.stem in meshes:
            raise UserError(f"{file}: {meshes[file.stem].name} is a mesh of the same design")
        meshes[file.stem] = file
    if not meshes:
        raise UserError(
            f"{folder}: has no meshes: give a folder with ID.vtu for each design, or files with "
            f"{', '.join(MESH_SUFFIXES)}"
        )
    return meshes


def matched(conditions: Conditions | None, files: Mapping[str, Path]) -> Conditions:
    """Return the conditions of designs, each of which has a mesh.

    Without other conditions, the designs are those of the meshes. Raises UserError where meshes and
    designs do not belong together.
    """
    if conditions is None:
        return Conditions.without_parameters(tuple(files))
    if len(files) == len(conditions) == 1:
        return conditions
    missing = [name for name in conditions.ids if name not in files]
    extra = sorted(set(files) - set(conditions.ids))
    if missing or extra:
        folder = next(iter(files.values())).parent
        problems = [f"no mesh for {listed(missing)}"] if missing else []
        problems += [f"no design for {listed(extra)}"] if extra else []
        raise UserError(
            f"{folder}: {'; '.join(problems)}: a mesh is named by the id of its design (ID.vtu), "
            "in the column id of the table"
        )
    return conditions


def placements_of(common: CommonMesh, files: Mapping[str, Path]) -> Callable[[str], Placement]:
    """Return the function from the id of a design to its placement, read from its file."""
    from simulgenvae.data.ingest.coordinates import read_mesh

    only = next(iter(files.values())) if len(files) == 1 else None

    def placement(design: str) -> Placement:
        path = only or files[design]
        return common.place(read_mesh(path), path)

    return placement


@dataclass(frozen=True, eq=False)
class OwnMeshes:
    """Designs with their geometry: given as a mesh, or predicted.

    Attributes
    ----------
    conditions
        Conditions with the columns of the shapes, as the networks see them.
    placement
        Function that returns where a design's fields are, by its id.
    """

    conditions: Conditions
    placement: Callable[[str], Placement] = field(repr=False)

    @classmethod
    def of(
        cls,
        shapes: ShapeModel,
        conditions: Conditions,
        given: Callable[[str], Placement] | None,
    ) -> OwnMeshes:
        """Return designs with the geometries that are ``given`` by their ids, or predicted ones.

        Raises UserError for meshes that cannot be read or are no geometry of the study.
        """
        if given is None:
            predicted = dict(zip(conditions.ids, shapes.predicted(conditions), strict=True))
            placement = lru_cache(maxsize=_PLACEMENTS_KEPT)(
                lambda design: shapes.placement(predicted[design])
            )
            columns = np.stack(list(predicted.values()))
            return cls(shapes.described(conditions, columns), placement)
        placement = lru_cache(maxsize=_PLACEMENTS_KEPT)(given)
        each = (placement(design).shape for design in conditions.ids)
        seen, coefficients = shapes.given(conditions, each)
        log_warnings(shapes.warnings(conditions, coefficients))
        return cls(seen, placement)

    def on_own_meshes(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield each design of the batches, on its own mesh."""
        for batch in batches:
            for number, design in enumerate(batch.ids):
                yield _on_own_mesh(batch, number, self.placement(design))


def placed_design(
    shapes: ShapeModel, conditions: Conditions, mesh: object
) -> tuple[Conditions, Placement]:
    """Return the conditions of one design as the networks see them, and where its fields are.

    ``mesh`` is that of the design, or None for the geometry that follows from its conditions.

    Raises UserError for several designs, and for a mesh that is no geometry of the study.
    """
    if len(conditions) != 1:
        raise UserError(
            f"{len(conditions)} designs: where designs have meshes of their own, give them one by "
            "one"
        )
    if mesh is None:
        coefficients = shapes.predicted(conditions)
        return shapes.described(conditions, coefficients), shapes.placement(coefficients[0])
    placement = given_placement(shapes, mesh)
    seen, coefficients = shapes.given(conditions, [placement.shape])
    log_warnings(shapes.warnings(conditions, coefficients))
    return seen, placement


def given_placement(shapes: ShapeModel, mesh: object) -> Placement:
    """Return the placement of a design's mesh: a :class:`Mesh`, a grid of PyVista, or a file.

    Raises UserError for anything else, and for a mesh that is no geometry of the study.
    """
    from simulgenvae.data.ingest.coordinates import read_mesh
    from simulgenvae.mesh.vtk import grid_mesh

    if isinstance(mesh, Mesh):
        return shapes.common.place(mesh, Path("the given mesh"))
    if isinstance(mesh, str | os.PathLike) and isinstance(os.fspath(mesh), str):
        return shapes.common.place(read_mesh(Path(mesh)), Path(mesh))
    if hasattr(mesh, "cast_to_unstructured_grid"):
        where = Path("the given mesh")
        return shapes.common.place(grid_mesh(mesh.cast_to_unstructured_grid(), where), where)
    raise UserError(
        f"mesh is of type {type(mesh).__name__}: give the path of a file, a mesh of PyVista, or a "
        "Mesh"
    )


def relocated(prediction: xr.Dataset, placement: Placement) -> xr.Dataset:
    """Return the prediction of one design on its own mesh."""
    if placement.weights is None:
        return prediction
    dims = ("run", "time", "node", "variable")
    own = {
        str(name): (dims, on_own_mesh(values.transpose(*dims).to_numpy()[0], placement)[None])
        for name, values in prediction.items()
        if set(values.dims) == set(dims)
    }
    return prediction.drop_dims("node").assign(own)


def _on_own_mesh(batch: Batch, number: int, placement: Placement) -> Batch:
    def own(fields: NDArray[np.floating]) -> NDArray[np.floating]:
        return on_own_mesh(fields[number], placement)[None]

    return replace(
        batch,
        fields=own(batch.fields),
        extra_fields={name: own(values) for name, values in batch.extra_fields.items()},
        scores={name: values[number : number + 1] for name, values in batch.scores.items()},
        ids=(batch.ids[number],),
        carried={name: (texts[number],) for name, texts in batch.carried.items()},
        mesh=placement.mesh if batch.nodes is None else placement.mesh.at(batch.nodes),
    )
