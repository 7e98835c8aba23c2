import { describe, expect, it, vi } from "vitest";
import { fromUnit, isOutside, keyOf, nearestRun, outsideTexts, randomDesign, shownRuns, toUnit, trainingDesign } from "../../src/state/designs";
import { fromFragment, namesDesign, toFragment } from "../../src/state/fragment";
import { initialState, type State } from "../../src/state/state";
import { Store } from "../../src/state/store";
import { firstImage, trainingImage } from "../../src/image/training";
import { container, DESCRIPTION, imageContainer } from "../containers";

const CONTAINER = container();
const INITIAL = initialState(DESCRIPTION, null);
const [SPEED, POWER] = DESCRIPTION.inputs;

describe("a link", () => {
  it("restores the state", async () => {
    const state: State = {
      ...INITIAL,
      design: { parameters: [2.5, 7, 1], image: null },
      pinned: { parameters: [1, 2, 0], image: null },
      time: 1,
      scalar: 1,
      shown: "std",
      map: "cividis",
      rangeKind: "manual",
      manual: [-1.5, 20],
      edges: true,
      displaced: false,
      factor: 12,
      clip: { axis: 2, position: 0.25, flipped: true },
      probes: [3, 0],
      camera: [1, 2, 3, 0, 0, 0, 1.5],
    };
    const fragment = await toFragment(state, INITIAL, CONTAINER);
    expect({ ...INITIAL, ...(await fromFragment(`#${fragment}`, CONTAINER)) }).toEqual(state);
  });

  it("has a design, or none", () => {
    expect(["#x=1,2", "#image=~AA", "#t=1", ""].map(namesDesign)).toEqual([true, true, false, false]);
  });

  it.each([[true, 0.75], [false, 2]])("has times between the trained ones: %s", async (continuous, expected) => {
    const one = container({ ...DESCRIPTION, continuous_in_time: continuous });
    expect({ ...INITIAL, ...(await fromFragment("#t=0.75", one)) }.time).toBe(expected);
  });

  it("restores images: those of training by their number, others by their pixels", async () => {
    const images = imageContainer();
    const initial = initialState(images.description, firstImage(images));
    for (const image of [trainingImage(images, 3), { data: Uint8Array.of(1, 2, 3, 250), training: null }]) {
      const state = { ...initial, design: { parameters: [], image } };
      const found = await fromFragment(await toFragment(state, initial, images), images);
      expect(found.design).toEqual(state.design);
    }
  });

  it.each([
    "x=1,2", "x=1,2,9", "x=a,b,c", "t=99", "t=-1", "probes=77", "show=magic", "map=toString", "map=magic", "range=1", "clip=w,1,1",
    "camera=1,2", "camera=1e300,1,1,0,0,0,1", "camera=1,1,1,0,0,0,0", "field=<script>", "factor=x",
  ])("with %s changes nothing that matters", async (fragment) => {
    const found = await fromFragment(fragment, CONTAINER);
    expect({ ...INITIAL, ...found }).toEqual(INITIAL);
  });
});

describe("the trained range", () => {
  it("is marked, with rounding allowed", () => {
    expect(isOutside(SPEED, 3.0000000001)).toBe(false);
    expect(isOutside(SPEED, 3.1)).toBe(true);
    expect(outsideTexts(DESCRIPTION, [0.5, 10, 1])).toEqual([
      "speed = 0.5 m/s is below the trained range, 1 to 3 m/s.",
    ]);
  });

  it("is even in the logarithm where the networks read it", () => {
    expect(SPEED.kind === "number" && toUnit(SPEED, 2)).toBe(0.5);
    expect(POWER.kind === "number" && toUnit(POWER, 10)).toBeCloseTo(0.5, 12);
    expect(POWER.kind === "number" && fromUnit(POWER, 0.5)).toBe(10);
  });

  it("holds random designs", () => {
    for (const at of [0, 0.3, 0.9999]) {
      const { parameters } = randomDesign(CONTAINER, () => at);
      expect(outsideTexts(DESCRIPTION, parameters)).toEqual([]);
      expect(parameters[2]).toBe(at < 0.5 ? 0 : 1);
    }
  });
});

describe("the nearest training run", () => {
  it("is itself for a training run", () => {
    expect(nearestRun(CONTAINER, trainingDesign(CONTAINER, 1))).toEqual({ run: 1, distance: 0 });
  });

  it("counts parts of the trained range", () => {
    const found = nearestRun(CONTAINER, { parameters: [2, 1, 0], image: null });
    expect(found?.run).toBe(0);
    expect(found?.distance).toBeCloseTo(0.5 / Math.sqrt(3), 12);
  });

  it("compares images", () => {
    const images = imageContainer();
    const image = { data: Uint8Array.of(255, 255, 255, 0), training: null };
    expect(nearestRun(images, { parameters: [], image })).toEqual({ run: 3, distance: 0.5 });
    expect(trainingDesign(images, 3).image?.training).toBe(3);
    expect(shownRuns(images)).toEqual([0, 3]);
    expect([0, 0.4, 0.9].map((at) => randomDesign(images, () => at).image?.training)).toEqual([0, 0, 3]);
  });
});

it("designs have keys that differ", () => {
  const images = imageContainer();
  const keys = [0, 3].map((i) => keyOf({ parameters: [], image: trainingImage(images, i) }));
  expect(keys[0]).not.toBe(keys[1]);
  expect(keyOf({ parameters: [1, 2], image: null })).not.toBe(keyOf({ parameters: [12], image: null }));
});

it("subscribers hear of what has changed only", () => {
  const store = new Store(INITIAL);
  const heard = vi.fn();
  store.subscribe(heard);
  store.set({ time: INITIAL.time });
  store.setParameter(0, 2.75);
  expect(heard).toHaveBeenCalledTimes(2);
  expect([...heard.mock.calls[1][1]]).toEqual(["design"]);
  expect(store.state.design.parameters[0]).toBe(2.75);
});
