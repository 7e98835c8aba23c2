/** One drawing of the mesh: a new field only uploads one number for each point. */

import {
  BufferAttribute,
  BufferGeometry,
  DataTexture,
  DoubleSide,
  type IUniform,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  LineSegments,
  LinearFilter,
  Mesh,
  Points,
  Scene,
  ShaderMaterial,
  Vector2,
  Vector3,
  Vector4,
} from "three";
import type { Range } from "../fields/ranges";
import { ArrowObject } from "./arrow_object";
import { type ColourMapName, colours } from "./colour_maps";
import type { DrawnMesh } from "./drawn_mesh";
import { EDGE_FRAGMENT, EDGE_VERTEX, FRAGMENT, LINE_VERTEX, SURFACE_VERTEX } from "./shaders";
import { ShapedPoints } from "./shaped_points";

/** Uniforms that all materials of a drawing share. */
export type Uniforms = Record<
  "uFactor" | "uLow" | "uScale" | "uMap" | "uClip" | "uIsolines" | "uUnvalued" | "uKnown" | "uInk" | "uPixels",
  IUniform
>;

const EVERYTHING = new Vector4(0, 0, 0, 1);

export class FieldObject {
  readonly scene = new Scene();
  readonly arrows: ArrowObject;
  readonly shaped: ShapedPoints;
  private readonly value: BufferAttribute;
  private readonly displacement: BufferAttribute;
  private readonly edges: LineSegments | null;
  private readonly lines: LineStrips | null;
  private map: ColourMapName | null = null;
  readonly uniforms: Uniforms = {
    uFactor: { value: 0 },
    uLow: { value: 0 },
    uScale: { value: 1 },
    uMap: { value: null },
    uClip: { value: EVERYTHING },
    uIsolines: { value: 0 },
    uUnvalued: { value: new Vector3(0.72, 0.72, 0.72) },
    uKnown: { value: 1 },
    uInk: { value: new Vector3(0, 0, 0) },
    uPixels: { value: new Vector2(0.002, 0.002) },
  };

  constructor(private readonly mesh: DrawnMesh) {
    const count = mesh.rows.length;
    this.value = new BufferAttribute(new Float32Array(count), 1);
    this.displacement = new BufferAttribute(new Float32Array(3 * count), 3);
    this.shaped = new ShapedPoints(mesh);
    const shared = { ...this.shaped.attributes, value: this.value, displacement: this.displacement };
    const lit = mesh.dimension === 3;
    if (mesh.triangles.length) {
      this.scene.add(new Mesh(geometry(shared, mesh.triangles), this.material(SURFACE_VERTEX, { lit })));
    }
    this.lines = mesh.lines.length ? new LineStrips(mesh, this.material(LINE_VERTEX, {})) : null;
    if (this.lines) this.scene.add(this.lines.object);
    if (!mesh.triangles.length && !mesh.lines.length) {
      this.scene.add(new Points(geometry(shared, null), this.material(SURFACE_VERTEX, { round: true })));
    }
    this.edges = mesh.edges.length ? this.edgeObject(shared) : null;
    if (this.edges) this.scene.add(this.edges);
    this.arrows = new ArrowObject(mesh, this.shaped, this.uniforms);
    this.scene.add(this.arrows.object);
    // Points move by their displacement, which bounding spheres do not know.
    this.scene.traverse((object) => (object.frustumCulled = false));
  }

  /** Show the geometry `[M, S]` of a design; null where all have one mesh. */
  setShape(key: string, shape: Float32Array | null): void {
    if (!this.shaped.set(key, shape)) return;
    this.lines?.setPoints(this.shaped.points);
    this.arrows.setPoints();
  }

  /** Show values of the fields' rows, `[M]`; all is drawn as without values where they are infinite or no numbers. */
  setValues(values: Float32Array): void {
    const { rows } = this.mesh;
    const array = this.value.array as Float32Array;
    for (let p = 0; p < rows.length; p++) array[p] = values[rows[p]];
    const isKnown = array.every(Number.isFinite);
    if (!isKnown) array.fill(0);
    this.uniforms.uKnown.value = isKnown ? 1 : 0;
    this.value.needsUpdate = true;
    this.lines?.setValues(array);
  }

  /** Displace the points by a vector of a field `[M·V]`; each variable has its offset. */
  setDisplacement(field: Float32Array, offsets: Float64Array, components: readonly number[]): void {
    const { rows } = this.mesh;
    const array = this.displacement.array as Float32Array;
    components.slice(0, 3).forEach((v, c) => {
      for (let p = 0; p < rows.length; p++) {
        array[3 * p + c] = field[rows[p] * offsets.length + v] + offsets[v];
      }
    });
    this.displacement.needsUpdate = true;
    this.lines?.setDisplacement(array);
    this.arrows.setDisplacement(array);
  }

