import { describe, expect, it } from "vitest";
import { DamagedContainer, readContainer } from "../../src/data/container";
import { DESCRIPTION, written } from "../containers";

const ARRAYS = {
  bytes: { data: Uint8Array.of(1, 2, 3) },
  numbers: { data: Float64Array.of(0.1, -2), shape: [2, 1] },
  halves: { data: Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00), dtype: "float16" },
};

describe("a container", () => {
  it("gives its description and arrays back", () => {
    const read = readContainer(written(DESCRIPTION, ARRAYS));
    expect(read.description).toEqual(DESCRIPTION);
    expect([...read.bytes("bytes")]).toEqual([1, 2, 3]);
    expect(read.array("numbers")).toEqual({ data: Float64Array.of(0.1, -2), shape: [2, 1] });
    expect([...read.floats("halves")]).toEqual([1, -2, 2 ** -24, Infinity]);
    expect(read.has("others")).toBe(false);
  });

  it("is read from the middle of other bytes, too", () => {
    const bytes = written(DESCRIPTION, ARRAYS);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect([...readContainer(shifted.subarray(3)).doubles("numbers")]).toEqual([0.1, -2]);
  });

  it.each([
    ["nothing", new Uint8Array(0), /do not begin/],
    ["other bytes", new Uint8Array(100), /do not begin/],
    ["a header that is cut off", written(DESCRIPTION, ARRAYS).slice(0, 60), /incomplete/],
    ["arrays that are cut off", written(DESCRIPTION, ARRAYS).slice(0, -16), /incomplete/],
    ["another format", written({ ...DESCRIPTION, format: 2 }, {}), /format 2/],
    ["no description", written(null, {}), /header is incomplete/],
    ["a type that is unknown", written(DESCRIPTION, { a: { data: Uint8Array.of(1), dtype: "text" } }), /array “a”/],
  ])("of %s is refused", (_, bytes, message) => {
    expect(() => readContainer(bytes)).toThrow(DamagedContainer);
    expect(() => readContainer(bytes)).toThrow(message);
  });

  it("says which array is missing", () => {
    expect(() => readContainer(written(DESCRIPTION, {})).floats("mesh.points")).toThrow(/mesh.points/);
  });
});
