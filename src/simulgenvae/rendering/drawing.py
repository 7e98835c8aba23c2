"""Drawing of a mesh by VTK, again and again with other values, colours and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from simulgenvae.mesh.vtk import import_pyvista, mesh_grid

if TYPE_CHECKING:
    import pyvista
    from numpy.typing import NDArray

    from simulgenvae.mesh.mesh import Mesh
    from simulgenvae.rendering.camera import Camera
    from simulgenvae.rendering.colours import Colours

_SHARP = 35.0
"""Angle in degrees between two faces from which their edge belongs to the shape."""
_EDGES = "#333333"
_FINER = 2
"""Pixels that are drawn for a pixel of the image, in each direction.

That makes edges smooth on every driver, whatever anti-aliasing it has.
"""
_NODE = "node"
_VALUES = "values"


class Surface:
    """Visible part of a mesh: its outer faces and the edges of its shape, or its nodes.

    Nodes are drawn where the mesh has no cells. Raises UserError as ``mesh_grid`` does.
    """

    def __init__(self, mesh: Mesh, what: str) -> None:
        grid = mesh_grid(mesh, what)
        # Passed on as values: VTK's own numbers are wrong where cells of several orders meet.
        grid.point_data[_NODE] = np.arange(grid.n_points)
        self.faces = grid.extract_surface(
            pass_pointid=False, pass_cellid=False, algorithm="dataset_surface"
        )
        self.edges = None
        if mesh.cells.dimension > 1:
            # First without splitting, so that neighbouring faces have the same side outside.
            self.faces = self._with_normals(split=False)
            self.edges = self.faces.extract_feature_edges(_SHARP, non_manifold_edges=False)
            self.faces = self._with_normals(split=True)
        self.rest = np.array(grid.points, dtype=np.float64)
        self.nodes = np.asarray(self.faces.point_data[_NODE])
        """Number of the node at each point of the faces."""
        self.has_cells = mesh.cells.dimension > 0

    def moved(self, displacement: NDArray[np.floating] | None) -> NDArray[np.float64]:
        """Return the positions `[M, 3]` of all nodes after a displacement `[M, D]`."""
        positions = self.rest.copy()
        if displacement is not None:
            positions[:, : displacement.shape[1]] += displacement
        return positions

    def place(self, displacement: NDArray[np.floating] | None) -> None:
        """Move faces and edges by a displacement `[M, D]`, or back where it is None."""
        positions = self.moved(displacement)
        self.faces.points = positions[self.nodes]
        if self.edges is not None:
            self.edges.points = positions[self.edges.point_data[_NODE]]
            self.faces.point_data["Normals"] = self._with_normals(split=False).point_data["Normals"]

    def _with_normals(self, *, split: bool) -> pyvista.PolyData:
        """Return the faces with normals; ``split`` doubles the points at sharp edges."""
        found: pyvista.PolyData = self.faces.compute_normals(
            cell_normals=False, split_vertices=split, feature_angle=_SHARP
        )
        return found


class Drawing:
    """Off-screen window with a surface in it, which must be closed.

    VTK must be able to draw: see :func:`~simulgenvae.rendering.context.require_context`.

    Parameters
    ----------
    surface
        Surface to draw.
    view
        Direction and extent of the view.
    size
        Width and height of the window in pixels.
    """

    def __init__(self, surface: Surface, view: Camera, size: tuple[int, int]) -> None:
        package = import_pyvista("Drawing")
        self._surface = surface
        with package.vtk_verbosity("off"):
            self._plotter = package.Plotter(
                off_screen=True, window_size=[_FINER * length for length in size]
            )
        self._plotter.renderer.SetBackground(1.0, 1.0, 1.0)
        # Drawn finer and reduced instead, which looks the same with every driver.
        self._plotter.disable_anti_aliasing()
        dots = _point_size(surface, view, size)
        surface.faces.point_data[_VALUES] = np.zeros(surface.faces.n_points)
        self._actor = self._plotter.add_mesh(
            surface.faces,
            scalars=_VALUES,
            show_scalar_bar=False,
            # Colours between nodes follow the values, and are not mixtures of two colours.
            interpolate_before_map=True,
            # In the plane light would only change the colours.
            lighting=not view.flat,
            # Together 1: otherwise colours without light would differ from the map.
            ambient=0.5,
            diffuse=0.5,
            line_width=_FINER * max(2.0, 0.006 * max(size)),
            point_size=_FINER * dots,
            render_points_as_spheres=not surface.has_cells,
        )
        if surface.edges is not None and surface.edges.n_points:
            edges = self._plotter.add_mesh(
                surface.edges, color=_EDGES, line_width=float(_FINER), lighting=False
            )
            # A little in front of the faces, or parts of the edges would vanish in them.
            edges.position = 1e-3 * (view.width + view.height) * view.towards
        self._look(view, size, margin=2.0 if surface.has_cells else 0.5 * dots)
        self._plotter.show(auto_close=False)
        self._tables: dict[Colours, pyvista.LookupTable] = {}
        self._moved = False

    def draw(
        self,
        values: NDArray[np.floating],
        colours: Colours,
        displacement: NDArray[np.floating] | None = None,
    ) -> NDArray[np.uint8]:
        """Return the image `[h, w, 3]` of values `[M]` on the mesh, moved by `[M, D]`."""
        # A panel without displacement must not show the mesh as the one before left it.
        if displacement is not None or self._moved:
            self._surface.place(displacement)
            self._moved = displacement is not None
        self._surface.faces.point_data[_VALUES] = values[self._surface.nodes]
        mapper = self._actor.mapper
        mapper.lookup_table = self._table(colours)
        mapper.scalar_range = (colours.low, colours.high)
        self._plotter.render()
        return np.asarray(Image.fromarray(self._plotter.image).reduce(_FINER))

    def close(self) -> None:
        """Close the window and free its memory."""
        self._plotter.close()

    def _table(self, colours: Colours) -> pyvista.LookupTable:
        if colours not in self._tables:
            table: pyvista.LookupTable = import_pyvista("Drawing").LookupTable(
                colours.name, n_values=256, scalar_range=(colours.low, colours.high)
            )
            self._tables[colours] = table
        return self._tables[colours]

    def _look(self, view: Camera, size: tuple[int, int], margin: float) -> None:
        """Place VTK's camera so that the view fills the window up to a margin in pixels.

        The margin is for edges and dots, which are wider than the mesh.
        """
        # Far enough in front of the mesh, wherever a displacement moves it.
        depth = np.ptp(self._surface.rest, axis=0).max() + view.width + view.height
        camera = self._plotter.camera
        camera.parallel_projection = True
        camera.focal_point = view.centre
        camera.position = view.centre + 2.0 * depth * view.towards
        camera.up = view.up
        width, height = (length - 2 * margin for length in size)
        camera.parallel_scale = 0.5 * size[1] * max(view.width / width, view.height / height)
        camera.clipping_range = (0.5 * depth, 4.0 * depth)


def _point_size(surface: Surface, view: Camera, size: tuple[int, int]) -> float:
    """Return the diameter in pixels with which evenly spread points leave no gaps."""
    shown = min(size[0] / view.width, size[1] / view.height) ** 2 * view.width * view.height
    return float(np.clip(1.4 * np.sqrt(shown / surface.faces.n_points), 2.0, 16.0))
