import { describe, expect, it } from "vitest";
import { principal } from "../../src/model/principal";

const [COUNT, TIMES, RANK] = [5, 3, 4];

/** Deviations whose axes have very different sizes, the same at each run of the tests. */
const DEVIATIONS = Float32Array.from({ length: COUNT * TIMES * RANK }, (_, i) => {
  const mode = i % RANK;
  return Math.sin(12.9898 * i) * 10 ** (-1.5 * mode);
});

/** Return the sum over deviations of products of modes at a time, which is all that fields need. */
function squares(deviations: Float32Array, t: number): number[] {
  const found = new Array<number>(RANK * RANK).fill(0);
  for (let start = t * RANK; start < deviations.length; start += TIMES * RANK) {
    for (let a = 0; a < RANK; a++) {
      for (let b = 0; b < RANK; b++) found[a * RANK + b] += deviations[start + a] * deviations[start + b];
    }
  }
  return found;
}

describe("principal axes of deviations", () => {
  it("have the same sums of squares where nothing is left out", () => {
    const found = principal({ deviations: DEVIATIONS, count: COUNT }, RANK, 0);
    for (let t = 0; t < TIMES; t++) {
      const expected = squares(DEVIATIONS, t);
      squares(found.deviations, t).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6));
    }
  });

  it("leave out no more than a part of the variance", () => {
    const found = principal({ deviations: DEVIATIONS, count: COUNT }, RANK, 1e-4);
    const energy = (all: Float32Array): number => all.reduce((sum, value) => sum + value ** 2, 0);
    // Modes are 1000 times smaller in variance, one after the other.
    expect(found.count).toBe(2);
    expect(found.deviations.length).toBe(2 * TIMES * RANK);
    const part = (deviations: Float32Array): number => 1 - energy(deviations) / energy(DEVIATIONS);
    expect(part(found.deviations)).toBeLessThan(1e-4);
    const one = principal({ deviations: DEVIATIONS, count: COUNT }, RANK, 0.05);
    expect(one.count).toBe(1);
    expect(part(one.deviations)).toBeGreaterThan(1e-5);
    expect(part(one.deviations)).toBeLessThan(0.05);
  });

  it("are at least one, also of none, and are left alone where they are infinite", () => {
    const zeros = new Float32Array(COUNT * TIMES * RANK);
    expect(principal({ deviations: zeros, count: COUNT }, RANK, 1e-4)).toEqual(
      { deviations: new Float32Array(TIMES * RANK), count: 1 },
    );
    const broken = { deviations: DEVIATIONS.with(3, Infinity), count: COUNT };
    expect(principal(broken, RANK, 1e-4)).toEqual(broken);
    const single = { deviations: DEVIATIONS, count: 1 };
    expect(principal(single, RANK, 1e-4)).toEqual(single);
  });
});
