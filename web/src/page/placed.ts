/** Where the nodes of the present design are. */

import type { ShownDesign } from "../model/messages";
import type { DrawnMesh } from "../view/drawn_mesh";
import { ShapedPoints } from "../view/shaped_points";

export class Placed {
  private readonly shaped: ShapedPoints;

  /**
   * @param current - Returns the present design; null before there is one.
   */
  constructor(
    private readonly mesh: DrawnMesh,
    private readonly current: () => ShownDesign | null,
  ) {
    this.shaped = new ShapedPoints(mesh);
  }

  /** Positions of the drawn points, `[N, 3]`. */
  get points(): Float32Array {
    return this.upToDate.points;
  }

  /** Return the coordinates of a row's point; null where it is not drawn. */
  position(row: number): [number, number, number] | null {
    return this.mesh.position(row, this.points);
  }

  /** Whether a row belongs to the geometry of the design. */
  isInside(row: number): boolean {
    const point = this.mesh.pointOf(row);
    return point === undefined || this.upToDate.isInside(point);
  }

  /** Return the row of the drawn point that is nearest to a place and has a value; null for none. */
  nearest(place: number[]): number | null {
    const { rows, valued } = this.mesh;
    const { points } = this.upToDate;
    let [found, least]: [number | null, number] = [null, Infinity];
    for (let p = 0; p < rows.length; p++) {
      if (!valued[p] || !this.shaped.isInside(p)) continue;
      const distance = place.reduce((sum, value, c) => sum + (points[3 * p + c] - value) ** 2, 0);
      if (distance < least) [found, least] = [rows[p], distance];
    }
    return found;
  }

  private get upToDate(): ShapedPoints {
    const design = this.current();
    if (design) this.shaped.set(design.key, design.shape);
    return this.shaped;
  }
}
