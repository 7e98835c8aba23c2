import { describe, expect, it } from "vitest";
import { automaticFactor } from "../../src/fields/displacement";
import { fitting, percent, short } from "../../src/fields/numbers";
import { rangeOf, symmetric, ticks, widened } from "../../src/fields/ranges";
import { endOf, ScalarReader, scalarsOf } from "../../src/fields/scalars";
import { DESCRIPTION } from "../containers";

describe("ranges", () => {
  it("leave nodes without values out", () => {
    expect(rangeOf(Float32Array.of(5, -99, 2), Uint8Array.of(1, 0, 1))).toEqual([2, 5]);
    expect(rangeOf(new Float32Array(0), null)).toEqual([0, 1]);
    expect(rangeOf(Float32Array.of(NaN, 3, Infinity, 2), null)).toEqual([2, 3]);
  });

  it("of one value can be divided by", () => {
    const [low, high] = widened([3, 3]);
    expect(high).toBeGreaterThan(3);
    expect(low).toBeLessThan(3);
  });

  it("around zero hold both signs", () => expect(symmetric([-1, 4])).toEqual([-4, 4]));

  it("have round ticks", () => {
    expect(ticks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(ticks([-130, 260], 4)).toEqual([-100, 0, 100, 200]);
  });
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [-1.5, "−1.5"],
    [123456, "1.235e5"],
    [0.00012, "1.2e−4"],
    [NaN, "–"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ])("%d is written %s", (value, text) => expect(short(value)).toBe(text));

  it("have the digits that tell them apart", () => {
    expect(fitting(101325.25, 0.05)).toBe("1.0132525e5");
    expect(fitting(0.1 + 0.2 - 0.3, 0.1)).toBe("0");
  });

  it("are percent of one", () => expect(percent(0.0321)).toBe("3.2 %"));
});

it("an interval without limits has no ends, whatever is in its middle", () => {
  expect([endOf(1, 2), endOf(NaN, Infinity), endOf(5, -Infinity)]).toEqual([3, Infinity, -Infinity]);
});

describe("scalars", () => {
  const scalars = scalarsOf(DESCRIPTION);
  const reader = new ScalarReader(Float64Array.of(300, 0, 0), 1, DESCRIPTION.calibration);
  // One node: T = 300 + 1, u = (3, 4); spreads of T, u_x, u_y and |u|.
  const design = { key: "", field: Float32Array.of(1, 3, 4), spread: Float32Array.of(0.5, 1, 1, 2), shape: null, novelty: null };

  it("are variables and magnitudes", () => {
    expect(scalars.map(({ label }) => label)).toEqual(["T", "u_x", "u_y", "|u|"]);
    expect(scalars.map(({ signed }) => signed)).toEqual([false, true, true, false]);
    expect(scalars[3].trained).toEqual([0, 5]);
  });

  it("have their offset, and the interval around the prediction", () => {
    expect(reader.read(design, scalars[0], "prediction")).toEqual({ values: Float32Array.of(1), offset: 300 });
    expect(reader.read(design, scalars[0], "upper")).toEqual({ values: Float32Array.of(2.5), offset: 300 });
    expect(reader.read(design, scalars[0], "std")).toEqual({ values: Float32Array.of(1), offset: 0 });
  });

  it("that are magnitudes are not negative", () => {
    expect(reader.read(design, scalars[3], "prediction")?.values[0]).toBe(5);
    expect(reader.read(design, scalars[3], "lower")?.values[0]).toBe(0);
  });

  it("wait for their spread", () => {
    expect(reader.read({ ...design, spread: null }, scalars[0], "std")).toBeNull();
  });
});

it.each([
  [0.001, 1, 50],
  [1, 1, 1],
  [0, 1, 1],
  [1e-6, 2, 100000],
])("a displacement of %d in a mesh of %d is drawn %d times", (bound, size, factor) => {
  expect(automaticFactor(bound, size)).toBe(factor);
});
