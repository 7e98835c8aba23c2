/** The panes with the mesh: shows the fields, with titles, colour bars, markers and values. */

import { Vector4 } from "three";
import type { Container } from "../data/container";
import { automaticFactor } from "../fields/displacement";
import { fitting, short, withUnit } from "../fields/numbers";
import type { Range } from "../fields/ranges";
import { hasNumbers } from "../fields/scalars";
import { PROBE_COLOURS } from "../panels/probes";
import type { Clip, State } from "../state/state";
import { showsAtOnce, type Store } from "../state/store";
import { ColourBar } from "../view/colour_bar";
import type { DrawnMesh } from "../view/drawn_mesh";
import { Orientation } from "../view/orientation";
import { type Pane, type Pointed, Stage } from "../view/stage";
import { element } from "./dom";
import { type PictureText, type PictureTheme, picture } from "./picture";
import type { Predictions } from "./predictions";
import { type PaneContent, type ShownFields, withOffset } from "./shown_fields";

interface Overlay {
  pane: Pane;
  title: HTMLElement;
  bar: ColourBar;
  markers: HTMLElement;
}

export class MeshView {
  readonly stage: Stage;
  private readonly overlays: Overlay[];
  private readonly hover = element("div", { class: "hover", hidden: true });
  private readonly scale = element("div", { class: "scale", "aria-hidden": "true" });
  private readonly orientation: Orientation | null;
  private contents: PaneContent[] = [];
  private scaled = 0;

  constructor(
    root: HTMLElement,
    private readonly container: Container,
    private readonly mesh: DrawnMesh,
    private readonly fields: ShownFields,
    private readonly predictions: Predictions,
    private readonly store: Store,
  ) {
    this.stage = new Stage(root, mesh, 3);
    this.overlays = this.stage.panes.map((pane) => {
      const title = element("div", { class: "pane-title" });
      const bar = new ColourBar();
      const markers = element("div", { class: "markers" });
      pane.overlay.append(title, markers, bar.root);
      return { pane, title, bar, markers };
    });
    this.orientation = mesh.dimension === 3 ? new Orientation() : null;
    root.append(this.hover, this.scale);
    if (this.orientation) root.append(this.orientation.root);
    this.stage.onRendered = () => this.placeOverlays();
    this.stage.onHover = (at) => this.showHover(at);
    this.restyle();
    store.subscribe((_, changed) => {
      if (showsAtOnce(changed)) this.update();
    });
  }

  /** Show what the state asks for and what is computed. */
  update(): void {
    const { state } = this.store;
    const contents = this.fields.contents(state, this.predictions);
    if (!contents) return;
    if (contents.length !== this.contents.length) this.stage.show(contents.length);
    this.contents = contents;
    contents.forEach((content, i) => this.updatePane(content, i, state));
    this.stage.invalidate();
  }

  /** Range of the colours of the design, with the offset. */
  get range(): Range | null {
    return this.contents.length ? withOffset(this.contents[0].bar) : null;
  }

