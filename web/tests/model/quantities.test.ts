import { describe, expect, it } from "vitest";
import type { Bands } from "../../src/data/description";
import { limitText, verdict } from "../../src/fields/limits";
import { withBand } from "../../src/model/bands";
import { Measuring } from "../../src/model/measuring";
import { type Decoding, type QuantityPlan, measure, placedPlans, quantityPlans } from "../../src/model/quantities";
import { DESCRIPTION, container } from "../containers";

// Three nodes and two variables, two modes: states of [a, b] are a · FIRST + b · SECOND.
const FIRST = [1, 0, 2, 1, -1, 2];
const SECOND = [0, 3, 1, 4, 2, 0];
const SCALING = { mean: Float32Array.of(10, 0, 20, 0, 30, 0), factor: Float32Array.of(2, 1), variables: 2 };
// Coefficients of three times.
const RUN = Float32Array.of(1, 0, 0, 1, 2, 2);
const OTHER = Float32Array.of(0, 0, 4, 0, 0, -1);

let decoded = 0;
const DECODING: Decoding = {
  scaling: SCALING,
  offsets: Float64Array.of(100, 0),
  rank: 2,
  states: async (rows, count) => {
    decoded += count;
    return Float32Array.from({ length: 6 * count }, (_, i) => {
      const start = 2 * Math.floor(i / 6);
      return rows[start] * FIRST[i % 6] + rows[start + 1] * SECOND[i % 6];
    });
  },
};

/** The first variable, [node][time], and the second one. */
const T = (run: Float32Array): number[][] =>
  [0, 1, 2].map((t) => [0, 1, 2].map((m) => 110 + 10 * m + 2 * (run[2 * t] * FIRST[2 * m] + run[2 * t + 1] * SECOND[2 * m])));

const PLAN: QuantityPlan = {
  name: "peak", unit: "K", text: "max(T)", limit: null, statistic: "max", columns: [0], one_time: false,
  has_time: true, correction: 0, typical: 0, std_factor: 1, steps: Uint32Array.of(0, 1, 2),
  stepWeights: Float64Array.of(0.25, 0.5, 0.25), modes: null, mean: null, rows: null, weights: null, places: null,
  placeNodes: null,
};

async function numbers(plan: Partial<QuantityPlan>, run = RUN): Promise<{ value: number; instant: number; place: number }> {
  const steps = measure([{ ...PLAN, ...plan }], [run], DECODING);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value[0][0];
  }
}

describe("quantities of decoded fields", () => {
  it("are the largest and the smallest value, with time and place", async () => {
    const all = T(RUN).flat();
    // Of equal values the first counts, as in NumPy.
    expect(await numbers({})).toEqual({ value: Math.max(...all), instant: 1, place: 2 });
    expect(await numbers({ statistic: "min" })).toEqual({ value: Math.min(...all), instant: 1, place: 0 });
    expect(await numbers({ rows: Uint32Array.of(0, 1), steps: Uint32Array.of(0, 1) }))
      .toEqual({ value: T(RUN)[0][1], instant: 0, place: 1 });
  });

  it("are sums with the weights of nodes and times", async () => {
    const weights = Float64Array.of(0.5, 0.3, 0.2);
    const expected = [0.25, 0.5, 0.25].reduce((sum, w, t) => sum + w * T(RUN)[t].reduce((s, v, m) => s + v * weights[m], 0), 0);
    expect((await numbers({ statistic: "mean", weights })).value).toBeCloseTo(expected, 4);
  });

  it("are magnitudes of several variables, after the times were mixed", async () => {
    const plan = { steps: Uint32Array.of(0, 2), stepWeights: Float64Array.of(0.5, 0.5), one_time: true, columns: [0, 1] };
    const [a, b] = [1.5, 1];
    const lengths = [0, 1, 2].map((m) =>
      Math.hypot(110 + 10 * m + 2 * (a * FIRST[2 * m] + b * SECOND[2 * m]), a * FIRST[2 * m + 1] + b * SECOND[2 * m + 1]));
    expect((await numbers(plan)).value).toBeCloseTo(Math.max(...lengths), 4);
  });
});

