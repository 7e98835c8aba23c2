/** Arrows of a vector field, at points that are spread evenly. */

import {
  type BufferAttribute,
  ConeGeometry,
  CylinderGeometry,
  DoubleSide,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  Mesh,
  ShaderMaterial,
  Vector3,
} from "three";
import { mergeGeometries } from "three/examples/jsm/utils/BufferGeometryUtils.js";
import type { DrawnMesh } from "./drawn_mesh";
import type { Uniforms } from "./field_object";
import type { ShapedPoints } from "./shaped_points";
import { ARROW_FRAGMENT, ARROW_VERTEX } from "./shaders";

const WANTED = 500;

export class ArrowObject {
  readonly object: Mesh;
  private chosen: number[] | null = null;
  private vector: InstancedBufferAttribute | null = null;
  private displacement: InstancedBufferAttribute | null = null;
  private origin: InstancedBufferAttribute | null = null;
  private readonly length = { value: 0 };
  /** Red, green and blue, 0 … 1. */
  readonly ink = new Vector3();

  constructor(
    private readonly mesh: DrawnMesh,
    private readonly shaped: ShapedPoints,
    uniforms: Uniforms,
  ) {
    const material = new ShaderMaterial({
      uniforms: { ...uniforms, uLength: this.length, uInk: { value: this.ink } },
      vertexShader: ARROW_VERTEX,
      fragmentShader: ARROW_FRAGMENT,
      side: DoubleSide,
      depthTest: mesh.dimension === 3,
    });
    this.object = new Mesh(new InstancedBufferGeometry(), material);
    this.object.renderOrder = 2;
    this.object.visible = false;
  }

  /** Show a vector of a field `[M·V]`; the longest arrow is a little longer than their distance. */
  setVectors(field: Float32Array, variables: number, components: readonly number[]): void {
    const chosen = (this.chosen ??= this.prepare());
    const array = this.vector?.array as Float32Array;
    let longest = 0;
    chosen.forEach((point, i) => {
      let square = 0;
      components.slice(0, 3).forEach((v, c) => {
        const value = this.shaped.isInside(point) ? field[this.mesh.rows[point] * variables + v] : 0;
        array[3 * i + c] = value;
        square += value * value;
      });
      longest = Math.max(longest, Math.sqrt(square));
    });
    this.length.value = longest > 0 ? (0.06 * this.mesh.size) / longest : 0;
    (this.vector as BufferAttribute).needsUpdate = true;
    this.object.visible = true;
  }

  hide(): void {
    this.object.visible = false;
  }

  /** Let the arrows begin where the points are now. */
  setPoints(): void {
    if (!this.chosen || !this.origin) return;
    const array = this.origin.array as Float32Array;
    this.chosen.forEach((p, i) => array.set(this.shaped.points.subarray(3 * p, 3 * p + 3), 3 * i));
    this.origin.needsUpdate = true;
  }

  setDisplacement(displacement: Float32Array): void {
    if (!this.chosen || !this.displacement) return;
    const array = this.displacement.array as Float32Array;
    this.chosen.forEach((point, i) => {
      for (let c = 0; c < 3; c++) array[3 * i + c] = displacement[3 * point + c];
    });
    this.displacement.needsUpdate = true;
  }

  private prepare(): number[] {
    const chosen = this.mesh.spreadPoints(WANTED);
    const shaft = new CylinderGeometry(0.03, 0.03, 0.7, 6).translate(0, 0.35, 0);
    const head = new ConeGeometry(0.1, 0.3, 8).translate(0, 0.85, 0);
    const arrow = mergeGeometries([shaft, head]).rotateX(Math.PI / 2);
    const geometry = this.object.geometry as InstancedBufferGeometry;
    geometry.setAttribute("position", arrow.getAttribute("position"));
    geometry.setAttribute("normal", arrow.getAttribute("normal"));
    geometry.setIndex(arrow.getIndex());
    this.chosen = chosen;
    this.origin = new InstancedBufferAttribute(new Float32Array(3 * chosen.length), 3);
    this.setPoints();
    geometry.setAttribute("origin", this.origin);
    this.vector = new InstancedBufferAttribute(new Float32Array(3 * chosen.length), 3);
    this.displacement = new InstancedBufferAttribute(new Float32Array(3 * chosen.length), 3);
    geometry.setAttribute("vector", this.vector);
    geometry.setAttribute("displacement", this.displacement);
    geometry.instanceCount = chosen.length;
    return chosen;
  }
}
