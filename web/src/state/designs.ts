/** Designs among the training runs: the nearest, random ones, and what lies outside. */

import type { Container, NumberArray } from "../data/container";
import type { Description, Input, NumberInput } from "../data/description";
import { short, withUnit } from "../fields/numbers";
import { digest, whiteOf } from "../image/pixels";
import { firstImage, runsWithImage, trainingImage } from "../image/training";
import { type Design, rounded } from "./state";

/** Return a text that is equal for equal designs. */
export function keyOf({ parameters, image }: Design): string {
  return `${parameters.join()}/${image ? digest(image.data) : ""}`;
}

/** Whether a value lies outside the trained range; rounding in the last digits does not count. */
export function isOutside(input: Input, value: number): boolean {
  if (input.kind === "category") return false;
  const slack = 1e-6 * (input.upper - input.lower);
  return value < input.lower - slack || value > input.upper + slack;
}

/** Return a sentence for each value outside the trained range. */
export function outsideTexts({ inputs }: Description, parameters: number[]): string[] {
  return inputs.flatMap((input, i) => {
    if (input.kind === "category" || !isOutside(input, parameters[i])) return [];
    const side = parameters[i] < input.lower ? "below" : "above";
    const range = `${short(input.lower)} to ${withUnit(short(input.upper), input.unit)}`;
    return [`${input.name} = ${withUnit(short(parameters[i]), input.unit)} is ${side} the trained range, ${range}.`];
  });
}

/** Return where a value lies in the trained range, 0 … 1, by its logarithm where networks take it. */
export function toUnit(input: NumberInput, value: number): number {
  if (!(input.upper > input.lower)) return 0;
  if (!isLogarithmic(input)) return (value - input.lower) / (input.upper - input.lower);
  const span = Math.log(input.upper / input.lower);
  return Math.log(Math.max(value, Number.MIN_VALUE) / input.lower) / span;
}

export function fromUnit(input: NumberInput, part: number): number {
  const { lower, upper } = input;
  if (!isLogarithmic(input)) return rounded(lower + part * (upper - lower), upper - lower);
  const value = lower * (upper / lower) ** part;
  return Number(value.toPrecision(5));
}

function isLogarithmic(input: NumberInput): boolean {
  return input.logarithm === true && input.lower > 0 && input.upper > input.lower;
}

/** Return a design drawn evenly from the trained range; its image is one of the training images. */
export function randomDesign(container: Container, random: () => number = Math.random): Design {
  const { inputs, image } = container.description;
  const parameters = inputs.map((input) =>
    input.kind === "number"
      ? fromUnit(input, random())
      : Math.floor(random() * input.values.length),
  );
  if (!image) return { parameters, image: null };
  const runs = runsWithImage(container);
  const run = runs[Math.floor(random() * runs.length)];
  return { parameters, image: trainingImage(container, run) ?? firstImage(container) };
}

/** Return the training runs that can be shown: of a study with images, those whose image is here. */
export function shownRuns(container: Container): number[] {
  const { image, training_ids: ids } = container.description;
  return image ? runsWithImage(container) : ids.map((_, run) => run);
}

/** Return one of the training runs that can be shown as a design. */
export function trainingDesign(container: Container, run: number): Design {
  const columns = container.description.inputs.length;
  const parameters = columns
    ? Array.from(container.doubles("training.table").subarray(run * columns, (run + 1) * columns))
    : [];
  return { parameters, image: container.description.image ? trainingImage(container, run) : null };
}

export interface Nearest {
  run: number;
  /** Root of the mean square of the differences, each as a part of the trained range. */
  distance: number;
}

/** Return the nearest of the training runs that can be shown; categories that differ count as a whole range. */
export function nearestRun(container: Container, { parameters, image }: Design): Nearest | null {
  const { inputs, image: format } = container.description;
  const images = format ? container.array("training.images") : null;
  const table = inputs.length ? container.doubles("training.table") : null;
  const length = images ? images.data.length / images.shape[0] : 0;
  let found: Nearest | null = null;
  for (const [place, run] of shownRuns(container).entries()) {
    let squares = 0;
    let terms = inputs.length;
    inputs.forEach((input, i) => {
      const other = (table as Float64Array)[run * inputs.length + i];
      if (input.kind === "category") squares += other === parameters[i] ? 0 : 1;
      else squares += (toUnit(input, other) - toUnit(input, parameters[i])) ** 2;
    });
    if (images && image) {
      squares += meanSquare(image.data, images.data, place * length) / whiteOf(image.data) ** 2;
      terms++;
    }
    const distance = Math.sqrt(squares / terms);
    if (!found || distance < found.distance) found = { run, distance };
  }
  return found;
}

function meanSquare(one: NumberArray, all: NumberArray, start: number): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] - all[start + i]) ** 2;
  return sum / one.length;
}
