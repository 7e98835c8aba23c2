"""Mesh of several sources of fields, and the way in which runs with meshes of their own share it.

Tested in tests/data/ingest/test_build.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.data.common_sets import OtherSets, common_sets
from simulgenvae.data.ingest.coordinates import read_mesh, read_numbers
from simulgenvae.data.readers.companions import companion, texts
from simulgenvae.errors import UserError
from simulgenvae.geometry import restore_common_mesh
from simulgenvae.mesh.mesh import Mesh
from simulgenvae.mesh.node_sets import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.data.ingest.options import IngestOptions
    from simulgenvae.data.readers import Source
    from simulgenvae.data.readers.array_layout import ArrayLayout
    from simulgenvae.geometry import CommonMesh


def mesh_of(sources: Sequence[Source], options: IngestOptions) -> tuple[Mesh, list[str]]:
    """Return the mesh of all sources, and notes for the user.

    Raises UserError where the sources have different meshes, or two are given.
    """
    if options.mesh is not None:
        if options.coords is not None:
            raise UserError(
                f"{options.mesh}: a mesh has its own coordinates and cells: give either it or "
                "coordinates"
            )
        mesh = read_mesh(options.mesh)
        named = [f"sets of nodes: {described(mesh.sets.sizes())}"] if mesh.sets else []
        return mesh, [f"{options.mesh}: {remark}" for remark in (*mesh.remarks, *named)]
    is_given = all(source.common is None and not source.motion for source in sources)
    if options.coords is not None and is_given:
        coords, unit = read_numbers(options.coords)
        return Mesh(coords, unit=unit), []
    meshes = [source.mesh for source in sources if source.mesh is not None]
    if meshes:
        # Values belong to nodes by their number, so all files must number them alike.
        for source in sources:
            if source.mesh is not None and not meshes[0].same_as(source.mesh):
                raise UserError(f"{source.path}: its mesh is not that of {sources[0].path}")
        # Files of arrays have no sets, and still belong to the mesh.
        named_sets = [
            OtherSets(str(source.path), source.mesh.sets)
            for source in sources
            if source.mesh is not None and source.mesh.sets
        ]
        if not named_sets:
            return meshes[0], []
        sets, notes = common_sets(named_sets[0].sets, named_sets[1:])
        return meshes[0].with_sets(sets), notes
    found = companion(sources, "coords")
    return Mesh(None if found is None else found[1]), []


def common_mesh_of(
    sources: Sequence[Source], options: IngestOptions, layout: ArrayLayout, mesh: Mesh
) -> CommonMesh | None:
    """Return the way in which runs with meshes of their own share one; None where all have it.

    Raises UserError where only a part of the sources has such runs, or a part of the nodes is used.
    """
    found = [source.common for source in sources if source.common is not None]
    if not found:
        return None
    if len(found) < len(sources) or not all(found[0].mesh.same_as(each.mesh) for each in found):
        raise UserError(
            f"{sources[1].path}: runs with meshes of their own are read from one folder: put all "
            "of them there"
        )
    if options.mesh is not None:
        raise UserError(f"{options.mesh}: the runs have meshes of their own: leave out --mesh")
    if (layout.first_node, layout.end_node) != (0, layout.nodes):
        raise UserError(
            "node_start and node_end (Dim3_start, Dim3_end) are for runs with one mesh: leave them "
            "out"
        )
    return restore_common_mesh(found[0].to_record(), mesh)


def motion_of(sources: Sequence[Source], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the variables by which nodes move; none where they stay.

    Raises UserError where only a part of the sources has a mesh that moves.
    """
    motion = sources[0].motion
    for source in sources:
        if source.motion != motion:
            raise UserError(
                f"{source.path}: its mesh {'moves' if source.motion else 'does not move'} in time "
                f"by {', '.join(source.motion or motion)}, as that of {sources[0].path} does "
                f"{'not' if source.motion else ''}".rstrip()
            )
    # The user may name all variables anew.
    known = texts(sources, "variables") or names
    return tuple(names[known.index(name)] for name in motion)
