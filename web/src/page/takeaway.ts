/** Buttons that take something away: image, tables, grid, link. */

import type { Container } from "../data/container";
import { short, withUnit } from "../fields/numbers";
import { timeAt } from "../fields/times";
import { download, fileName } from "../files/download";
import type { Store } from "../state/store";
import type { DrawnMesh } from "../view/drawn_mesh";
import type { CurvePanel } from "./curve_panel";
import { button } from "./dom";
import { exportedMesh } from "./exported_mesh";
import type { MeshView } from "./mesh_view";
import type { Placed } from "./placed";
import type { Predictions } from "./predictions";
import type { ShownFields } from "./shown_fields";
import { fieldTable, gridFile, probeTable, quantityTable } from "./tables";

export class Takeaway {
  constructor(
    private readonly container: Container,
    private readonly mesh: DrawnMesh,
    private readonly placed: Placed,
    private readonly fields: ShownFields,
    private readonly predictions: Predictions,
    private readonly store: Store,
    private readonly view: MeshView | CurvePanel,
    private readonly say: (message: string) => void,
  ) {}

  buttons(): HTMLElement[] {
    return [
      button("Link", () => void this.link(), { title: "Copy a link that restores what is shown" }),
      button("PNG", () => void this.png(), { title: "Save what is shown as an image" }),
      button("CSV", () => void this.csv(), { title: "Save the shown state as a table: all fields with their uncertainty" }),
      button("VTU", () => void this.vtu(), { title: `Save the shown state for ParaView${this.onlySurface}` }),
    ];
  }

  probeButton(): HTMLButtonElement {
    return button("CSV", () => this.probes(), { title: "Save the histories of the probes as a table" });
  }

  quantityButton(): HTMLButtonElement {
    return button("CSV", () => this.quantities(), { title: "Save the quantities as a table" });
  }

  /** What is missing in the file of a volume whose cells are not in the page. */
  private get onlySurface(): string {
    const { dimension } = this.container.description;
    const whole = dimension < 3 || !this.mesh.triangles.length || this.container.has("volume.points");
    return whole ? "" : ": the drawn surface";
  }

  private get name(): string {
    const { study } = this.container.description;
    return `${fileName(study)}_t${Number(this.store.state.time.toFixed(4))}`;
  }

  private async link(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("Link copied.");
    } catch {
      this.say("The address of this page is the link: copy it from the address bar.");
    }
  }

  private async csv(): Promise<void> {
    await this.predictions.withSpread();
    const { current } = this.predictions;
    if (!current) return;
    const { length_unit: unit } = this.container.description;
    const mesh = exportedMesh(this.container, this.mesh, current);
    download(`${this.name}.csv`, fieldTable(current, mesh, this.fields, unit), "text/csv");
  }

  private async vtu(): Promise<void> {
    await this.predictions.withSpread();
    const { current } = this.predictions;
    const { time, design } = this.store.state;
    if (!current) return;
    const mesh = exportedMesh(this.container, this.mesh, current);
    const text = gridFile(this.container, current, mesh, this.fields, time, design.parameters);
    download(`${this.name}.vtu`, text, "application/xml");
  }

  private probes(): void {
    const study = this.predictions.study(this.store.state.design);
    const histories = study?.histories.filter(({ row }) => this.placed.isInside(row));
    if (!histories?.length) return this.say("There are no probes yet: click the mesh.");
    const text = probeTable(this.container, histories, this.placed, this.fields);
    download(`${fileName(this.container.description.study)}_probes.csv`, text, "text/csv");
  }

  private quantities(): void {
    const { design, pinned } = this.store.state;
    const found = this.predictions.quantities(design);
    if (!found) return this.say("The quantities are still being computed.");
    const { description } = this.container;
    const text = quantityTable(description, found, this.predictions.quantities(pinned));
    download(`${fileName(description.study)}_quantities.csv`, text, "text/csv");
  }

  private async png(): Promise<void> {
    const style = getComputedStyle(document.body);
    const theme = { paper: style.backgroundColor, ink: style.color, font: style.fontFamily };
    const { description } = this.container;
    const { state } = this.store;
    const values = description.inputs.map((input, i) => {
      const value = state.design.parameters[i];
      return input.kind === "number"
        ? `${input.name} = ${withUnit(short(value), input.unit)}`
        : `${input.name} = ${input.values[value]}`;
    });
    const time =
      description.times.length > 1
        ? [`t = ${withUnit(short(timeAt(description.times, state.time)), description.time_unit)}`]
        : [];
    const text = { title: `${description.study}: ${this.fields.label(state)}`, subtitle: [...values, ...time].join(", ") };
    const blob = await this.view.picture(text, theme);
    if (blob) download(`${this.name}.png`, blob);
  }
}
