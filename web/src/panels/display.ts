/** What is shown, and how. */

import type { Description } from "../data/description";
import type { Range } from "../fields/ranges";
import { type Scalar, SHOWN, type Shown } from "../fields/scalars";
import { button, choice, element, numberField, tick, writeNumber } from "../page/dom";
import type { RangeKind, State } from "../state/state";
import type { Store } from "../state/store";
import type { Direction } from "../view/cameras";
import { COLOUR_MAPS } from "../view/colour_maps";
import type { DrawnMesh } from "../view/drawn_mesh";

const RANGE_TEXTS: readonly (readonly [RangeKind, string])[] = [
  ["training", "Range: training runs"],
  ["time", "Range: this time"],
  ["design", "Range: all times"],
  ["manual", "Range: own limits"],
];

export function displayPanel(
  bar: HTMLElement,
  more: HTMLElement,
  description: Description,
  mesh: DrawnMesh,
  scalars: Scalar[],
  store: Store,
  view: {
    /** Shows the whole mesh from a direction; null for curves. */
    look: ((direction: Direction) => void) | null;
    /** Returns the range that is shown. */
    range: () => Range | null;
  },
): void {
  const { look } = view;
  const options = scalars.map(({ label }, i) => [String(i), label] as const);
  const field = choice("Field", options, (value) => store.set({ scalar: Number(value) }));
  const texts: Record<Shown, string> = {
    prediction: "Prediction",
    std: "Standard deviation",
    lower: `Lower end, ${description.calibration.label}`,
    upper: `Upper end, ${description.calibration.label}`,
  };
  const shown = choice("Shown", SHOWN.map((each) => [each, texts[each]] as const), (value) =>
    store.set({ shown: value as Shown }),
  );
  bar.append(field, shown);
  more.append(...colourControls(store, description.dimension > 1, view.range));
  const vector = description.vectors.length > 0;
  if (description.dimension > 1) more.append(...meshControls(mesh, store));
  if (vector && description.dimension > 1) more.append(...vectorControls(description, store));
  if (mesh.dimension === 3) more.append(clipControls(store));
  if (look) more.append(viewButtons(mesh, look));
  store.subscribe((state) => {
    field.value = String(state.scalar);
    shown.value = state.shown;
  });
}

function colourControls(store: Store, coloured: boolean, present: () => Range | null): HTMLElement[] {
  const maps = Object.entries(COLOUR_MAPS).map(([name, { label }]) => [name, label] as const);
  const map = choice("Colour map", [["auto", "Colours: automatic"], ...maps], (value) =>
    store.set({ map: value }),
  );
  const range = choice("Range of colours", RANGE_TEXTS, (value) => {
    const rangeKind = value as RangeKind;
    // Own limits begin with those that are shown.
    const shown = rangeKind === "manual" ? present() : null;
    store.set({ rangeKind, ...(shown && { manual: shown }) });
  });
  const limits = [0, 1].map((end) => {
    const field = numberField({
      "aria-label": end ? "Largest value of the colours" : "Least value of the colours",
    });
    field.addEventListener("change", () => {
      const value = Number(field.value);
      const manual = store.state.manual.with(end, value) as [number, number];
      if (field.value !== "" && manual[0] < manual[1]) store.set({ manual });
      else writeNumber(field, String(store.state.manual[end]));
    });
    return field;
  });
  const own = element("div", { class: "limits" }, limits[0], element("span", {}, "…"), limits[1]);
  store.subscribe((state) => {
    map.value = state.map;
    range.value = state.rangeKind;
    own.hidden = state.rangeKind !== "manual";
    limits.forEach((field, end) => writeNumber(field, String(Number(state.manual[end].toPrecision(6)))));
  });
  return coloured ? [map, range, own] : [range, own];
}

type Flag = "edges" | "isolines" | "displaced" | "arrows";

function flag(text: string, key: Flag, store: Store): HTMLElement {
  const [label, box] = tick(text, (on) => store.set({ [key]: on } as Partial<State>));
  store.subscribe((state) => (box.checked = state[key]));
  return label;
}

function meshControls(mesh: DrawnMesh, store: Store): HTMLElement[] {
  return [
    ...(mesh.edges.length ? [flag("Mesh edges", "edges", store)] : []),
    ...(mesh.triangles.length ? [flag("Iso-lines", "isolines", store)] : []),
  ];
}

function vectorControls(description: Description, store: Store): HTMLElement[] {
  const controls = [flag("Arrows", "arrows", store)];
  if (!description.vectors.some((vector) => vector.is_displacement)) return controls;
  const factor = numberField({
    min: 0,
    placeholder: "auto",
    "aria-label": "Factor of the displacement; empty for an automatic one",
  });
  factor.addEventListener("change", () => {
    store.set({ factor: factor.value === "" ? null : Number(factor.value) });
  });
  store.subscribe((state) => {
    writeNumber(factor, state.factor === null ? "" : String(state.factor));
    factor.hidden = !state.displaced;
  });
  const label = flag("Displaced ×", "displaced", store);
  controls.push(element("div", { class: "with-field" }, label, factor));
  return controls;
}

function clipControls(store: Store): HTMLElement {
  const axis = choice(
    "Clip plane",
    [["", "No clip plane"], ["0", "Clip: x"], ["1", "Clip: y"], ["2", "Clip: z"]],
    (value) => {
      const { clip } = store.state;
      const chosen = { position: 0.5, flipped: false, ...clip, axis: Number(value) as 0 | 1 | 2 };
      store.set({ clip: value === "" ? null : chosen });
    },
  );
  const position = element("input", { type: "range", min: 0, max: 1, step: 0.005, "aria-label": "Position of the clip plane" });
  position.addEventListener("input", () => {
    const { clip } = store.state;
    if (clip) store.set({ clip: { ...clip, position: Number(position.value) } });
  });
  const flip = button("⇄", () => {
    const { clip } = store.state;
    if (clip) store.set({ clip: { ...clip, flipped: !clip.flipped } });
  }, { "aria-label": "Other side of the clip plane", title: "Other side" });
  const rest = element("div", { class: "clip" }, position, flip);
  store.subscribe(({ clip }) => {
    axis.value = clip ? String(clip.axis) : "";
    rest.hidden = !clip;
    if (clip) position.value = String(clip.position);
  });
  return element("div", { class: "stack" }, axis, rest);
}

function viewButtons(mesh: DrawnMesh, look: (direction: Direction) => void): HTMLElement {
  if (mesh.dimension < 3) return button("Whole mesh", () => look("z"), { title: "Show the whole mesh (f)" });
  const directions: [Direction, string][] = [["iso", "Iso"], ["x", "+x"], ["y", "−y"], ["z", "+z"]];
  return element(
    "div",
    { class: "buttons", role: "group", "aria-label": "View from" },
    ...directions.map(([direction, text]) => button(text, () => look(direction), { title: `View from ${text}` })),
  );
}
