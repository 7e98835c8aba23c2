/** Colour maps: perceptually even ones, and diverging ones for fields with both signs. */

import { COLOUR_TABLES } from "./colour_tables";

export type ColourMapName = keyof typeof COLOUR_TABLES;

interface ColourMap {
  label: string;
  diverging: boolean;
}

export const COLOUR_MAPS: Readonly<Record<ColourMapName, ColourMap>> = {
  viridis: { label: "Viridis", diverging: false },
  cividis: { label: "Cividis", diverging: false },
  inferno: { label: "Inferno", diverging: false },
  grey: { label: "Grey", diverging: false },
  blue_red: { label: "Blue–red (diverging)", diverging: true },
  purple_green: { label: "Purple–green (diverging)", diverging: true },
};

/** Return whether a text is the name of a map. */
export function isMap(name: string): name is ColourMapName {
  // Not `in`, which also finds what every object inherits.
  return Object.hasOwn(COLOUR_MAPS, name);
}

/** Return the map that is used for a choice; "auto" takes a diverging one for signed fields. */
export function chosenMap(choice: string, signed: boolean): ColourMapName {
  if (isMap(choice)) return choice;
  return signed ? "blue_red" : "viridis";
}

/** Return `count` colours of a map at equal steps, RGBA bytes. */
export function colours(name: ColourMapName, count: number): Uint8Array<ArrayBuffer> {
  const table = COLOUR_TABLES[name];
  const last = table.length / 6 - 1;
  const result = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) {
    const at = (last * i) / Math.max(count - 1, 1);
    const left = Math.min(Math.floor(at), last - 1);
    for (let c = 0; c < 3; c++) {
      const low = channel(table, left, c);
      const high = channel(table, left + 1, c);
      result[4 * i + c] = Math.round(low + (at - left) * (high - low));
    }
    result[4 * i + 3] = 255;
  }
  return result;
}

function channel(table: string, entry: number, c: number): number {
  const start = 6 * entry + 2 * c;
  return Number.parseInt(table.slice(start, start + 2), 16);
}

/** Return a gradient for style sheets, from left to right or from bottom to top. */
export function gradient(name: ColourMapName, direction: "right" | "top"): string {
  const bytes = colours(name, 17);
  const stops = Array.from(
    { length: 17 },
    (_, i) => `rgb(${bytes[4 * i]} ${bytes[4 * i + 1]} ${bytes[4 * i + 2]})`,
  );
  return `linear-gradient(to ${direction}, ${stops.join(", ")})`;
}
