/** Fields of a 1-D mesh as curves over the coordinate, with their band. */

import uPlot from "uplot";
import { short } from "../fields/numbers";
import type { DrawnMesh } from "./drawn_mesh";

export interface Curve {
  label: string;
  values: Float32Array;
  /** Half of the interval's width at each row; null where it is not known. */
  half: Float32Array | null;
  dashed: boolean;
}

const COLOURS = ["#0072b2", "#d55e00"];

export class CurveView {
  private readonly order: number[];
  private readonly x: number[];
  private plot: uPlot | null = null;
  private layout = "";
  onPick: (point: number) => void = () => {};

  constructor(
    private readonly root: HTMLElement,
    mesh: DrawnMesh,
    private readonly lengthUnit: string,
  ) {
    const extent = [0, 1, 2].map((c) => mesh.box.max.getComponent(c) - mesh.box.min.getComponent(c));
    const axis = extent.indexOf(Math.max(...extent));
    const at = (point: number): number => mesh.points[3 * point + axis];
    this.order = Array.from(mesh.rows.keys()).sort((a, b) => at(a) - at(b));
    this.x = this.order.map(at);
    this.rows = this.order.map((point) => mesh.rows[point]);
    this.axisName = "xyz"[axis];
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(root);
  }

  private readonly rows: number[];
  private readonly axisName: string;

  /** Draw curves; `range` is that of the vertical axis. */
  show(curves: Curve[], label: string, range: [number, number], offset: number, marked: number[]): void {
    const data: (number | null)[][] = [this.x];
    for (const { values, half } of curves) {
      const line = this.rows.map((row) => finite(values[row] + offset));
      data.push(line);
      const edge = (sign: number): (number | null)[] =>
        line.map((value, i) => (value === null || !half ? null : finite(value + sign * half[this.rows[i]])));
      data.push(edge(1), edge(-1));
    }
    const layout = JSON.stringify([label, curves.map((curve) => [curve.label, curve.dashed])]);
    if (layout !== this.layout || !this.plot) this.build(curves, label, layout);
    this.marked = marked;
    const [low, high] = [range[0] + offset, range[1] + offset];
    const margin = 0.06 * (high - low);
    this.limits = [low - margin, high + margin];
    this.plot?.setData(data as uPlot.AlignedData);
  }

  private limits: [number, number] = [0, 1];
  private marked: number[] = [];

  /** Build the plot anew when it is shown next. */
  forget(): void {
    this.layout = "";
  }

  get canvas(): HTMLCanvasElement | null {
    return this.plot?.ctx.canvas ?? null;
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(this.root.clientWidth - 8, 100), height: Math.max(this.root.clientHeight - 8, 100) };
  }

  private build(curves: Curve[], label: string, layout: string): void {
    this.layout = layout;
    this.plot?.destroy();
    const ink = getComputedStyle(this.root).color;
    const font = `12px ${getComputedStyle(this.root).fontFamily}`;
    const axis = { font, labelFont: font, stroke: ink, grid: { stroke: "rgba(128,128,128,0.25)" }, ticks: { stroke: "rgba(128,128,128,0.25)" } };
    const series: uPlot.Series[] = [{ label: this.axisName, value: (_, v) => short(v) }];
    const bands: uPlot.Band[] = [];
    curves.forEach((curve, i) => {
      const stroke = COLOURS[i % COLOURS.length];
      series.push({ label: curve.label, stroke, width: 2, dash: curve.dashed ? [8, 5] : [], points: { show: false }, value: (_, v) => short(v) });
      series.push({ label: `${curve.label}, upper`, points: { show: false }, value: (_, v) => short(v) });
      series.push({ label: `${curve.label}, lower`, points: { show: false }, value: (_, v) => short(v) });
      bands.push({ series: [3 * i + 2, 3 * i + 3], fill: `${stroke}33` });
    });
    this.plot = new uPlot(
      {
        ...this.size(),
        scales: { x: { time: false }, y: { range: () => this.limits } },
        axes: [
          { ...axis, label: this.lengthUnit ? `${this.axisName} (${this.lengthUnit})` : this.axisName },
          { ...axis, label, size: 70, values: (_, found) => found.map((v) => short(v)) },
        ],
        series,
        bands,
        legend: { show: false },
        cursor: { drag: { x: true, y: false } },
        hooks: { draw: [(plot) => this.drawMarks(plot)] },
      },
      [[], []] as unknown as uPlot.AlignedData,
      this.root,
    );
    const over = this.plot.over;
    over.addEventListener("click", () => {
      const index = this.plot?.cursor.idx;
      if (typeof index === "number") this.onPick(this.order[index]);
    });
    this.root.querySelector(".uplot")?.setAttribute("aria-label", label);
  }

  private drawMarks(plot: uPlot): void {
    plot.ctx.save();
    plot.ctx.strokeStyle = "rgba(128,128,128,0.8)";
    plot.ctx.setLineDash([4, 4]);
    for (const row of this.marked) {
      const at = this.rows.indexOf(row);
      if (at < 0) continue;
      const x = plot.valToPos(this.x[at], "x", true);
      plot.ctx.beginPath();
      plot.ctx.moveTo(x, plot.bbox.top);
      plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
      plot.ctx.stroke();
    }
    plot.ctx.restore();
  }
}

/** Return a number; null for one that has no place in the plot. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
