/** Images of the training runs. */

import type { Container } from "../data/container";
import type { Pixels } from "./pixels";

/** Return one of the training images. */
export function trainingImage(container: Container, training: number): Pixels {
  const { data, shape } = container.array("training.images");
  const length = shape[1] * shape[2] * shape[3];
  return { data: data.slice(training * length, (training + 1) * length), training };
}
