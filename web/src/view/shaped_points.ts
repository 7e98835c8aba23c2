/** The points of one drawing in the geometry of its design. */

import { Box3, BufferAttribute, Vector3 } from "three";
import type { DrawnMesh } from "./drawn_mesh";

export class ShapedPoints {
  /** `[N, 3]`. */
  readonly points: Float32Array;
  /** Distance from the boundary, positive inside, `[N]`; null where nothing is cut off. */
  readonly distance: Float32Array | null;
  readonly attributes: Record<string, BufferAttribute>;
  private shown = "";

  constructor(private readonly mesh: DrawnMesh) {
    const { rows, geometry } = mesh;
    const moves = geometry?.kind === "moved";
    this.points = moves ? mesh.points.slice() : mesh.points;
    this.distance = geometry?.kind === "cut" ? new Float32Array(rows.length).fill(1) : null;
    this.attributes = moves
      ? { ...mesh.attributes, position: new BufferAttribute(this.points, 3) }
      : { ...mesh.attributes };
    if (this.distance) this.attributes.inward = new BufferAttribute(this.distance, 1);
  }

  /** Take the shape `[M, S]` of a design; return whether points have moved.
   *
   * @param key - Equal for equal designs.
   */
  set(key: string, shape: Float32Array | null): boolean {
    if (!shape || key === this.shown) return false;
    this.shown = key;
    const { rows } = this.mesh;
    if (this.distance) {
      for (let p = 0; p < rows.length; p++) this.distance[p] = shape[rows[p]];
      this.attributes.inward.needsUpdate = true;
      return false;
    }
    const dimensions = shape.length / this.mesh.nodes;
    for (let p = 0; p < rows.length; p++) {
      for (let c = 0; c < dimensions; c++) this.points[3 * p + c] = shape[rows[p] * dimensions + c];
    }
    this.attributes.position.needsUpdate = true;
    return true;
  }

  /** Whether a point is a part of the geometry. */
  isInside(point: number): boolean {
    return !this.distance || this.distance[point] > 0;
  }

  /** Whether a place between points, with these weights, is outside of the geometry. */
  isCutOff(points: number[], weights: number[]): boolean {
    const { distance } = this;
    return distance !== null && points.reduce((sum, point, i) => sum + weights[i] * distance[point], 0) <= 0;
  }

  /** Return a box around the geometry. */
  box(): Box3 {
    if (!this.distance) return new Box3().setFromArray(this.points);
    const box = new Box3();
    const { triangles } = this.mesh;
    const place = new Vector3();
    for (let t = 0; t < triangles.length; t += 3) {
      const corners = triangles.subarray(t, t + 3);
      // The boundary runs between points inside and outside.
      if (!corners.some((point) => this.isInside(point))) continue;
      for (const point of corners) box.expandByPoint(place.fromArray(this.points, 3 * point));
    }
    return box;
  }
}
