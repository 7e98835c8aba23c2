/** Handing files to the browser. */

/** Let the browser save a file. */
export function download(name: string, content: Blob | string, type = "text/plain"): void {
  const blob = typeof content === "string" ? new Blob([content], { type }) : content;
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken the address when the click is handled, but reads from it later.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Return a text that is a file name on every system. */
export function fileName(text: string): string {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\w.-]+/g, "_").replace(/^[._]+|[._]+$/g, "");
  return plain.slice(0, 60) || "field";
}
