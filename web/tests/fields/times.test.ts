import { describe, expect, it } from "vitest";
import { positionOf, timeAt } from "../../src/fields/times";

const TIMES = [0.1, 0.2, 1.2];

describe("times by their position among the trained ones", () => {
  it.each([
    [0, 0.1],
    [1, 0.2],
    [1.25, 0.45],
    [2, 1.2],
  ])("%d is %d", (position, time) => {
    expect(timeAt(TIMES, position)).toBeCloseTo(time, 12);
    expect(positionOf(TIMES, time)).toBeCloseTo(position, 12);
  });

  it("are trained ones where a number was written with few digits", () => {
    expect(positionOf([0, 1 / 3, 2 / 3], 0.3333333)).toBe(1);
    expect(positionOf([0, 1 / 3, 2 / 3], 0.333)).toBeLessThan(1);
  });

  it("are at the ends beyond the trained span", () => {
    expect(positionOf(TIMES, -5)).toBe(0);
    expect(positionOf(TIMES, 7)).toBe(2);
    expect(positionOf([3], 4)).toBe(0);
    expect(timeAt([3], 0)).toBe(3);
  });
});
