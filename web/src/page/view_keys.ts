/** Keys that move the camera, for persons without a mouse. */

import type { SharedCamera } from "../view/cameras";
import type { Keys } from "./keys";

/** Angle of a step, in radians. */
const TURN = Math.PI / 24;
/** Part of the height that is shown, by which a step moves. */
const SHIFT = 0.06;
const ZOOM = 1.2;

const ARROWS = { Left: [-1, 0], Right: [1, 0], Up: [0, 1], Down: [0, -1] } as const;

/** Return keys that turn (in space), move and zoom the mesh. */
export function viewKeys(camera: SharedCamera, dimension: number): Keys {
  const keys: Record<string, () => void> = {
    "+": () => camera.zoomBy(ZOOM),
    // The same key without the one for capitals, on many keyboards.
    "=": () => camera.zoomBy(ZOOM),
    "-": () => camera.zoomBy(1 / ZOOM),
  };
  for (const [name, [right, up]] of Object.entries(ARROWS)) {
    const move = (): void => camera.shift(SHIFT * right, SHIFT * up);
    keys[`Ctrl+Shift+Arrow${name}`] = move;
    keys[`Shift+Arrow${name}`] = dimension === 3 ? () => camera.turn(TURN * right, TURN * up) : move;
  }
  return keys;
}
