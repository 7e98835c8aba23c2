import { describe, expect, it } from "vitest";
import { drawDisc } from "../../src/image/brush";
import { fromRgba, toRgba } from "../../src/image/pixels";
import { resize } from "../../src/image/resize";
import { firstImage, trainingImage } from "../../src/image/training";
import { container, imageContainer } from "../containers";

describe("resizing", () => {
  // What Pillow 13 gives: Image.resize((2, 2), BILINEAR), of 4 × 4 and 3 × 3 pixels.
  it("averages over all pixels, as Pillow does", () => {
    const four = [0, 50, 100, 150, 10, 60, 110, 160, 20, 70, 120, 170, 200, 210, 220, 230];
    expect([...resize(four, 4, 4, 1, 2)]).toEqual([43, 121, 119, 171]);
    const three = [0, 10, 20, 90, 100, 110, 255, 200, 5];
    expect([...resize(three, 3, 3, 1, 2)]).toEqual([38, 50, 182, 89]);
    expect([...resize([0, 100, 200, 255], 2, 2, 1, 4)]).toEqual([0, 25, 75, 100, 50, 72, 117, 139, 150, 167, 200, 216, 200, 214, 241, 255]);
  });

  it("keeps channels apart", () => {
    expect([...resize([0, 255, 0, 255, 0, 255, 0, 255], 2, 2, 2, 1)]).toEqual([0, 255]);
  });
});

describe("pixels", () => {
  it("go to a canvas and back", () => {
    const grey = Uint8Array.of(0, 100, 200, 255);
    expect([...fromRgba(toRgba(grey, 2, 1), 1)]).toEqual([...grey]);
    const colour = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
    expect([...fromRgba(toRgba(colour, 2, 3), 3)]).toEqual([...colour]);
  });

  it("of single precision are 0 … 1", () => {
    expect([...toRgba(Float32Array.of(0.2), 1, 1)]).toEqual([51, 51, 51, 255]);
  });
});

it("a brush draws a disc and leaves the rest", () => {
  const values = new Float64Array(25);
  drawDisc(values, 5, 1, { x: 2.5, y: 2.5 }, 1, [1]);
  expect(values[12]).toBe(1);
  expect(values[13]).toBeCloseTo(0.5, 12);
  expect(values[0]).toBe(0);
  // Beyond the edge nothing is drawn.
  drawDisc(values, 5, 1, { x: -9, y: 99 }, 2, [1]);
  expect(values[20]).toBe(0);
});

describe("training images", () => {
  it("are black where the page has none, as without the data of the study", () => {
    const none = { data: new Uint8Array(0), shape: [0, 2, 2, 1] };
    const arrays = { "training.images": none, "training.image_runs": { data: new Uint32Array(0) } };
    const { data, training } = firstImage(container(undefined, arrays));
    expect([...data]).toEqual([0, 0, 0, 0]);
    expect(data).toBeInstanceOf(Uint8Array);
    expect(training).toBeNull();
  });

  it("belong to their runs, also where the page has only some", () => {
    const images = imageContainer();
    expect(trainingImage(images, 3)).toEqual({ data: Uint8Array.of(255, 255, 255, 255), training: 3 });
    expect(trainingImage(images, 1)).toBeNull();
    expect(firstImage(images).training).toBe(0);
  });
});
