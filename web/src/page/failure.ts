/** What a person sees where the page cannot work. */

import { DamagedContainer } from "../data/container";
import { byId, element } from "./dom";

/** Return what the browser lacks; null where it can run the page. */
export function missingFeature(): string | null {
  if (typeof WebAssembly !== "object") return "WebAssembly";
  if (typeof DecompressionStream !== "function") return "DecompressionStream";
  if (typeof Array.prototype.with !== "function") return "ECMAScript 2023";
  if (!document.createElement("canvas").getContext("webgl2")) return "WebGL 2";
  return null;
}

/** Replace the page by a message. */
export function showFailure(error: unknown): void {
  const damaged = error instanceof DamagedContainer;
  const message = error instanceof Error ? error.message : String(error);
  document.documentElement.dataset.state = "failed";
  byId("loading").replaceChildren(
    element("h1", {}, damaged ? "This page cannot be shown" : "The model cannot be run here"),
    element("p", {}, message),
    element(
      "p",
      { class: "note" },
      damaged
        ? "Ask for the file again, or write it anew: simulgenvae export STUDY --out twin.html"
        : "A current version of Chrome, Edge, Firefox or Safari is needed.",
    ),
  );
  byId("loading").hidden = false;
}
