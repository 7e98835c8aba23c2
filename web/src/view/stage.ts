/** The panes with drawings of the mesh: one canvas, one camera. */

import { Vector2, Vector3, WebGLRenderer } from "three";
import { element } from "../page/dom";
import { type Direction, SharedCamera } from "./cameras";
import type { DrawnMesh } from "./drawn_mesh";
import { FieldObject } from "./field_object";
import { pick } from "./picking";

/** Width of the colour bar, in pixels. */
const BAR = 96;

export interface Pane {
  /** Lies over its part of the canvas; holds title, colour bar and markers. */
  readonly overlay: HTMLElement;
  readonly drawn: FieldObject;
  /** Place in the stage, in pixels. */
  place: { left: number; top: number; width: number; height: number };
}

export interface Pointed {
  point: number;
  /** Number of the pane. */
  pane: number;
  /** Pixels from the left and the top of the stage. */
  x: number;
  y: number;
}

/** Whether pictures are computed without a graphics card, where smooth edges cost half of the time. */
function drawsInSoftware(): boolean {
  const context = document.createElement("canvas").getContext("webgl2");
  const name = String(context?.getParameter(context.RENDERER));
  // Chromium and WebKit tell the card in an extension only, which Firefox warns of.
  const about = name === "WebKit WebGL" && context?.getExtension("WEBGL_debug_renderer_info");
  const card = about ? String(context?.getParameter(about.UNMASKED_RENDERER_WEBGL)) : name;
  return /swiftshader|llvmpipe|software|basic render/i.test(card);
}

export class Stage {
  readonly panes: Pane[] = [];
  readonly camera: SharedCamera;
  readonly canvas: HTMLCanvasElement;
  private readonly renderer: WebGLRenderer;
  private shown = 1;
  private waiting = false;
  onPick: (point: number) => void = () => {};
  onHover: (at: Pointed | null) => void = () => {};
  onMoved: () => void = () => {};
  onRendered: () => void = () => {};

  /** @throws Error where the browser has no WebGL 2. */
  constructor(
    readonly root: HTMLElement,
    private readonly mesh: DrawnMesh,
    panes: number,
  ) {
    this.renderer = new WebGLRenderer({ antialias: !drawsInSoftware(), alpha: true });
    this.canvas = this.renderer.domElement;
    this.canvas.setAttribute("aria-hidden", "true");
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.setScissorTest(true);
    this.renderer.autoClear = false;
    root.append(this.canvas);
    this.camera = new SharedCamera(mesh, () => {
      this.invalidate();
      this.onMoved();
    });
    for (let i = 0; i < panes; i++) this.addPane();
    new ResizeObserver(() => this.layOut()).observe(root);
    this.show(1);
  }

  /** Show the first `count` panes side by side or one above the other, as the mesh is larger. */
  show(count: number): void {
    this.shown = count;
    this.layOut();
  }

  /** Show the whole mesh from a direction: the geometries that are drawn now. */
  look(direction: Direction): void {
    const boxes = this.visible.map(({ drawn }) => drawn.shaped.box());
    const box = this.mesh.geometry ? boxes.reduce((one, other) => one.union(other)) : this.mesh.box;
    this.camera.look(direction, box);
  }

  get visible(): Pane[] {
    return this.panes.slice(0, this.shown);
  }

  /** Draw before the browser shows its next frame. */
  invalidate(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.render());
  }

  render(): void {
    this.waiting = false;
    const size = this.renderer.getSize(new Vector2());
    this.renderer.setScissor(0, 0, size.x, size.y);
    this.renderer.setViewport(0, 0, size.x, size.y);
    this.renderer.clear();
    for (const { place, drawn } of this.visible) {
      const { left, top, width, height } = place;
      const bottom = size.y - top - height;
      this.renderer.setViewport(left, bottom, width, height);
      this.renderer.setScissor(left, bottom, width, height);
      (drawn.uniforms.uPixels.value as Vector2).set(2 / width, 2 / height);
      this.renderer.render(drawn.scene, this.camera.camera);
    }
    this.onRendered();
  }

  /** Return the place of a point in a pane, in pixels from its left and top. */
  project(pane: Pane, point: number): { x: number; y: number } {
    const { width, height } = pane.place;
    const place = pane.drawn.place(point, new Vector3()).project(this.camera.camera);
    return { x: ((place.x + 1) / 2) * width, y: ((1 - place.y) / 2) * height };
  }

  /** Return how much of the mesh's unit a pixel is. */
  get perPixel(): number {
    return this.camera.perPixel(this.panes[0].place.height);
  }

  private addPane(): void {
    const overlay = element("div", { class: "pane" });
    this.root.append(overlay);
    const place = { left: 0, top: 0, width: 1, height: 1 };
    const pane: Pane = { overlay, drawn: new FieldObject(this.mesh), place };
    this.panes.push(pane);
    this.camera.control(overlay);
    let down: PointerEvent | null = null;
    overlay.addEventListener("pointerdown", (event) => (down = event));
    overlay.addEventListener("pointerup", (event) => {
      // A pointer that moved has turned or shifted the mesh.
      const still = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < 5;
      if (still && event.button === 0) {
        const point = this.pointed(pane, event);
        if (point !== null) this.onPick(point);
      }
      down = null;
    });
    let latest: PointerEvent | null = null;
    overlay.addEventListener("pointermove", (event) => {
      const first = latest === null;
      latest = event;
      if (!first) return;
      requestAnimationFrame(() => {
        if (latest) this.hover(pane, latest);
        latest = null;
      });
    });
    overlay.addEventListener("pointerleave", () => {
      latest = null;
      this.onHover(null);
    });
  }

  private hover(pane: Pane, event: PointerEvent): void {
    const point = event.buttons ? null : this.pointed(pane, event);
    const corner = this.root.getBoundingClientRect();
    this.onHover(
      point === null
        ? null
        : { point, pane: this.panes.indexOf(pane), x: event.clientX - corner.left, y: event.clientY - corner.top },
    );
  }

  private pointed(pane: Pane, event: PointerEvent): number | null {
    const { left, top, width, height } = pane.overlay.getBoundingClientRect();
    const x = (2 * (event.clientX - left)) / width - 1;
    const y = 1 - (2 * (event.clientY - top)) / height;
    return pick(this.mesh, pane.drawn, this.camera.camera, { x, y }, { width, height });
  }

  private layOut(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!width || !height) return;
    const stacked = this.camera.room(width, height / this.shown, BAR) > this.camera.room(width / this.shown, height, BAR);
    this.panes.forEach((pane, i) => {
      const part = Math.floor((stacked ? height : width) / this.shown);
      pane.overlay.hidden = i >= this.shown;
      // Reading the layout for each frame would cost more than drawing it.
      pane.place = stacked
        ? { left: 0, top: i * part, width, height: part }
        : { left: i * part, top: 0, width: part, height };
      for (const [name, value] of Object.entries(pane.place)) {
        pane.overlay.style.setProperty(name, `${value}px`);
      }
    });
    this.renderer.setSize(width, height);
    const { place } = this.panes[0];
    this.camera.setPane(place.width, place.height, BAR);
    this.invalidate();
  }
}