describe("quantities with modes of their own", () => {
  it("decode no field", async () => {
    decoded = 0;
    const modes = Float32Array.of(4, 2, -2, 4);
    const found = await numbers({ modes, mean: Float64Array.of(120, 130) });
    expect(found).toEqual({ value: Math.max(...T(RUN).map(([, m, n]) => Math.max(m, n))), instant: 1, place: 1 });
    expect(decoded).toBe(0);
  });
});

it("a field is decoded once for all quantities that need it", async () => {
  decoded = 0;
  const mixed = { ...PLAN, one_time: true, steps: Uint32Array.of(0, 1), stepWeights: Float64Array.of(0.5, 0.5) };
  const single = { ...PLAN, one_time: true, steps: Uint32Array.of(1), stepWeights: Float64Array.of(1) };
  const plans = [PLAN, { ...PLAN, statistic: "min" as const }, mixed, single];
  const steps = measure(plans, [RUN, OTHER], DECODING);
  let step = await steps.next();
  while (!step.done) step = await steps.next();
  expect(decoded).toBe(2 * 4); // three times and a mixed one, of two runs
  for (const [q, plan] of plans.entries()) {
    expect(step.value[q]).toEqual([await numbers(plan), await numbers(plan, OTHER)]);
  }
});

const BANDS: Bands = { label: "90 % band", runs: 4, width: 2, typical_part: 0.5, notes: [] };
const found = (value: number) => ({ value, instant: 1, place: 1 });

describe("bands", () => {
  const plan = { ...PLAN, correction: 1, typical: 2, std_factor: 3 };
  const samples = [10, 6, 8].map(found); // their variance is 4

  it("come from the samples and the validation runs", () => {
    const std = 1.5 * (3 * Math.sqrt(0.5 * 4 + 0.5 * 2));
    const places = { data: Float32Array.of(0, 0, 7, 8), shape: [2, 2] };
    expect(withBand({ ...plan, places }, [found(5), ...samples], 1.5, BANDS))
      .toEqual({ value: 6, std, lower: 6 - 2 * std, upper: 6 + 2 * std, time: 1, place: [7, 8] });
  });

  it("are those of the samples where nothing is calibrated, and of the errors where samples agree", () => {
    expect(withBand(plan, [found(5), ...samples], 1.5, { ...BANDS, runs: 0 }).std).toBe(3);
    expect(withBand({ ...plan, typical: 0 }, [found(5), ...samples], 1.5, BANDS).std).toBe(4.5);
    expect(withBand({ ...plan, has_time: false }, [found(5)], 1, BANDS)).toMatchObject({ time: null, place: null });
  });
});

it("a prediction that is no number has no value, no place and a band without ends", async () => {
  const broken = RUN.with(3, NaN);
  expect((await numbers({}, broken)).value).toBeNaN();
  expect((await numbers({ statistic: "min" }, broken)).value).toBeNaN();
  const plan = { ...PLAN, places: { data: Float32Array.of(1, 2, 3), shape: [3, 1] }, typical: 4 };
  const unknown = { value: NaN, instant: 1, place: 2 };
  const found = withBand(plan, [unknown, unknown, unknown], 1, BANDS);
  expect(found).toEqual({ value: NaN, std: Infinity, lower: -Infinity, upper: Infinity, time: null, place: null });
  const finite = { value: 5, instant: 0, place: 0 };
  expect(withBand(plan, [finite, finite, finite], Infinity, BANDS)).toEqual(
    { value: 5, std: Infinity, lower: -Infinity, upper: Infinity, time: 0, place: [1] },
  );
  expect(verdict({ value: 1e9, comparison: "<" }, found)).toBe("not certain");
});

