/** The inputs of the table: a slider and a number field, or a list of categories. */

import type { Container } from "../data/container";
import type { CategoryInput, NumberInput } from "../data/description";
import { short, withUnit } from "../fields/numbers";
import { choice, element, numberField, writeNumber } from "../page/dom";
import { fromUnit, isOutside, toUnit } from "../state/designs";
import type { Store } from "../state/store";

/** Part of the trained range that a slider reaches beyond it, on each side. */
const BEYOND = 0.15;
const STEPS = 400;

export function inputsPanel(root: HTMLElement, container: Container, store: Store): void {
  const { inputs } = container.description;
  inputs.forEach((input, index) => {
    const runs = column(container, index);
    if (input.kind === "number") numberInput(root, input, index, runs, store);
    else categoryInput(root, input, index, store);
  });
}

function column(container: Container, index: number): number[] {
  const columns = container.description.inputs.length;
  return Array.from(container.doubles("training.table")).filter((_, i) => i % columns === index);
}

function categoryInput(root: HTMLElement, input: CategoryInput, index: number, store: Store): void {
  const options = input.values.map((value, i) => [String(i), value] as const);
  const list = choice(input.name, options, (value) => store.setParameter(index, Number(value)));
  const label = element("span", { class: "input-name", title: input.name }, input.name);
  root.append(element("div", { class: "input" }, element("div", { class: "input-head" }, label, list)));
  store.subscribe(({ design }) => (list.value = String(design.parameters[index])));
}

function numberInput(
  root: HTMLElement,
  input: NumberInput,
  index: number,
  runs: number[],
  store: Store,
): void {
  const name = withUnit(input.name, input.unit && `(${input.unit})`);
  const number = numberField({ "aria-label": name });
  const slider = element("input", {
    type: "range",
    min: 0,
    max: STEPS,
    step: 1,
    "aria-label": `${name}, slider`,
  });
  const [first, last] = reach(input);
  slider.style.setProperty("--from", `${(100 * (0 - first)) / (last - first)}%`);
  slider.style.setProperty("--to", `${(100 * (1 - first)) / (last - first)}%`);
  const note = element("span", { class: "outside", hidden: true }, "outside the trained range");
  root.append(
    element(
      "div",
      { class: "input" },
      element(
        "div",
        { class: "input-head" },
        element("span", { class: "input-name", title: input.name }, input.name),
        number,
        element("span", { class: "unit" }, input.unit),
      ),
      element("div", { class: "slider" }, slider, ticks(input, runs, first, last)),
      element(
        "div",
        { class: "input-range" },
        element("span", {}, `trained ${short(input.lower)} … ${short(input.upper)}`),
        note,
      ),
    ),
  );
  slider.addEventListener("input", () => {
    const part = first + (Number(slider.value) / STEPS) * (last - first);
    store.setParameter(index, fromUnit(input, part));
  });
  number.addEventListener("input", () => {
    const value = Number(number.value);
    const usable = number.value !== "" && Number.isFinite(value) && !(input.logarithm && value <= 0);
    number.setCustomValidity(usable ? "" : "a number is needed");
    if (usable) store.setParameter(index, value);
  });
  number.addEventListener("blur", () => {
    number.setCustomValidity("");
    writeNumber(number, fieldText(store.state.design.parameters[index]));
  });
  store.subscribe(({ design }, changed) => {
    if (!changed.has("design")) return;
    const value = design.parameters[index];
    const outside = isOutside(input, value);
    // What a person is typing, such as "1." or "1e", stays as it is.
    if (document.activeElement !== number || Number(number.value) !== value) {
      writeNumber(number, fieldText(value));
    }
    slider.value = String(Math.round((STEPS * (toUnit(input, value) - first)) / (last - first)));
    slider.setAttribute("aria-valuetext", withUnit(short(value), input.unit));
    note.hidden = !outside;
    number.classList.toggle("is-outside", outside);
    slider.classList.toggle("is-outside", outside);
  });
}

/** Write a number so that it fits into its field, without losing digits. */
function fieldText(value: number): string {
  const size = Math.abs(value);
  const short = size === 0 || (size >= 1e-4 && size < 1e7);
  return short ? String(value) : value.toExponential().replace("e+", "e");
}

/** Return the ends of a slider as parts of the trained range; lengths and the like stay positive. */
function reach(input: NumberInput): [number, number] {
  const span = input.upper - input.lower;
  const positive = input.lower > 0 && !input.logarithm;
  const lowest = positive ? toUnit(input, Math.max(input.lower - BEYOND * span, input.lower / 2)) : -BEYOND;
  return [Math.max(lowest, -BEYOND), 1 + BEYOND];
}

/** Return marks of the training runs under a slider. */
function ticks(input: NumberInput, runs: number[], first: number, last: number): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "ticks");
  svg.setAttribute("viewBox", "0 0 1000 6");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const places = runs.map((run) => (1000 * (toUnit(input, run) - first)) / (last - first));
  path.setAttribute("d", places.map((x) => `M${x.toFixed(1)} 0V6`).join(""));
  svg.append(path);
  return svg;
}
