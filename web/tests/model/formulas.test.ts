import { describe, expect, it } from "vitest";
import { expectedError, field, rootWithFloor, spreadOf, sumOfSquares, unitTime, varianceFloor } from "../../src/model/formulas";
import { magnitude, magnitudeVariance } from "../../src/model/magnitude";

// Two nodes and two variables, two modes: the states of rows [a, b] are a · [1, 2, 3, 4] + b · [0, 1, 0, -1].
const SCALING = { mean: Float32Array.of(10, 20, 30, 40), factor: Float32Array.of(2, 0.5), variables: 2 };
const STATES = Float32Array.of(1, 2, 3, 4);

describe("fields", () => {
  it("are means plus factors times states", () => {
    expect([...field(STATES, SCALING)]).toEqual([12, 21, 36, 42]);
    const each = { ...SCALING, factor: Float32Array.of(1, 0, 0, 2) };
    expect([...field(STATES, each)]).toEqual([11, 20, 30, 48]);
  });

  it("have the variance of all deviations", () => {
    const two = Float32Array.of(1, 2, 3, 4, 0, 1, 0, -1);
    expect([...sumOfSquares(two, 2, SCALING)]).toEqual([4, 1.25, 36, 4.25]);
  });

  it("have a spread above its floor", () => {
    const variance = Float32Array.of(4, 0, 12, 5);
    rootWithFloor(variance, Float64Array.of(4, 4));
    expect([...variance]).toEqual([Math.fround(Math.sqrt(8)), 2, 4, 3]);
  });
});

describe("the floor", () => {
  it("is a part of the mean variance over nodes and times, without decoding", () => {
    // Modes as above times the factor, for each variable: the mean over nodes of their products.
    const gram = Float32Array.of(
      (2 * 2 + 6 * 6) / 2, 0, 0, 0,
      (1 + 4) / 2, (0.5 - 1) / 2, (0.5 - 1) / 2, (0.25 + 0.25) / 2,
    );
    const deviations = Float32Array.of(1, 0, 0, 2, 3, 1, 1, 1); // [2 deviations, 2 times, 2 modes]
    const found = varianceFloor(deviations, gram, { times: 2, rank: 2, variables: 2 }, 0.1);
    const modes = [[2, 0], [1, 0.5], [6, 0], [2, -0.5]]; // of each node and variable
    const direct = [0, 0];
    for (let start = 0; start < 8; start += 2) {
      modes.forEach(([a, b], i) => (direct[i % 2] += (a * deviations[start] + b * deviations[start + 1]) ** 2 / 2));
    }
    expect(found[0]).toBeCloseTo((0.1 / 2) * direct[0], 6);
    expect(found[1]).toBeCloseTo((0.1 / 2) * direct[1], 6);
  });

  it("is never zero", () => {
    const shape = { times: 1, rank: 1, variables: 1 };
    expect(varianceFloor(new Float32Array(1), Float32Array.of(1), shape, 0.1)[0]).toBeGreaterThan(0);
  });
});

it("the expected error compares the spread with the size of the field", () => {
  const mean = Float32Array.of(4, 1, 1, 5);
  const uniform = Float32Array.of(1, 1);
  const error = expectedError(mean, Float32Array.of(1, 1, 1, 1), uniform, 0.21, 2);
  expect(error).toBeCloseTo((2 * Math.sqrt(1.21 * 4)) / 5, 12);
});

it("a spread that is no number is infinite, and so is the expected error", () => {
  expect([4, NaN, Infinity].map(spreadOf)).toEqual([2, Infinity, Infinity]);
  const uniform = Float32Array.of(1);
  const error = (mean: number, deviation: number): number =>
    expectedError(Float32Array.of(mean), Float32Array.of(deviation), uniform, 0.1, 2);
  expect([error(NaN, 1), error(Infinity, Infinity), error(2, NaN)]).toEqual([Infinity, Infinity, Infinity]);
});

it("times are mapped to 0 … 1", () => {
  expect([1, 2, 5].map((time) => unitTime(time, [1, 2, 5]))).toEqual([0, 0.25, 1]);
  expect(unitTime(7, [7])).toBe(0);
});

describe("magnitudes", () => {
  const vector = { name: "u", components: [0, 1], is_displacement: false };
  const offsets = Float64Array.of(0, 1);
  const values = Float32Array.of(3, 3, 0, -1);

  it("are those of the values with their offsets", () => {
    expect([...magnitude(values, vector, offsets)]).toEqual([5, 0]);
  });

  it("change by the part of deviations along the vector", () => {
    const deviation = [0.5, 0, 0.3, 0.4];
    const changes = { count: 1, at: (_: number, i: number) => deviation[i] };
    const found = magnitudeVariance(values, vector, offsets, changes, Float64Array.of(1, 4));
    expect(found[0]).toBeCloseTo((0.6 * 0.5) ** 2 + 0.36 * 1 + 0.64 * 4, 6);
    expect(found[1]).toBeCloseTo(0.25 + 5, 6);
  });
});
