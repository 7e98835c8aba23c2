import { describe, expect, it } from "vitest";
import { decodeImage, UnusableImage } from "../../src/image/decode";
import { readImage } from "../../src/image/read";

// Files that Pillow 13 wrote, with what it reads from them.
const LEVELS = [
  53182, 5613, 11759, 15519, 11885, 52512, 56966, 38152, 2582, 6168, 21771, 28385, 40712, 31395, 17353, 10468, 45312,
  48141, 2142, 7449, 29630, 25639, 58184, 33865, 27532, 28221, 43668, 38456, 11326, 48354, 49593, 62669, 51524, 18625,
  20970,
];
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFEAAAAAD8YXVHAAAAVklEQVR4nAFLALT/Ac++Ri8YAg+w8s6fsxFmBMZK9Q7rAijzMtbSm9sdAEPJKOSxALwNCF4dGXO+AWQnfyGhAedDA7E8V+ykACw+vOLBufTNyURIwVHqw3chtJhbpooAAAAASUVORK5CYII=";
const PLAIN_TIFF =
  "SUkqAAgAAAAJAAABBAABAAAABwAAAAEBBAABAAAABQAAAAIBAwABAAAAEAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEBBAABAAAAegAAABYBBAABAAAABQAAABcBBAABAAAARgAAABwBAwABAAAAAQAAAAAAAAC+z+0V7y2fPG0uIM2G3giVFgoYGAtV4W4In6N6yUPkKACxDbxeCBkdvnMnZEjjSYSMaz1ulKo4lj4s4ry5wc30RMnBSOpR";
const LZW_TIFF =
  "SUkqAFoAAACAL5nu0Ku8Wp8eG0XCBmoZvAhKhYFBgMAsquE3AhPqM9MkhuQUABYg1eF4EBkOr45icyEhxklCIw1j03JRVDhLD4WOJeLlgs16ERksEkOoowEACQAAAQMAAQAAAAcAAAABAQMAAQAAAAUAAAACAQMAAQAAABAAAAADAQMAAQAAAAUAAAAGAQMAAQAAAAEAAAARAQQAAQAAAAgAAAAWAQMAAQAAAAUAAAAXAQQAAQAAAFEAAAAcAQMAAQAAAAEAAAAAAAAA";
const COLOURS = [166, 166, 178, 222, 74, 240, 0, 19, 249, 241, 76, 35];
const RGB_TIFF =
  "SUkqAAgAAAAKAAABBAABAAAAAgAAAAEBBAABAAAAAgAAAAIBAwADAAAAhgAAAAMBAwABAAAAAQAAAAYBAwABAAAAAgAAABEBBAABAAAAjAAAABUBAwABAAAAAwAAABYBBAABAAAAAgAAABcBBAABAAAADAAAABwBAwABAAAAAQAAAAAAAAAIAAgACACmprLeSvAAE/nxTCM=";

const FORMAT = { size: 3, channels: 1, bits: 16 };

function file(base64: string, change: (bytes: Uint8Array) => void = () => {}): Blob {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  change(bytes);
  return new Blob([bytes]);
}

describe("an image file", () => {
  it.each([PNG, PLAIN_TIFF, LZW_TIFF])("of 16 bits keeps all levels", async (base64) => {
    const { width, height, bits, levels, rgba } = await decodeImage(file(base64));
    expect([width, height, bits]).toEqual([7, 5, 16]);
    expect([...(levels ?? [])]).toEqual(LEVELS);
    expect([rgba[0], rgba[2], rgba[3]]).toEqual([207, 207, 255]);
  });

  it("of TIFF can have colours", async () => {
    const { bits, levels, rgba } = await decodeImage(file(RGB_TIFF));
    expect([bits, levels]).toEqual([8, null]);
    expect(Array.from(rgba).filter((_, i) => i % 4 < 3)).toEqual(COLOURS);
  });

  it("that is damaged is refused", async () => {
    await expect(decodeImage(file(PNG, (bytes) => (bytes[60] ^= 1)))).rejects.toThrow();
  });

  it("with too many pixels is not unpacked", async () => {
    await expect(decodeImage(file(PNG, (bytes) => (bytes[16] = 1)))).rejects.toThrow(UnusableImage);
  });
});

describe("a person's image", () => {
  it("of 16 bits is resized and scaled as for training", async () => {
    // Pillow 13: Image.fromarray(levels as float32).resize((3, 3), BILINEAR), divided by 65535.
    const small = [
      20548.244140625, 17202.05859375, 40830.9609375, 24086.0703125, 29263.046875, 24182.984375, 37947.08203125,
      44279.6640625, 31648.376953125,
    ];
    const { data, note } = await readImage(file(PNG), FORMAT);
    expect(data).toEqual(Float32Array.from(small, (level) => level / 65535));
    expect(note).toBe("");
  });

  it("of more levels than those for training is refused", async () => {
    await expect(readImage(file(PNG), { ...FORMAT, bits: 12 })).rejects.toThrow("values up to 44279");
  });

  it("with more bits than those for training is read with theirs, and says so", async () => {
    const { data, note } = await readImage(file(PNG), { size: 3, channels: 1, bits: 8 });
    // Pillow 13: of the levels divided by 257 and rounded.
    expect([...data]).toEqual([80, 67, 159, 94, 113, 94, 148, 172, 123]);
    expect(note).toContain("read with 8");
  });

  it("of 8 bits has fewer levels than those for training, and says so", async () => {
    const { note } = await readImage(file(RGB_TIFF), FORMAT);
    expect(note).toContain("read with 8 bits");
  });
});