it("an interrupted measurement goes on where it was", async () => {
  decoded = 0;
  const slow: Decoding = {
    ...DECODING,
    scaling: { ...SCALING, mean: Object.assign(new Float32Array(6), SCALING.mean) },
    states: async (rows, count) => {
      const end = performance.now() + 40;
      while (performance.now() < end);
      return DECODING.states(rows, count);
    },
  };
  const runs = Array.from({ length: 12 }, () => RUN); // 36 fields, 16 at once
  const measuring = new Measuring([PLAN], BANDS, 1, runs, slow);
  let parts: number[] = [];
  const stop = async (part: number): Promise<void> => {
    parts.push(part);
    throw new Error("interrupted");
  };
  await expect(measuring.finish(stop)).rejects.toThrow("interrupted");
  expect(decoded).toBe(16);
  parts = [];
  const [result] = await measuring.finish(async (part) => void parts.push(part));
  expect(decoded).toBe(36);
  expect(parts).toEqual([32 / 36, 1]);
  expect(result.value).toBe(Math.max(...T(RUN).flat()));
  expect(await measuring.finish(stop)).toEqual([result]);
  expect(decoded).toBe(36);
});

describe("limits", () => {
  it("are kept by the whole band, broken by the whole band, or not certain", () => {
    const band = { lower: 340, upper: 350 };
    expect(verdict({ value: 351, comparison: "<" }, band)).toBe("yes");
    expect(verdict({ value: 350, comparison: "<" }, band)).toBe("not certain");
    expect(verdict({ value: 350, comparison: "<=" }, band)).toBe("yes");
    expect(verdict({ value: 339, comparison: "<" }, band)).toBe("no");
    expect(verdict({ value: 340, comparison: "<" }, band)).toBe("no");
    expect(verdict({ value: 340, comparison: "<=" }, band)).toBe("not certain");
    expect(verdict({ value: 345, comparison: ">" }, band)).toBe("not certain");
    expect(verdict({ value: 339, comparison: ">" }, band)).toBe("yes");
    expect(verdict({ value: 340, comparison: ">=" }, band)).toBe("yes");
    expect(verdict({ value: 351, comparison: ">=" }, band)).toBe("no");
    expect(verdict({ value: 350, comparison: ">" }, band)).toBe("no");
  });

  it("are plain words", () => {
    expect(limitText({ value: 350, comparison: "<" }, "K")).toBe("below 350 K");
    expect(limitText({ value: 350.25, comparison: "<=" }, "K")).toBe("at most 350.25 K");
    expect(limitText({ value: -1.5, comparison: ">=" }, "")).toBe("at least −1.5");
  });
});

it("places of an extreme follow the nodes into a design's geometry", () => {
  const plan = { ...PLAN, placeNodes: Uint32Array.of(2, 0) };
  const [placed, other] = placedPlans([plan, PLAN], Float32Array.of(0, 1, 10, 11, 20, 21), 3);
  expect(placed.places).toEqual({ data: Float32Array.of(20, 21, 0, 1), shape: [2, 2] });
  expect(other).toBe(PLAN);
});

it("plans are read with the arrays that a quantity names", () => {
  const arrays = {
    steps: "quantity.0", step_weights: "quantity.1", modes: "quantity.2", mean: "quantity.3", rows: null,
    weights: null, coords: null, places: null,
  };
  const { places: _, stepWeights: __, modes: ___, mean: ____, rows: _____, weights: ______, steps: _______, ...own } = PLAN;
  const [plan] = quantityPlans(container({ ...DESCRIPTION, quantities: [{ ...own, arrays }], bands: BANDS }, {
    "quantity.0": { data: Uint32Array.of(2) },
    "quantity.1": { data: Float64Array.of(1) },
    "quantity.2": { data: Float32Array.of(1, 2), shape: [1, 1, 2] },
    "quantity.3": { data: Float64Array.of(3), shape: [1, 1] },
  }));
  expect([...plan.steps]).toEqual([2]);
  expect([...(plan.modes ?? [])]).toEqual([1, 2]);
  expect(plan.weights).toBeNull();
});
