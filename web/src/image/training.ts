/** Images of the training runs. */

import type { Container } from "../data/container";
import { likePixels, type Pixels } from "./pixels";

/** Return one of the training images; a black one where the page has none. */
export function trainingImage(container: Container, training: number): Pixels {
  const { data, shape } = container.array("training.images");
  const length = shape[1] * shape[2] * shape[3];
  if (shape[0] === 0) return { data: likePixels(data, new Uint8Array(length)), training: null };
  return { data: data.slice(training * length, (training + 1) * length), training };
}
