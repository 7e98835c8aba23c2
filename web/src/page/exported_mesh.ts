/** The mesh of saved files: all nodes and cells of a volume, else what is drawn. */

import type { Container } from "../data/container";
import { type GridCells, drawnCells, offsetsOfCounts } from "../files/grid_cells";
import type { ShownDesign } from "../model/messages";
import type { DrawnMesh } from "../view/drawn_mesh";
import { ShapedPoints } from "../view/shaped_points";

export interface ExportedMesh {
  /** `[N, 3]`. */
  points: Float32Array;
  /** Row of the fields for each point, `[N]`. */
  rows: Uint32Array;
  /** 1 for each point with a value, `[N]`. */
  valued: ArrayLike<number>;
  cells: GridCells;
  /** Distance of each point from the boundary, positive inside; null where nothing is cut off. */
  distance: Float32Array | null;
  /** Return the coordinates of a row's point. */
  position(row: number): [number, number, number];
}

/** Return the mesh of a design. */
export function exportedMesh(container: Container, mesh: DrawnMesh, { shape }: ShownDesign): ExportedMesh {
  const moved = mesh.geometry?.kind === "moved" ? shape : null;
  if (!container.has("volume.points")) {
    const shaped = new ShapedPoints(mesh);
    shaped.set("this", shape);
    const { rows, valued } = mesh;
    const position = (row: number): [number, number, number] => mesh.position(row, shaped.points) ?? [NaN, NaN, NaN];
    const cells = drawnCells(mesh, rows.length);
    return { points: shaped.points, rows, valued, cells, position, distance: shaped.distance };
  }
  // Meshes with volumes have three coordinates.
  const points = moved ?? container.floats("volume.points");
  const rows = Uint32Array.from({ length: points.length / 3 }, (_, row) => row);
  return {
    points,
    rows,
    valued: container.has("state.valued") ? container.bytes("state.valued") : rows.map(() => 1),
    distance: null,
    position: (row) => [points[3 * row], points[3 * row + 1], points[3 * row + 2]],
    cells: {
      types: container.bytes("volume.types"),
      offsets: offsetsOfCounts(container.indices("volume.counts")),
      connectivity: Int32Array.from(container.indices("volume.connectivity")),
    },
  };
}