  setRange([low, high]: Range): void {
    this.uniforms.uLow.value = low;
    this.uniforms.uScale.value = 1 / (high - low);
  }

  setMap(name: ColourMapName): void {
    if (name === this.map) return;
    this.map = name;
    (this.uniforms.uMap.value as DataTexture | null)?.dispose();
    const texture = new DataTexture(colours(name, 256), 256, 1);
    texture.magFilter = LinearFilter;
    texture.minFilter = LinearFilter;
    texture.needsUpdate = true;
    this.uniforms.uMap.value = texture;
  }

  showEdges(shown: boolean): void {
    if (this.edges) this.edges.visible = shown;
  }

  /** Write the place of a point as it is drawn. */
  place(point: number, into: Vector3): Vector3 {
    const factor = this.uniforms.uFactor.value as number;
    const { points } = this.shaped;
    const moved = this.displacement.array;
    return into.set(
      points[3 * point] + factor * moved[3 * point],
      points[3 * point + 1] + factor * moved[3 * point + 1],
      points[3 * point + 2] + factor * moved[3 * point + 2],
    );
  }

  private material(vertex: string, { lit = false, round = false }): ShaderMaterial {
    const defines: Record<string, string> = { POINT_SIZE: round ? "7.0" : "1.0", LINE_WIDTH: "5.0" };
    if (lit) defines.LIT = "";
    if (round) defines.ROUND = "";
    if (this.shaped.distance) defines.CUT = "";
    return new ShaderMaterial({
      uniforms: this.uniforms,
      vertexShader: vertex,
      fragmentShader: FRAGMENT,
      defines,
      side: DoubleSide,
      // Edges lie on the surface, and are drawn in front of it.
      polygonOffset: true,
      polygonOffsetFactor: 1,
      polygonOffsetUnits: 1,
    });
  }

  private edgeObject(shared: Record<string, BufferAttribute>): LineSegments {
    const material = new ShaderMaterial({
      uniforms: this.uniforms,
      vertexShader: EDGE_VERTEX,
      fragmentShader: EDGE_FRAGMENT,
      defines: this.shaped.distance ? { CUT: "" } : {},
      transparent: true,
      depthWrite: false,
    });
    return new LineSegments(geometry(shared, this.mesh.edges), material);
  }
}

function geometry(shared: Record<string, BufferAttribute>, index: Uint32Array | null): BufferGeometry {
  const made = new BufferGeometry();
  for (const [name, attribute] of Object.entries(shared)) made.setAttribute(name, attribute);
  if (index) made.setIndex(new BufferAttribute(index, 1));
  return made;
}

/** Lines of several pixels' width, one instance for each segment. */
class LineStrips {
  readonly object: Mesh;
  private readonly ends: Record<
    "value" | "valueEnd" | "displacement" | "displacementEnd" | "start" | "end",
    InstancedBufferAttribute
  >;

  constructor(
    private readonly mesh: DrawnMesh,
    material: ShaderMaterial,
  ) {
    const { lines } = mesh;
    const count = lines.length / 2;
    const strip = new InstancedBufferGeometry();
    strip.setAttribute(
      "position",
      new BufferAttribute(new Float32Array([0, -0.5, 0, 1, -0.5, 0, 1, 0.5, 0, 0, 0.5, 0]), 3),
    );
    strip.setIndex([0, 1, 2, 0, 2, 3]);
    const made = (size: number): InstancedBufferAttribute =>
      new InstancedBufferAttribute(new Float32Array(size * count), size);
    this.ends = {
      value: made(1),
      valueEnd: made(1),
      displacement: made(3),
      displacementEnd: made(3),
      start: made(3),
      end: made(3),
    };
    this.setPoints(mesh.points);
    for (const [name, attribute] of Object.entries(this.ends)) strip.setAttribute(name, attribute);
    strip.instanceCount = count;
    this.object = new Mesh(strip, material);
  }

  setPoints(points: Float32Array): void {
    this.set("start", "end", points, 3);
  }

  setValues(values: Float32Array): void {
    this.set("value", "valueEnd", values, 1);
  }

  setDisplacement(displacement: Float32Array): void {
    this.set("displacement", "displacementEnd", displacement, 3);
  }

  private set(first: keyof LineStrips["ends"], second: keyof LineStrips["ends"], from: Float32Array, size: number): void {
    gather(from, this.mesh.lines, 0, size, this.ends[first].array as Float32Array);
    gather(from, this.mesh.lines, 1, size, this.ends[second].array as Float32Array);
    this.ends[first].needsUpdate = true;
    this.ends[second].needsUpdate = true;
  }
}

/** Copy the values of one end of each line. */
function gather(from: Float32Array, lines: Uint32Array, end: 0 | 1, size: number, into: Float32Array): void {
  for (let i = 0; i < lines.length / 2; i++) {
    const point = lines[2 * i + end];
    for (let c = 0; c < size; c++) into[size * i + c] = from[size * point + c];
  }
}
