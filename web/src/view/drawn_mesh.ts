/** The drawn part of the mesh, and what follows from its points. */

import { Box3, BufferAttribute, Vector3 } from "three";
import type { Container } from "../data/container";
import type { Geometry } from "../data/description";

export class DrawnMesh {
  /** `[N, 3]`. */
  readonly points: Float32Array;
  /** Row of the fields for each point, `[N]`. */
  readonly rows: Uint32Array;
  readonly triangles: Uint32Array;
  readonly lines: Uint32Array;
  readonly edges: Uint32Array;
  readonly dimension: 1 | 2 | 3;
  /** Geometries of designs, whose points then move or are cut off; null for one mesh. */
  readonly geometry: Geometry | null;
  /** Number of nodes, also of those that are not drawn. */
  readonly nodes: number;
  /** Box around the mesh, or around the geometries of the training runs. */
  readonly box: Box3;
  /** Length of the box's diagonal. */
  readonly size: number;
  /** 1 for each point that shows a value. */
  readonly valued: Float32Array;
  readonly attributes: { position: BufferAttribute; valued: BufferAttribute };
  private readonly firstPoints = new Map<number, number>();

  constructor(container: Container) {
    const optional = (name: string): Uint32Array =>
      container.has(name) ? container.indices(name) : new Uint32Array(0);
    this.points = container.floats("mesh.points");
    this.rows = container.indices("mesh.rows");
    this.triangles = optional("mesh.triangles");
    this.lines = optional("mesh.lines");
    this.edges = optional("mesh.edges");
    const { dimension, geometry, node_count: nodes } = container.description;
    this.dimension = dimension;
    this.geometry = geometry ?? null;
    this.nodes = nodes;
    const valued = container.has("state.valued") ? container.bytes("state.valued") : null;
    this.valued = Float32Array.from(this.rows, (row) => (valued ? valued[row] : 1));
    this.attributes = {
      position: new BufferAttribute(this.points, 3),
      valued: new BufferAttribute(this.valued, 1),
    };
    this.box = geometry
      ? new Box3(new Vector3(...geometry.lower), new Vector3(...geometry.upper))
      : new Box3().setFromBufferAttribute(this.attributes.position);
    this.size = this.box.getSize(new Vector3()).length() || 1;
    this.rows.forEach((row, point) => {
      if (!this.firstPoints.has(row)) this.firstPoints.set(row, point);
    });
  }

  /** Return a point that shows a row of the fields; undefined where it is inside a volume. */
  pointOf(row: number): number | undefined {
    return this.firstPoints.get(row);
  }

  /** Return the coordinates of a row's point; the middle of its points for a cell.
   *
   * @param points - Positions of the points in the geometry of a design.
   */
  position(row: number, points = this.points): [number, number, number] | null {
    const sum = [0, 0, 0];
    let count = 0;
    // Points of a cell follow each other.
    for (let p = this.pointOf(row) ?? Infinity; p < this.rows.length && this.rows[p] === row; p++) {
      for (let c = 0; c < 3; c++) sum[c] += points[3 * p + c];
      count++;
    }
    return count ? [sum[0] / count, sum[1] / count, sum[2] / count] : null;
  }

  /** Return points that are spread evenly, at most one in each cube of a grid. */
  spreadPoints(wanted: number): number[] {
    const extent = this.box.getSize(new Vector3());
    const axes = Math.max([extent.x, extent.y, extent.z].filter((e) => e > 1e-6 * this.size).length, 1);
    const volume = [extent.x, extent.y, extent.z].reduce((v, e) => v * (e > 1e-6 * this.size ? e : 1), 1);
    const step = (volume / wanted) ** (1 / axes) || 1;
    const chosen = new Map<string, number>();
    for (let p = 0; p < this.rows.length; p++) {
      if (!this.valued[p]) continue;
      const cube = [0, 1, 2].map((c) => Math.floor((this.points[3 * p + c] - this.box.min.getComponent(c)) / step));
      const key = cube.join();
      if (!chosen.has(key)) chosen.set(key, p);
    }
    return [...chosen.values()];
  }
}
