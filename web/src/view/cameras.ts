/** The camera that all panes share, and how a person moves it. */

import { type Box3, MOUSE, OrthographicCamera, TOUCH, Vector3 } from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { DrawnMesh } from "./drawn_mesh";

const MARGIN = 1.12;
/** Least and largest zoom. */
const ZOOMS = [0.2, 500] as const;
/** Least angle to the upright axis. */
const POLE = 0.01;

function zoomOf(wanted: number): number {
  return Math.min(Math.max(wanted, ZOOMS[0]), ZOOMS[1]);
}

export type Direction = "x" | "y" | "z" | "iso";

const DIRECTIONS: Readonly<Record<Direction, [number, number, number]>> = {
  x: [1, 0, 0],
  y: [0, -1, 0],
  z: [0, 0, 1],
  iso: [0.6, -0.9, 0.6],
};

export class SharedCamera {
  readonly camera = new OrthographicCamera();
  private readonly target = new Vector3();
  private readonly controls: OrbitControls[] = [];
  /** Half of the height that shows the whole mesh. */
  private half = 1;
  private aspect = 1;
  /** Part of a pane's width that is for the mesh. */
  private free = 1;
  /** What is shown as a whole. */
  private box: Box3;

  constructor(
    private readonly mesh: DrawnMesh,
    private readonly moved: () => void,
  ) {
    this.box = mesh.box;
    this.look(mesh.dimension === 3 ? "iso" : "z");
  }

  /** Let a person move the camera over an element. */
  control(element: HTMLElement): void {
    const controls = new OrbitControls(this.camera, element);
    controls.target = this.target;
    controls.zoomToCursor = true;
    [controls.minZoom, controls.maxZoom] = ZOOMS;
    if (this.mesh.dimension < 3) {
      controls.enableRotate = false;
      controls.mouseButtons = { LEFT: MOUSE.PAN, MIDDLE: MOUSE.DOLLY, RIGHT: MOUSE.PAN };
      controls.touches = { ONE: TOUCH.PAN, TWO: TOUCH.DOLLY_PAN };
    }
    controls.addEventListener("change", this.moved);
    controls.update();
    this.controls.push(controls);
  }

  /** Show the whole mesh from a direction, or what is in another box. */
  look(direction: Direction, box = this.mesh.box): void {
    const { size } = this.mesh;
    this.box = box;
    box.getCenter(this.target);
    // OrbitControls keeps this axis upright.
    this.camera.up.set(0, this.mesh.dimension === 3 ? 0 : 1, this.mesh.dimension === 3 ? 1 : 0);
    const from = new Vector3(...DIRECTIONS[direction]).normalize().multiplyScalar(4 * size);
    this.camera.position.copy(this.target).add(from);
    this.camera.near = 0.01 * size;
    this.camera.far = 20 * size;
    this.camera.zoom = 1;
    this.camera.lookAt(this.target);
    this.fit();
    this.update();
  }

  /** Turn the mesh by angles, as a drag to the right and upwards does. */
  turn(right: number, up: number): void {
    const offset = this.camera.position.clone().sub(this.target);
    const radius = offset.length();
    const azimuth = Math.atan2(offset.y, offset.x) - right;
    // Seen straight from above or below, there is no direction that is up.
    const height = Math.min(Math.max(Math.acos(offset.z / radius) + up, POLE), Math.PI - POLE);
    offset.set(Math.cos(azimuth) * Math.sin(height), Math.sin(azimuth) * Math.sin(height), Math.cos(height));
    this.camera.position.copy(this.target).addScaledVector(offset, radius);
    this.camera.lookAt(this.target);
    this.update();
  }

  /** Move the mesh to the right and upwards, by parts of the height that is shown. */
  shift(right: number, up: number): void {
    const [x, y] = [0, 1].map((column) => new Vector3().setFromMatrixColumn(this.camera.matrixWorld, column));
    const way = x.multiplyScalar(right).addScaledVector(y, up).multiplyScalar((-2 * this.half) / this.camera.zoom);
    this.camera.position.add(way);
    this.target.add(way);
    this.update();
  }

  /** Show the middle of the view larger by a factor. */
  zoomBy(factor: number): void {
    this.camera.zoom = zoomOf(this.camera.zoom * factor);
    this.update();
  }

  /** Tell the size of a pane, whose right side is kept free for the colour bar. */
  setPane(width: number, height: number, kept: number): void {
    this.aspect = width / height;
    this.free = Math.max((width - kept) / width, 0.5);
    this.fit();
    this.camera.updateProjectionMatrix();
  }

  /** Return position, target and zoom. */
  get numbers(): number[] {
    const { position, zoom } = this.camera;
    return [...position.toArray(), ...this.target.toArray(), zoom];
  }

  set numbers(values: number[]) {
    this.camera.position.fromArray(values, 0);
    this.target.fromArray(values, 3);
    this.camera.zoom = zoomOf(values[6]);
    this.camera.lookAt(this.target);
    this.update();
  }

  /** Length of the mesh that a pixel shows. */
  perPixel(height: number): number {
    return (2 * this.half) / this.camera.zoom / height;
  }

  private update(): void {
    this.camera.updateProjectionMatrix();
    for (const controls of this.controls) controls.update();
    this.moved();
  }

  /** Return the scale at which the mesh fits into a pane. */
  room(width: number, height: number, kept: number): number {
    const seen = this.seen();
    return Math.min((width - kept) / seen.width, height / seen.height);
  }

  private fit(): void {
    const { width, height } = this.seen();
    this.half = MARGIN * Math.max(height, width / this.aspect / this.free, 1e-3 * this.mesh.size);
    this.camera.top = this.half;
    this.camera.bottom = -this.half;
    const shift = this.half * this.aspect * (1 - this.free);
    this.camera.left = -this.half * this.aspect + shift;
    this.camera.right = this.half * this.aspect + shift;
  }

  /** Return half of the width and the height of the mesh's box, as the camera sees it. */
  private seen(): { width: number; height: number } {
    const { box } = this;
    this.camera.updateMatrixWorld();
    const inverse = this.camera.matrixWorldInverse;
    const least = 1e-3 * this.mesh.size;
    let [width, height] = [least, least];
    const centre = box.getCenter(new Vector3()).applyMatrix4(inverse);
    for (let corner = 0; corner < 8; corner++) {
      const point = new Vector3(
        corner & 1 ? box.max.x : box.min.x,
        corner & 2 ? box.max.y : box.min.y,
        corner & 4 ? box.max.z : box.min.z,
      ).applyMatrix4(inverse);
      width = Math.max(width, Math.abs(point.x - centre.x));
      height = Math.max(height, Math.abs(point.y - centre.y));
    }
    return { width, height };
  }
}
