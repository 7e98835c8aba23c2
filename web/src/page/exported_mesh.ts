/** The mesh of saved files: all nodes and cells of a volume, else what is drawn. */

import type { Container } from "../data/container";
import { type GridCells, drawnCells, offsetsOfCounts } from "../files/grid_cells";
import type { DrawnMesh } from "../view/drawn_mesh";

export interface ExportedMesh {
  /** `[N, 3]`. */
  points: Float32Array;
  /** Row of the fields for each point, `[N]`. */
  rows: Uint32Array;
  /** 1 for each point with a value, `[N]`. */
  valued: ArrayLike<number>;
  cells: GridCells;
  /** Return the coordinates of a row's point. */
  position(row: number): [number, number, number];
}

export function exportedMesh(container: Container, mesh: DrawnMesh): ExportedMesh {
  if (!container.has("volume.points")) {
    const { points, rows, valued } = mesh;
    const position = (row: number): [number, number, number] => mesh.position(row) ?? [NaN, NaN, NaN];
    return { points, rows, valued, cells: drawnCells(mesh, rows.length), position };
  }
  const points = container.floats("volume.points");
  const rows = Uint32Array.from({ length: points.length / 3 }, (_, row) => row);
  return {
    points,
    rows,
    valued: container.has("state.valued") ? container.bytes("state.valued") : rows.map(() => 1),
    position: (row) => [points[3 * row], points[3 * row + 1], points[3 * row + 2]],
    cells: {
      types: container.bytes("volume.types"),
      offsets: offsetsOfCounts(container.indices("volume.counts")),
      connectivity: Int32Array.from(container.indices("volume.connectivity")),
    },
  };
}