  /** Draw anew, as the colours of the page have changed. */
  restyle(): void {
    const [red, green, blue] = getComputedStyle(this.stage.root).color.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0];
    for (const { drawn } of this.stage.panes) {
      drawn.arrows.ink.set(red / 255, green / 255, blue / 255);
    }
    this.stage.invalidate();
  }

  private updatePane(content: PaneContent, i: number, state: State): void {
    const { pane, title, bar } = this.overlays[i];
    const { drawn } = pane;
    // A difference is drawn on this design.
    const design = i === 1 ? this.predictions.pinned : this.predictions.current;
    if (design) drawn.setShape(design.key, design.shape);
    drawn.setValues(content.values.values);
    drawn.setMap(content.bar.map);
    drawn.setRange(content.bar.range);
    drawn.showEdges(state.edges);
    drawn.uniforms.uIsolines.value = state.isolines ? 10 : 0;
    drawn.uniforms.uClip.value = this.clipPlane(state.clip);
    title.textContent = content.title;
    title.hidden = !content.title;
    bar.show(content.bar);
    this.updateVectors(pane, i, state);
  }

  private updateVectors({ drawn }: Pane, i: number, state: State): void {
    const { vectors, variables } = this.container.description;
    const shown = i === 1 ? this.predictions.pinned : this.predictions.current;
    if (!vectors.length || !shown) return;
    const chosen = this.fields.scalars[state.scalar].vector;
    const arrows = chosen ?? vectors[0];
    // Points that are no numbers could not be drawn: the mesh stays at rest.
    const isKnown = hasNumbers(shown);
    if (state.arrows && isKnown) drawn.arrows.setVectors(shown.field, variables.length, arrows.components);
    else drawn.arrows.hide();
    const moving = vectors.find((vector) => vector === chosen && vector.is_displacement)
      ?? vectors.find((vector) => vector.is_displacement);
    if (!moving) return;
    if (isKnown) drawn.setDisplacement(shown.field, this.fields.offsets, moving.components);
    drawn.uniforms.uFactor.value = state.displaced && isKnown ? (state.factor ?? this.automatic(moving)) : 0;
  }

  /** Return the factor that shows the largest displacement of the training runs well. */
  automatic(moving: { components: number[] }): number {
    const { variables } = this.container.description;
    let square = 0;
    for (const v of moving.components) square += Math.max(...variables[v].range.map(Math.abs)) ** 2;
    return automaticFactor(Math.sqrt(square), this.mesh.size);
  }

  private clipPlane(clip: Clip | null): Vector4 {
    if (!clip) return new Vector4(0, 0, 0, 1);
    const { box, size } = this.mesh;
    const [low, high] = [box.min.getComponent(clip.axis), box.max.getComponent(clip.axis)];
    // At both ends nothing is cut off, or all.
    const at = low + clip.position * (high - low) + (clip.position - 0.5) * 1e-4 * size;
    const sign = clip.flipped ? -1 : 1;
    const normal = [0, 0, 0].with(clip.axis, sign);
    return new Vector4(normal[0], normal[1], normal[2], sign * at);
  }

  /** Return an image file of the panes. */
  picture(text: PictureText, theme: PictureTheme): Promise<Blob> {
    const panes = this.stage.visible.map(({ place }, i) => ({
      ...place,
      title: this.contents[i].title,
      bar: this.contents[i].bar,
    }));
    // The canvas keeps its pixels only until the browser shows its next frame.
    this.stage.render();
    return picture(this.stage.canvas, text, panes, theme);
  }

  private placeOverlays(): void {
    this.orientation?.show(this.stage.camera.camera);
    this.showScale();
    const { probes } = this.store.state;
    for (const { pane, markers } of this.overlays) {
      if (pane.overlay.hidden) continue;
      while (markers.children.length > probes.length) markers.lastElementChild?.remove();
      probes.forEach((row, i) => {
        const marker = (markers.children[i] as HTMLElement | undefined) ?? markers.appendChild(element("span", { class: "marker" }));
        const point = this.mesh.pointOf(row);
        marker.hidden = point === undefined || !pane.drawn.shaped.isInside(point);
        if (point === undefined || marker.hidden) return;
        const { x, y } = this.stage.project(pane, point);
        marker.textContent = String(i + 1);
        marker.style.background = PROBE_COLOURS[i % PROBE_COLOURS.length];
        marker.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      });
    }
  }

  /** Draw a line of a round length. */
  private showScale(): void {
    if (this.scaled === this.stage.perPixel) return;
    this.scaled = this.stage.perPixel;
    const per = this.stage.perPixel;
    const power = 10 ** Math.floor(Math.log10(120 * per));
    const length = [5, 2, 1].map((m) => m * power).find((each) => each <= 120 * per) ?? power;
    this.scale.style.width = `${length / per}px`;
    this.scale.textContent = withUnit(short(length), this.container.description.length_unit);
  }

  private showHover(at: Pointed | null): void {
    this.hover.hidden = !at || !this.contents.length;
    const content = at && this.contents[at.pane];
    if (!content) return;
    const { description } = this.container;
    const row = this.mesh.rows[at.point];
    const scalar = this.fields.scalars[this.store.state.scalar];
    const { values, bar } = content;
    const step = (bar.range[1] - bar.range[0]) / 100;
    const value = values.values[row] + values.offset;
    const valued = this.mesh.valued[at.point] === 1;
    const { points } = this.stage.panes[at.pane].drawn.shaped;
    const place = Array.from(points.subarray(3 * at.point, 3 * at.point + description.dimension));
    const text = valued && Number.isFinite(value) ? withUnit(fitting(value, step), scalar.unit) : "no value";
    this.hover.replaceChildren(
      element("strong", {}, text),
      element("span", {}, `(${place.map((each) => short(each, 3)).join(", ")}) · ${row}`),
    );
    const left = at.x > this.stage.root.clientWidth - 190;
    this.hover.style.transform = `translate(${left ? at.x - 180 : at.x + 14}px, ${Math.max(at.y - 44, 4)}px)`;
  }
}
