import { describe, expect, it } from "vitest";
import type { Geometry } from "../../src/data/description";
import { DrawnMesh } from "../../src/view/drawn_mesh";
import { ShapedPoints } from "../../src/view/shaped_points";
import { container, DESCRIPTION } from "../containers";

/** A square of two triangles, of whose five nodes the fourth is not drawn. */
function square(kind: Geometry["kind"] | null): DrawnMesh {
  const geometry = kind && { kind, lower: [0, 0, 0], upper: [3, 2, 0], note: "" } as Geometry;
  return new DrawnMesh(container({ ...DESCRIPTION, node_count: 5, geometry }, {
    "mesh.points": { data: Float32Array.of(0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0) },
    "mesh.rows": { data: Uint32Array.of(0, 1, 2, 4) },
    "mesh.triangles": { data: Uint32Array.of(0, 1, 2, 0, 2, 3) },
  }));
}

describe("points", () => {
  it("move with the geometry of a design, each drawing on its own", () => {
    const mesh = square("moved");
    const [one, other] = [new ShapedPoints(mesh), new ShapedPoints(mesh)];
    const shape = Float32Array.of(0, 0, 2, 0, 2, 1, 9, 9, 0, 1);
    expect(one.set("a", shape)).toBe(true);
    expect([...one.points]).toEqual([0, 0, 0, 2, 0, 0, 2, 1, 0, 0, 1, 0]);
    expect([...other.points]).toEqual([...mesh.points]);
    expect(one.set("a", shape)).toBe(false);
    expect(one.box().max.toArray()).toEqual([2, 1, 0]);
    expect(mesh.position(2, one.points)).toEqual([2, 1, 0]);
    expect(mesh.box.max.toArray()).toEqual([3, 2, 0]);
  });

  it("stay where all designs have one mesh", () => {
    const mesh = square(null);
    const points = new ShapedPoints(mesh);
    expect(points.set("a", null)).toBe(false);
    expect(points.points).toBe(mesh.points);
    expect(points.isInside(0)).toBe(true);
    expect(mesh.box.max.toArray()).toEqual([1, 1, 0]);
  });

  it("are cut off outside of the geometry", () => {
    const points = new ShapedPoints(square("cut"));
    expect(points.set("a", Float32Array.of(1, -1, 0.5, 7, -0.5))).toBe(false);
    expect([0, 1, 2, 3].map((point) => points.isInside(point))).toEqual([true, false, true, false]);
    expect(points.isCutOff([0, 1], [0.6, 0.4])).toBe(false);
    expect(points.isCutOff([0, 1], [0.4, 0.6])).toBe(true);
    expect(points.box().max.toArray()).toEqual([1, 1, 0]);
  });
});
