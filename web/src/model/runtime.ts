/** The runtime of onnxruntime-web: one thread, WebAssembly. */

import * as ort from "onnxruntime-web/wasm";
import { fromBase64, unpacked } from "../data/embedded";

/** A network of one node, `y = Identity(x)` of one number, in the format of ONNX. */
const SMALLEST = fromBase64(
  "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=",
);

/** Start the runtime.
 *
 * A network is loaded and run, as much of the runtime is only prepared when it is first used.
 */
export async function startRuntime(text: string): Promise<void> {
  ort.env.wasm.wasmBinary = (await unpacked(text)).buffer;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  const session = await sessionOf(SMALLEST);
  await session.run({ x: new ort.Tensor("float32", [0], [1]) });
  await session.release();
}

/** Load a network. */
export function sessionOf(model: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: ["wasm"],
    // Basic optimisation folds the conversion of half-precision weights; more takes longer to load.
    graphOptimizationLevel: "basic",
  });
}
