/** Numbers as text. */

/** Write a number with a few significant digits; very large and small ones with an exponent. */
export function short(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 1e5 || size < 1e-3
      ? value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e")
      : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

/** Write a number that differs from others by about `step`, with as many digits as needed. */
export function fitting(value: number, step: number): string {
  if (!(step > 0) || !Number.isFinite(step)) return short(value);
  const size = Math.max(Math.abs(value), step);
  const digits = Math.ceil(Math.log10(size / step)) + 2;
  return short(Math.abs(value) < step * 1e-6 ? 0 : value, Math.min(Math.max(digits, 3), 15));
}

export function withUnit(text: string, unit: string): string {
  return unit ? `${text} ${unit}` : text;
}

/** Write a part of one as percent. */
export function percent(part: number): string {
  return `${short(100 * part, part < 0.1 ? 2 : 3)} %`;
}
