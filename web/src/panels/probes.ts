/** Probes: the history of a scalar at nodes, with its interval. */

import uPlot from "uplot";
import type { Description } from "../data/description";
import { short, withUnit } from "../fields/numbers";
import type { Scalar } from "../fields/scalars";
import { timeAt } from "../fields/times";
import type { History } from "../model/messages";
import { button, element } from "../page/dom";
import type { Placed } from "../page/placed";
import type { Store } from "../state/store";
import { placeField } from "./probe_place";

/** Colours that people with colour-blindness tell apart (Okabe and Ito). */
export const PROBE_COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#7f7f7f",
  "#b3a000",
] as const;

/** The histories of a design at the probes. */
export interface ProbeData {
  current: History[];
  /** The present design at a time between the trained ones. */
  between: { time: number; histories: History[] } | null;
  pinned: History[];
  scalar: Scalar;
  offset: number;
}

const HEIGHT = 220;

export class ProbesPanel {
  private readonly list = element("ul", { class: "probe-list" });
  private readonly chart = element("div", { class: "chart" });
  private readonly hint = element("p", { class: "note" });
  private plot: uPlot | null = null;
  private layout = "";
  private data: ProbeData | null = null;

  constructor(
    root: HTMLElement,
    private readonly description: Description,
    private readonly placed: Placed,
    private readonly store: Store,
  ) {
    const place = description.dimension === 1 ? "curve" : "mesh";
    this.hint.textContent = `Click the ${place} to see a history here, up to ${PROBE_COLOURS.length} at once.`;
    root.append(this.hint, this.chart, this.list, placeField(description, placed, store, PROBE_COLOURS.length));
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.chart);
    store.subscribe(({ probes }, changed) => {
      if (changed.has("probes")) {
        this.hint.hidden = probes.length > 0;
        this.draw();
      } else if (changed.has("time")) {
        this.plot?.redraw(false);
        this.values();
      }
    });
  }

  show(data: ProbeData): void {
    this.data = data;
    this.draw();
  }

  /** Draw anew, as the colours of the page have changed. */
  restyle(): void {
    this.layout = "";
    this.draw();
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(this.chart.clientWidth, 120), height: HEIGHT };
  }

  private draw(): void {
    const { probes } = this.store.state;
    this.values();
    const isShown = (row: number): boolean => probes.includes(row) && this.placed.isInside(row);
    const known = this.data?.current.filter(({ row }) => isShown(row)) ?? [];
    this.chart.hidden = !known.length || this.description.times.length < 2;
    if (this.chart.hidden || !this.data) return;
    const { pinned, scalar } = this.data;
    const layout = JSON.stringify([known.map(({ row }) => probes.indexOf(row)), scalar.label, pinned.length > 0]);
    if (layout !== this.layout || !this.plot) this.build(known, layout);
    this.plot?.setData(this.columns(known) as uPlot.AlignedData);
  }

  private columns(known: History[]): (number | null)[][] {
    const { pinned, scalar, offset } = this.data as ProbeData;
    const factor = this.description.calibration.interval_factor;
    const width = this.description.variables.length + this.description.vectors.length;
    const { times } = this.description;
    const columns: (number | null)[][] = [times];
    for (const { row, mean, spread } of known) {
      const at = (t: number, sign: number): number | null => {
        const i = t * width + scalar.column;
        const value = mean[i] + offset + (sign && sign * factor * spread[i]);
        // What is no finite number has no place in the chart.
        if (!Number.isFinite(value)) return null;
        return scalar.vector ? Math.max(value, 0) : value;
      };
      for (const sign of [0, 1, -1]) columns.push(times.map((_, t) => at(t, sign)));
      const other = pinned.find((history) => history.row === row);
      if (other) columns.push(times.map((_, t) => other.mean[t * width + scalar.column] + offset));
    }
    return columns;
  }

  private build(known: History[], layout: string): void {
    this.layout = layout;
    this.plot?.destroy();
    const { probes } = this.store.state;
    const { pinned, scalar } = this.data as ProbeData;
    const style = getComputedStyle(this.chart);
    const faint = "rgba(128, 128, 128, 0.22)";
    const font = `11px ${style.fontFamily}`;
    const axis = { stroke: style.color, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1 }, font, labelFont: font };
    const series: uPlot.Series[] = [{}];
    const bands: uPlot.Band[] = [];
    for (const { row } of known) {
      const stroke = PROBE_COLOURS[probes.indexOf(row) % PROBE_COLOURS.length];
      const none = { points: { show: false } };
      series.push({ stroke, width: 2, ...none }, { ...none }, { ...none });
      bands.push({ series: [series.length - 2, series.length - 1], fill: `${stroke}30` });
      if (pinned.some((history) => history.row === row)) {
        series.push({ stroke, width: 1.5, dash: [6, 4], ...none });
      }
    }
    const { time_unit: unit } = this.description;
    this.plot = new uPlot(
      {
        ...this.size(),
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: unit ? `time (${unit})` : "time", labelSize: 18, size: 32 },
          {
            ...axis,
            label: withUnit(scalar.label, scalar.unit && `(${scalar.unit})`),
            labelSize: 18,
            size: 54,
            values: (_, ticks) => ticks.map((value) => short(value)),
          },
        ],
        series,
        bands,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        hooks: { draw: [(plot) => this.drawTime(plot)] },
      },
      [[]],
      this.chart,
    );
    this.plot.over.addEventListener("click", () => {
      const index = this.plot?.cursor.idx;
      if (typeof index === "number") this.store.set({ time: index });
    });
  }

  private drawTime(plot: uPlot): void {
    const x = plot.valToPos(timeAt(this.description.times, this.store.state.time), "x", true);
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = getComputedStyle(this.chart).color;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** Write the value at each probe at the present time. */
  private values(): void {
    const { probes, time } = this.store.state;
    const width = this.description.variables.length + this.description.vectors.length;
    const factor = this.description.calibration.interval_factor;
    const isTrained = Number.isInteger(time);
    const { current, between } = this.data ?? { current: [], between: null };
    // Between trained times, values come with the next study.
    const known = isTrained ? current : between?.time === time ? between.histories : [];
    this.list.replaceChildren(
      ...probes.map((row, i) => {
        const swatch = element("span", { class: "swatch" }, String(i + 1));
        swatch.style.background = PROBE_COLOURS[i % PROBE_COLOURS.length];
        const history = known.find((one) => one.row === row);
        let text = this.placed.isInside(row) ? "…" : "outside of the geometry";
        if (this.placed.isInside(row) && history && this.data) {
          const at = (isTrained ? time : 0) * width + this.data.scalar.column;
          const value = history.mean[at] + this.data.offset;
          text = `${short(value)} ± ${withUnit(short(factor * history.spread[at], 2), this.data.scalar.unit)}`;
        }
        return element(
          "li",
          {},
          swatch,
          element("span", { class: "probe-place" }, this.place(row)),
          element("output", { class: "probe-value" }, text),
          button("×", () => this.store.set({ probes: probes.filter((each) => each !== row) }), {
            "aria-label": `Remove probe ${i + 1}`,
            class: "remove",
          }),
        );
      }),
    );
  }

  private place(row: number): string {
    const place = this.placed.position(row);
    if (!place) return `node ${row}`;
    const shown = place.slice(0, this.description.dimension).map((value) => short(value, 3));
    return `(${shown.join(", ")})`;
  }
}
