/** The state as the fragment of a link, and back. */

import { unpacked } from "../data/embedded";
import type { Container } from "../data/container";
import { SHOWN, scalarsOf } from "../fields/scalars";
import { likePixels, type Pixels } from "../image/pixels";
import { trainingImage } from "../image/training";
import { isMap } from "../view/colour_maps";
import { RANGE_KINDS, type Design, type State } from "./state";

/** Write a state as a fragment, without `#`. Only what differs from the initial state is written. */
export async function toFragment(state: State, initial: State, container: Container): Promise<string> {
  const parts = new URLSearchParams();
  if (state.design.parameters.length) parts.set("x", state.design.parameters.join(","));
  if (state.design.image) parts.set("image", await imageText(state.design.image));
  if (state.pinned) {
    parts.set("pin", state.pinned.parameters.join(","));
    if (state.pinned.image) parts.set("pinimage", await imageText(state.pinned.image));
  }
  parts.set("t", String(state.time));
  const labels = scalarsOf(container.description).map((scalar) => scalar.label);
  if (state.scalar !== initial.scalar) parts.set("field", labels[state.scalar]);
  if (state.shown !== initial.shown) parts.set("show", state.shown);
  if (state.map !== initial.map) parts.set("map", state.map);
  if (state.rangeKind === "manual") parts.set("range", state.manual.join(","));
  else if (state.rangeKind !== initial.rangeKind) parts.set("range", state.rangeKind);
  for (const key of FLAGS) {
    if (state[key] !== initial[key]) parts.set(key, state[key] ? "1" : "0");
  }
  if (state.factor !== null) parts.set("factor", String(state.factor));
  if (state.clip) {
    const { axis, position, flipped } = state.clip;
    parts.set("clip", `${"xyz"[axis]},${position},${flipped ? 1 : 0}`);
  }
  if (state.probes.length) parts.set("probes", state.probes.join(","));
  if (state.camera) parts.set("camera", state.camera.map((v) => Number(v.toPrecision(5))).join(","));
  return parts.toString().replaceAll("%2C", ",");
}

const FLAGS = ["edges", "isolines", "displaced", "arrows"] as const;

/** Whether a fragment has a design, whatever is in it. */
export function namesDesign(fragment: string): boolean {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  return parts.has("x") || parts.has("image");
}

/** Return what a fragment changes in the initial state; parts that make no sense are left out. */
export async function fromFragment(fragment: string, container: Container): Promise<Partial<State>> {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const { description } = container;
  const change: Partial<State> = {};
  const design = await readDesign(parts.get("x"), parts.get("image"), container);
  if (design) change.design = design;
  const pinned = parts.has("pin") || parts.has("pinimage");
  if (pinned) change.pinned = await readDesign(parts.get("pin"), parts.get("pinimage"), container);
  const time = Number(parts.get("t") ?? NaN);
  const last = description.times.length - 1;
  if (description.continuous_in_time ? time >= 0 && time <= last : isIndex(time, last + 1)) change.time = time;
  const scalar = scalarsOf(description).findIndex(({ label }) => label === parts.get("field"));
  if (scalar >= 0) change.scalar = scalar;
  const shown = SHOWN.find((each) => each === parts.get("show"));
  if (shown) change.shown = shown;
  const map = parts.get("map");
  if (map && isMap(map)) change.map = map;
  const range = parts.get("range");
  const kind = RANGE_KINDS.find((each) => each === range);
  const limits = numbers(range);
  if (kind) change.rangeKind = kind;
  else if (limits?.length === 2) Object.assign(change, { rangeKind: "manual", manual: limits });
  for (const key of FLAGS) if (parts.has(key)) change[key] = parts.get(key) === "1";
  const factor = numbers(parts.get("factor"));
  if (factor?.length === 1) change.factor = factor[0];
  const clip = /^([xyz]),([0-9.]+),([01])$/.exec(parts.get("clip") ?? "");
  if (clip) {
    const axis = "xyz".indexOf(clip[1]) as 0 | 1 | 2;
    change.clip = { axis, position: Math.min(Number(clip[2]), 1), flipped: clip[3] === "1" };
  }
  const probes = numbers(parts.get("probes"));
  if (probes) change.probes = probes.filter((row) => isIndex(row, description.node_count)).slice(0, 8);
  const camera = numbers(parts.get("camera"));
  if (camera?.length === CAMERA_NUMBERS && canBeDrawn(camera)) change.camera = camera;
  return change;
}

/** Position, target and zoom. */
export const CAMERA_NUMBERS = 7;
/** Largest number of a camera: the graphics card multiplies them in single precision. */
const FARTHEST = 1e12;

function canBeDrawn(camera: readonly number[]): boolean {
  return camera.every((value) => Math.abs(value) < FARTHEST) && camera[CAMERA_NUMBERS - 1] > 0;
}

function numbers(text: string | null): number[] | null {
  if (!text) return null;
  const found = text.split(",").map(Number);
  return found.every(Number.isFinite) ? found : null;
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

async function readDesign(
  table: string | null,
  image: string | null,
  container: Container,
): Promise<Design | null> {
  const { inputs, image: format } = container.description;
  const parameters = inputs.length ? numbers(table) : [];
  if (parameters?.length !== inputs.length) return null;
  const possible = inputs.every(
    (input, i) => input.kind === "number" || isIndex(parameters[i], input.values.length),
  );
  if (!possible) return null;
  if (!format) return { parameters, image: null };
  const pixels = image ? await readImage(image, container) : null;
  return pixels && { parameters, image: pixels };
}

/** Training images by the number of their run, others by their values (deflated). */
async function imageText(image: Pixels): Promise<string> {
  if (image.training !== null) return String(image.training);
  const { data } = image;
  const stream = new Blob([data.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `~${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

async function readImage(text: string, container: Container): Promise<Pixels | null> {
  const { data, shape } = container.array("training.images");
  const length = shape[1] * shape[2] * shape[3];
  if (!text.startsWith("~")) {
    return trainingImage(container, Number(text));
  }
  try {
    const bytes = await unpacked(text.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const values = new (data.constructor as new (buffer: ArrayBuffer) => Float32Array<ArrayBuffer>)(
      bytes.buffer,
    );
    return values.length === length ? { data: likePixels(data, values), training: null } : null;
  } catch {
    return null;
  }
}
