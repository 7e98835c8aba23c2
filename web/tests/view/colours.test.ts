import { describe, expect, it } from "vitest";
import { barText } from "../../src/view/colour_bar";
import { COLOUR_MAPS, chosenMap, colours, type ColourMapName } from "../../src/view/colour_maps";

describe("colour maps", () => {
  it("begin and end with their own colours", () => {
    const viridis = colours("viridis", 256);
    expect([...viridis.slice(0, 4)]).toEqual([68, 1, 84, 255]);
    expect([...viridis.slice(-4)]).toEqual([253, 231, 37, 255]);
  });

  it.each(Object.keys(COLOUR_MAPS) as ColourMapName[])("%s becomes evenly lighter, or from its middle darker", (name) => {
    const bytes = colours(name, 64);
    const light = Array.from({ length: 64 }, (_, i) => 0.2126 * bytes[4 * i] + 0.7152 * bytes[4 * i + 1] + 0.0722 * bytes[4 * i + 2]);
    const half = COLOUR_MAPS[name].diverging ? 32 : 64;
    for (let i = 1; i < half; i++) expect(light[i]).toBeGreaterThanOrEqual(light[i - 1] - 1);
    for (let i = half + 1; i < 64; i++) expect(light[i]).toBeLessThanOrEqual(light[i - 1] + 1);
  });

  it("are chosen by the sign, unless a person chooses", () => {
    expect(chosenMap("auto", true)).toBe("blue_red");
    expect(chosenMap("auto", false)).toBe("viridis");
    expect(chosenMap("grey", true)).toBe("grey");
    expect(chosenMap("<script>", false)).toBe("viridis");
    expect(chosenMap("toString", false)).toBe("viridis");
  });
});

describe("colour bars", () => {
  const content = { label: "p", unit: "Pa", map: "viridis" as const };

  it("have round numbers at their places", () => {
    const text = barText({ ...content, range: [0, 10], offset: 5 });
    expect(text.title).toBe("p (Pa)");
    expect(text.ticks.map(({ text: number }) => number)).toEqual(["6", "8", "10", "12", "14"]);
    expect(text.ticks[0].at).toBeCloseTo(0.1, 12);
  });

  it("take the digits off that all numbers have", () => {
    const text = barText({ ...content, range: [-0.06, 0.06], offset: 101325 });
    expect(text.title).toMatch(/^p − 1\.01325/);
    expect(text.ticks.map(({ text: number }) => number)).toEqual(["−0.05", "0", "0.05"]);
  });
});
