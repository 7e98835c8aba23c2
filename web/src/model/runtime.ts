/** The runtime of onnxruntime-web: one thread, WebAssembly. */

import * as ort from "onnxruntime-web/wasm";

/** A network of one node, `y = Identity(x)` of one number, in the format of ONNX. */
const SMALLEST = Uint8Array.from(
  atob("CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0="),
  (letter) => letter.charCodeAt(0),
);

/** Start the runtime.
 *
 * A network is loaded and run, as much of the runtime is only prepared when it is first used: on
 * two slow cores the first network takes 0.5 s, and one like it afterwards 0.1 s.
 */
export async function startRuntime(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  ort.env.wasm.wasmBinary = bytes.buffer;
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
