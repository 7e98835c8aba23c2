/** The values that the panes show, with their ranges of colours. */

import type { Container } from "../data/container";
import { type Range, rangeOf, symmetric, widened } from "../fields/ranges";
import { BEYOND, type Scalar, ScalarReader, type Shown, type Values, scalarsOf } from "../fields/scalars";
import { offsetsOf } from "../model/setup";
import type { ShownDesign } from "../model/messages";
import type { State } from "../state/state";
import { COLOUR_MAPS, chosenMap, type ColourMapName } from "../view/colour_maps";
import type { BarContent } from "../view/colour_bar";
import type { Predictions } from "./predictions";

export interface PaneContent {
  title: string;
  values: Values;
  bar: BarContent;
}

interface ShownValues extends Values {
  /** 1 for each node with a value; null where all have one. */
  valued: Uint8Array | null;
}

export const SHOWN_WORDS: Readonly<Record<Shown, string>> = {
  prediction: "",
  std: "standard deviation",
  lower: "lower end",
  upper: "upper end",
};

/** Return the range of a bar as its numbers show it. */
export function withOffset({ range, offset }: BarContent): Range {
  return [range[0] + offset, range[1] + offset];
}

export class ShownFields {
  readonly scalars: Scalar[];
  readonly offsets: Float64Array;
  readonly reader: ScalarReader;
  private readonly valued: Uint8Array | null;
  private readonly isCut: boolean;
  private readonly moves: boolean;

  constructor(container: Container) {
    const { description } = container;
    this.scalars = scalarsOf(description);
    this.offsets = offsetsOf(container);
    this.reader = new ScalarReader(this.offsets, description.vectors.length, description.calibration);
    this.valued = container.has("state.valued") ? container.bytes("state.valued") : null;
    this.isCut = description.geometry?.kind === "cut";
    this.moves = description.geometry?.kind === "moved";
  }

  /** Read what is shown of a design; null where there is none, or it is not known yet. */
  private read(design: ShownDesign | null, scalar: Scalar, shown: Shown): ShownValues | null {
    const values = design && this.reader.read(design, scalar, shown);
    if (!values) return null;
    const { shape } = design;
    const isCut = this.isCut && shape !== null;
    return { ...values, valued: isCut ? Uint8Array.from(shape, (distance) => (distance > 0 ? 1 : 0)) : this.valued };
  }

  /** Return the contents of the panes: the design, and with a pinned one that and the difference.
   *
   * Null where something is not computed yet.
   */
  contents(state: State, predictions: Predictions): PaneContent[] | null {
    const scalar = this.scalars[state.scalar];
    const { current, pinned } = predictions;
    const values = this.read(current, scalar, state.shown);
    if (!values) return null;
    const other = state.pinned ? this.read(pinned, scalar, state.shown) : null;
    const map = chosenMap(state.map, scalar.signed && state.shown !== "std");
    const range = this.range(state, predictions, [values, ...(other ? [other] : [])], map);
    const bar = { label: this.label(state), unit: scalar.unit, map, range, offset: values.offset };
    const contents: PaneContent[] = [{ title: titled(other ? "This design" : "", values), values, bar }];
    if (other) {
      contents.push({ title: titled("Pinned design", other), values: other, bar });
      contents.push(this.difference(values, other, bar));
    }
    return contents;
  }

  /** Return the name of what is shown. */
  label({ scalar, shown }: State): string {
    const words = SHOWN_WORDS[shown];
    return this.scalars[scalar].label + (words && `, ${words}`);
  }

  private difference(one: ShownValues, other: ShownValues, bar: BarContent): PaneContent {
    const values = one.values.map((value, i) => value - other.values[i]);
    const range = widened(symmetric(rangeOf(values, one.valued && both(one.valued, other.valued))));
    const content: BarContent = { ...bar, label: `this − pinned`, map: "blue_red", range, offset: 0 };
    const title = this.moves ? "Difference at the same nodes" : "Difference";
    const difference = { values, offset: 0 };
    return { title: titled(title, difference), values: difference, bar: content };
  }

  private range(
    state: State,
    predictions: Predictions,
    shown: ShownValues[],
    map: ColourMapName,
  ): Range {
    const { offset } = shown[0];
    if (state.rangeKind === "manual") {
      return widened([state.manual[0] - offset, state.manual[1] - offset]);
    }
    const scalar = this.scalars[state.scalar];
    const ofTime = (): Range => {
      const ranges = shown.map(({ values, valued }) => rangeOf(values, valued));
      return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
    };
    // How large the standard deviation can be is not known; it begins at 0.
    if (state.shown === "std") return widened([0, ofTime()[1]]);
    let range = ofTime();
    if (state.rangeKind === "training") {
      range = [scalar.trained[0] - offset, scalar.trained[1] - offset];
    } else if (state.rangeKind === "design") {
      const studies = [state.design, state.pinned].map((design) => predictions.study(design)?.ranges);
      const found = studies.flatMap((ranges) => (ranges ? [ranges[scalar.column]] : []));
      if (found.length) {
        range = [Math.min(...found.map(([low]) => low)), Math.max(...found.map(([, high]) => high))];
      }
    }
    const centred = COLOUR_MAPS[map].diverging && range[0] + offset < 0 && range[1] + offset > 0;
    if (!centred) return widened(range);
    const [low, high] = symmetric([range[0] + offset, range[1] + offset]);
    return widened([low - offset, high - offset]);
  }
}

/** Return a title that says where there are no numbers to be drawn, only very far outside of the trained range. */
function titled(title: string, { values }: Values): string {
  if (Number.isFinite(values[0])) return title;
  return title ? `${title}: ${BEYOND}` : `${BEYOND.charAt(0).toUpperCase()}${BEYOND.slice(1)}`;
}

function both(one: Uint8Array, other: Uint8Array | null): Uint8Array {
  return other ? one.map((value, m) => value & other[m]) : one;
}
