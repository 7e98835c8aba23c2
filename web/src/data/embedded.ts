/** Bytes that the page carries in script elements: base64 of gzip. */

import { DamagedContainer } from "./container";

/** Take the text out of a script element as soon as it has arrived. */
export async function embeddedText(id: string): Promise<string> {
  const element = await arrived(id);
  const text = element?.textContent?.trim() ?? "";
  element?.remove();
  if (!text || text.startsWith("<!--")) {
    throw new DamagedContainer("This page has no data: it is the empty template of the explorer.");
  }
  return text;
}

/** Decode base64, and decompress gzip. */
export function unpacked(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return unzip(fromBase64(text));
}

/** Wait for an element with all of its text; null where the page ends without it. */
function arrived(id: string): Promise<HTMLElement | null> {
  return new Promise((resolve) => {
    const look = (): void => {
      const element = document.getElementById(id);
      // Something follows an element only when it is complete.
      if (!element?.nextSibling && document.readyState === "loading") return;
      observer.disconnect();
      document.removeEventListener("readystatechange", look);
      resolve(element);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true });
    document.addEventListener("readystatechange", look);
    look();
  });
}

/** Decode base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const direct = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> })
    .fromBase64;
  try {
    if (direct) return direct.call(Uint8Array, text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch {
    throw new DamagedContainer("The data of this page are damaged: they are no base64.");
  }
}

/** Decompress gzip. */
async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new DamagedContainer(
      "The data of this page are damaged or incomplete: they cannot be unpacked.",
    );
  }
}
