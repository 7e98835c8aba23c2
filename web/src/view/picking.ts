/** Which drawn point is under the pointer. */

import { type OrthographicCamera, Vector3 } from "three";
import type { DrawnMesh } from "./drawn_mesh";
import type { FieldObject } from "./field_object";
import type { ShapedPoints } from "./shaped_points";

/** Largest distance of points and lines from the pointer, in pixels. */
const REACH = 14;

/** Return the number of the nearest drawn point, or null where there is nothing.
 *
 * @param at - Place in the pane, -1 … 1 to the right and upwards.
 * @param pane - Width and height of the pane in pixels.
 */
export function pick(
  mesh: DrawnMesh,
  drawn: FieldObject,
  camera: OrthographicCamera,
  at: { x: number; y: number },
  pane: { width: number; height: number },
): number | null {
  camera.updateMatrixWorld();
  const places = screenPlaces(mesh, drawn, camera, pane);
  const x = ((at.x + 1) / 2) * pane.width;
  const y = ((at.y + 1) / 2) * pane.height;
  return mesh.triangles.length ? onSurface(mesh, places, drawn.shaped, x, y) : nearest(places, x, y, REACH);
}

/** Return x and y in pixels and the depth of all points, `[N, 3]`. */
function screenPlaces(
  mesh: DrawnMesh,
  drawn: FieldObject,
  camera: OrthographicCamera,
  pane: { width: number; height: number },
): Float32Array {
  const places = new Float32Array(3 * mesh.rows.length);
  const place = new Vector3();
  const clip = drawn.uniforms.uClip.value as { x: number; y: number; z: number; w: number };
  for (let p = 0; p < mesh.rows.length; p++) {
    drawn.place(p, place);
    const cut = clip.x * place.x + clip.y * place.y + clip.z * place.z > clip.w;
    place.project(camera);
    places[3 * p] = cut ? NaN : ((place.x + 1) / 2) * pane.width;
    places[3 * p + 1] = ((place.y + 1) / 2) * pane.height;
    places[3 * p + 2] = place.z;
  }
  return places;
}

function onSurface(
  mesh: DrawnMesh,
  places: Float32Array,
  shaped: ShapedPoints,
  x: number,
  y: number,
): number | null {
  const { triangles } = mesh;
  let found: number | null = null;
  let depth = Infinity;
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t], 3 * triangles[t + 1], 3 * triangles[t + 2]];
    const [abx, aby] = [places[b] - places[a], places[b + 1] - places[a + 1]];
    const [acx, acy] = [places[c] - places[a], places[c + 1] - places[a + 1]];
    const area = abx * acy - aby * acx;
    if (!area) continue;
    const [px, py] = [x - places[a], y - places[a + 1]];
    const u = (px * acy - py * acx) / area;
    const v = (abx * py - aby * px) / area;
    if (!(u >= 0 && v >= 0 && u + v <= 1)) continue;
    const corners = [triangles[t], triangles[t + 1], triangles[t + 2]];
    const weights = [1 - u - v, u, v];
    if (shaped.isCutOff(corners, weights)) continue;
    const z = places[a + 2] * (1 - u - v) + places[b + 2] * u + places[c + 2] * v;
    if (z >= depth) continue;
    depth = z;
    // A corner that is cut off has no value.
    const seen = weights.map((weight, i) => (shaped.isInside(corners[i]) ? weight : -1));
    found = corners[seen.indexOf(Math.max(...seen))];
  }
  return found;
}

function nearest(places: Float32Array, x: number, y: number, reach: number): number | null {
  let found: number | null = null;
  let best = reach * reach;
  for (let p = 0; p < places.length / 3; p++) {
    const distance = (places[3 * p] - x) ** 2 + (places[3 * p + 1] - y) ** 2;
    if (distance < best) [best, found] = [distance, p];
  }
  return found;
}
