/** What the worker is given of a container. */

import type { Container } from "../data/container";
import type { Setup } from "./messages";
import { quantityPlans } from "./quantities";

export function setupOf(container: Container): Setup {
  const { description } = container;
  const [variables, rank] = container.array("state.gram").shape;
  return {
    kind: "setup",
    networks: {
      design: container.bytes("model.design").slice(),
      coefficients: container.bytes("model.coefficients").slice(),
      basis: container.bytes("model.basis").slice(),
      ...(container.has("model.shape") && { shape: container.bytes("model.shape").slice() }),
    },
    scaling: { mean: container.floats("state.mean"), factor: container.floats("state.factor") },
    shape: description.geometry ? { mean: container.floats("shape.mean"), kind: description.geometry.kind } : null,
    gram: container.floats("state.gram"),
    uniform: container.floats("state.uniform"),
    valued: container.has("state.valued") ? container.bytes("state.valued") : null,
    times: description.times,
    variables,
    rank,
    vectors: description.vectors,
    offsets: offsetsOf(container),
    calibration: description.calibration,
    varianceFloor: description.variance_floor,
    varianceLeftOut: description.variance_left_out,
    quantities: quantityPlans(container),
    bands: description.bands,
    imageSize: description.image?.size ?? 0,
    imageChannels: description.image?.channels ?? 0,
  };
}

/** Return the offset of each variable, which is added to its values in double precision. */
export function offsetsOf(container: Container): Float64Array {
  if (container.has("state.offsets")) return container.doubles("state.offsets");
  return new Float64Array(container.description.variables.length);
}
