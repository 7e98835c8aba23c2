/** The networks of a container, run by onnxruntime-web: one thread, WebAssembly. */

import * as ort from "onnxruntime-web/wasm";
import type { DesignInput, Networks as Models } from "./messages";
import { sessionOf } from "./runtime";

/** What the first network makes of a design. */
export interface Encoded {
  /** All outputs by name; the second network reads some of them. */
  outputs: ort.InferenceSession.ReturnType;
  /** Null where there are no Gaussian processes. */
  novelty: number | null;
  /** Factor to the spread outside the trained range. */
  widening: number;
  /** Coefficients of the shape, where designs have their own geometry. */
  shape: Float32Array<ArrayBuffer> | null;
}

/** Coefficients at t times: `mean` is `[t, r]`, `deviations` `[count, t, r]`, `samples` `[K, t, r]`. */
export interface Coefficients {
  mean: Float32Array;
  deviations: Float32Array;
  count: number;
  samples: Float32Array;
}

export class Networks {
  private constructor(
    private readonly design: ort.InferenceSession,
    private readonly coefficientsOf: ort.InferenceSession,
    private readonly basis: ort.InferenceSession,
    private readonly shapes: ort.InferenceSession | null,
    private readonly image: { size: number; channels: number },
  ) {}

  /** Load the networks of a model; the runtime has been started. */
  static async load(models: Models, image: { size: number; channels: number }): Promise<Networks> {
    return new Networks(
      await sessionOf(models.design),
      await sessionOf(models.coefficients),
      await sessionOf(models.basis),
      models.shape ? await sessionOf(models.shape) : null,
      image,
    );
  }

  async encode(design: DesignInput): Promise<Encoded> {
    const feeds: Record<string, ort.Tensor> = {};
    if (this.design.inputNames.includes("parameters")) {
      const values = Float64Array.from(design.parameters);
      feeds.parameters = new ort.Tensor("float64", values, [1, values.length]);
    }
    if (this.design.inputNames.includes("images") && design.image) {
      const { size, channels } = this.image;
      feeds.images = tensorOf(design.image, [1, size, size, channels]);
    }
    const outputs = await this.design.run(feeds);
    const novelty = outputs.novelty?.data as Float64Array | undefined;
    const [widening] = outputs.widening.data as Float64Array;
    const shape = outputs.shape ? Float32Array.from(outputs.shape.data as Float64Array) : null;
    return { outputs, novelty: novelty?.[0] ?? null, widening, shape };
  }

  async coefficients(encoded: Encoded, times: Float32Array<ArrayBuffer>): Promise<Coefficients> {
    const feeds: Record<string, ort.OnnxValue> = {
      times: new ort.Tensor("float32", times, [times.length]),
    };
    for (const name of this.coefficientsOf.inputNames) feeds[name] ??= encoded.outputs[name];
    const found = await this.coefficientsOf.run(feeds);
    const deviations = found.deviations?.data as Float32Array | undefined;
    return {
      mean: found.mean.data as Float32Array,
      deviations: deviations ?? new Float32Array(0),
      count: found.deviations?.dims[0] ?? 0,
      samples: found.samples.data as Float32Array,
    };
  }

  /** Return states `[n, M·V]` of coefficients `[n, r]`. */
  async states(rows: Float32Array<ArrayBuffer>, count: number): Promise<Float32Array<ArrayBuffer>> {
    const tensor = new ort.Tensor("float32", rows, [count, rows.length / count]);
    const found = await this.basis.run({ rows: tensor });
    return found.states.data as Float32Array<ArrayBuffer>;
  }

  /** Return the difference of a design's shape from the mean, `[M·S]`; null where there are none. */
  async shapeChange({ shape }: Encoded): Promise<Float32Array | null> {
    if (!this.shapes || !shape) return null;
    const found = await this.shapes.run({ rows: new ort.Tensor("float32", shape, [1, shape.length]) });
    return found.states.data as Float32Array;
  }
}

function tensorOf(data: NonNullable<DesignInput["image"]>, dims: number[]): ort.Tensor {
  if (data instanceof Uint8Array) return new ort.Tensor("uint8", data, dims);
  return new ort.Tensor("float32", Float32Array.from(data), dims);
}
