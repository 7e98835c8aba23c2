/** Cells of VTK's unstructured grids. */

export interface GridCells {
  /** VTK's number of the type of each cell. */
  types: Uint8Array;
  /** Where the nodes of each cell end. */
  offsets: Int32Array;
  connectivity: Int32Array;
}

const VERTEX = 1;
const LINE = 3;
const TRIANGLE = 5;

/** Return lines and triangles, in this order; of points without any of them, vertices. */
export function drawnCells(
  { triangles, lines }: { triangles: Uint32Array; lines: Uint32Array },
  points: number,
): GridCells {
  const vertices = triangles.length + lines.length === 0 ? points : 0;
  const kinds = [
    { type: LINE, nodes: 2, count: lines.length / 2 },
    { type: TRIANGLE, nodes: 3, count: triangles.length / 3 },
    { type: VERTEX, nodes: 1, count: vertices },
  ];
  const total = kinds.reduce((sum, { count }) => sum + count, 0);
  const types = new Uint8Array(total);
  const counts = new Uint8Array(total);
  let start = 0;
  for (const { type, nodes, count } of kinds) {
    types.fill(type, start, start + count);
    counts.fill(nodes, start, start + count);
    start += count;
  }
  const connectivity = new Int32Array(lines.length + triangles.length + vertices);
  connectivity.set(lines);
  connectivity.set(triangles, lines.length);
  for (let i = 0; i < vertices; i++) connectivity[i] = i;
  return { types, offsets: offsetsOfCounts(counts), connectivity };
}

/** Return where the nodes of each cell end, from their numbers. */
export function offsetsOfCounts(counts: ArrayLike<number>): Int32Array {
  let end = 0;
  return Int32Array.from(counts, (count) => (end += count));
}
