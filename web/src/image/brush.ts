/** Drawing on images. */

/** Draw a disc with a smooth edge of one pixel into values `[size, size, channels]`, in place.
 *
 * @param at - Centre in pixels from the left and the top; 0.5 is the middle of the first one.
 */
export function drawDisc(
  values: Float64Array,
  size: number,
  channels: number,
  at: { x: number; y: number },
  radius: number,
  colour: readonly number[],
): void {
  const reach = radius + 1;
  const first = (centre: number): number => Math.max(Math.floor(centre - reach), 0);
  const last = (centre: number): number => Math.min(Math.ceil(centre + reach), size);
  for (let y = first(at.y); y < last(at.y); y++) {
    for (let x = first(at.x); x < last(at.x); x++) {
      const distance = Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y);
      const cover = Math.min(Math.max(radius + 0.5 - distance, 0), 1);
      const start = (y * size + x) * channels;
      for (let c = 0; c < channels; c++) {
        values[start + c] += cover * (colour[c] - values[start + c]);
      }
    }
  }
}
