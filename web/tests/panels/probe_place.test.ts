import { expect, it } from "vitest";
import { coordinates } from "../../src/panels/probe_place";

it.each([
  ["0.5, 1e-3", [0.5, 0.001]],
  ["(0.5; −1)", [0.5, -1]],
  [" 2 3 ", [2, 3]],
  ["2", null],
  ["2, 3, 4", null],
  ["", null],
  ["a, 1", null],
])("coordinates are read from %j", (text, expected) => {
  expect(coordinates(text, 2)).toEqual(expected);
});
