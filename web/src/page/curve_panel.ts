/** The view of a 1-D mesh: curves of the design and a pinned one, with their intervals. */

import type { Container } from "../data/container";
import { withUnit } from "../fields/numbers";
import type { Range } from "../fields/ranges";
import { column } from "../fields/scalars";
import type { ShownDesign } from "../model/messages";
import { showsAtOnce, type Store } from "../state/store";
import { CurveView } from "../view/curve";
import type { DrawnMesh } from "../view/drawn_mesh";
import { type PictureText, type PictureTheme, picture } from "./picture";
import type { Predictions } from "./predictions";
import { type ShownFields, withOffset } from "./shown_fields";

export class CurvePanel {
  readonly view: CurveView;

  constructor(
    root: HTMLElement,
    private readonly container: Container,
    mesh: DrawnMesh,
    private readonly fields: ShownFields,
    private readonly predictions: Predictions,
    private readonly store: Store,
  ) {
    this.view = new CurveView(root, mesh, container.description.length_unit);
    store.subscribe((_, changed) => {
      if (showsAtOnce(changed)) this.update();
    });
  }

  update(): void {
    const { state } = this.store;
    const contents = this.fields.contents(state, this.predictions);
    if (!contents) return;
    const { current, pinned } = this.predictions;
    const [first, second] = contents;
    const curves = [this.curve("this design", first.values.values, current, false)];
    if (second) curves.push(this.curve("pinned design", second.values.values, pinned, true));
    const label = withUnit(first.bar.label, first.bar.unit && `(${first.bar.unit})`);
    this.view.show(curves, label, first.bar.range, first.values.offset, state.probes);
  }

  /** Range of the vertical axis. */
  get range(): Range | null {
    const contents = this.fields.contents(this.store.state, this.predictions);
    return contents && withOffset(contents[0].bar);
  }

  /** Draw anew, as the colours of the page have changed. */
  restyle(): void {
    this.view.forget();
    this.update();
  }

  /** Return an image file of the curves. */
  async picture(text: PictureText, theme: PictureTheme): Promise<Blob | null> {
    const { canvas } = this.view;
    return canvas && picture(canvas, text, [], theme);
  }

  private curve(label: string, values: Float32Array, design: ShownDesign | null, dashed: boolean): {
    label: string;
    values: Float32Array;
    half: Float32Array | null;
    dashed: boolean;
  } {
    const { variables, vectors, calibration } = this.container.description;
    const { scalar, shown } = this.store.state;
    const spread =
      shown === "prediction" && design?.spread
        ? column(design.spread, variables.length + vectors.length, this.fields.scalars[scalar].column)
        : null;
    return { label, values, half: spread && spread.map((s) => s * calibration.interval_factor), dashed };
  }
}
