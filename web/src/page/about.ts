/** The window with what the page is, its keys, and the licences of what it contains. */

import licences from "virtual:licences";
import type { Description } from "../data/description";
import { percent } from "../fields/numbers";
import { button, element } from "./dom";

type Rows = readonly (readonly [string, string])[];

const TURNING: Rows = [["Shift + ← → ↑ ↓", "turn the mesh"], ["Ctrl + Shift + ← → ↑ ↓", "move the mesh"]];
const MOVING: Rows = [["Shift + ← → ↑ ↓", "move the mesh"]];

/** Keys of the view of a mesh; curves have none. */
function viewKeys(dimension: number): Rows {
  if (dimension < 2) return [];
  return [["+ −", "zoom"], ...(dimension === 3 ? TURNING : MOVING), ["f", "show the whole mesh"]];
}

const KEYS: Rows = [
  ["← →", "one time back, forward"],
  ["Home, End", "first, last time"],
  ["Space", "play, pause"],
  ["r", "random design"],
  ["0", "middle of the trained range"],
  ["p", "pin this design, or release it"],
  ["e", "mesh edges"],
  ["i", "iso-lines"],
  ["?", "this window"],
];

export function aboutDialog(description: Description): HTMLDialogElement {
  const { evaluation } = description;
  const facts: [string, string][] = [
    ["Study", description.study],
    ["Model", description.model],
    ["Made", description.created],
    ["SimulGenVAE", description.version],
    ["Training runs", String(description.training_ids.length)],
    ["Nodes", description.node_count.toLocaleString("en")],
    ["Uncertainty", description.calibration.label],
    ["Error on test runs", evaluation ? `${percent(evaluation.relative_error)} (${evaluation.runs} runs)` : "not evaluated"],
    ["Data", description.data_fingerprint],
  ];
  const dialog = element(
    "dialog",
    { class: "about", "aria-label": "About this page" },
    element("h2", {}, "About this page"),
    element(
      "p",
      {},
      "A surrogate model predicts the fields of a simulation. It runs in this page: nothing is sent, and no network is needed.",
    ),
    table(facts),
    element("h3", {}, "Keys"),
    table([...KEYS, ...viewKeys(description.dimension)]),
    element(
      "details",
      {},
      element("summary", {}, "Licences of the libraries in this page"),
      element("pre", {}, licences),
    ),
    button("Close", () => dialog.close(), { autofocus: true }),
  );
  return dialog;
}

function table(rows: Rows): HTMLElement {
  const body = element("dl", {});
  for (const [name, text] of rows) body.append(element("dt", {}, name), element("dd", {}, text));
  return body;
}
