/** The factor by which displacements are drawn. */

/** Part of the mesh's size that the largest displacement is drawn with. */
const DRAWN = 0.08;

/** Return a round factor, 1 or more where displacements are small.
 *
 * @param bound - Largest displacement over the training runs.
 * @param size - Length of the mesh's diagonal.
 */
export function automaticFactor(bound: number, size: number): number {
  if (!(bound > 0)) return 1;
  const exact = (DRAWN * size) / bound;
  // Displacements that are large enough to see are drawn as they are.
  if (exact < 2) return 1;
  const power = 10 ** Math.floor(Math.log10(exact));
  return [5, 2, 1].map((m) => m * power).find((factor) => factor <= exact * 1.0001) ?? power;
}
