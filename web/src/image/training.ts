/** Images of the training runs: a page has all of them, or some where there are many. */

import type { Container } from "../data/container";
import { likePixels, type Pixels } from "./pixels";

/** Return the numbers of the runs whose images the page has, in the order of the images. */
export function runsWithImage(container: Container): number[] {
  return Array.from(container.array("training.image_runs").data);
}

/** Return the image of a training run; null where the page does not have it. */
export function trainingImage(container: Container, run: number): Pixels | null {
  const place = runsWithImage(container).indexOf(run);
  if (place < 0) return null;
  const { data } = container.array("training.images");
  const length = pixelCount(container);
  return { data: data.slice(place * length, (place + 1) * length), training: run };
}

/** Return the first of the training images; a black one where the page has none. */
export function firstImage(container: Container): Pixels {
  const [run] = runsWithImage(container);
  const { data } = container.array("training.images");
  const black = { data: likePixels(data, new Uint8Array(pixelCount(container))), training: null };
  return run === undefined ? black : (trainingImage(container, run) ?? black);
}

function pixelCount(container: Container): number {
  const [, height, width, channels] = container.array("training.images").shape;
  return height * width * channels;
}
