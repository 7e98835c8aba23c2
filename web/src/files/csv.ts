/** Tables as text: RFC 4180, decimal points. */

export type Cell = string | number | null;

export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function cell(value: Cell): string {
  if (value === null) return "";
  // As NumPy and pandas write and read them.
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value).replace("Infinity", "inf");
  // Spreadsheets take texts that begin so for formulas.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Write a name with its unit, as in the tables of SimulGenVAE. */
export function header(name: string, unit: string): string {
  return unit ? `${name} [${unit}]` : name;
}
