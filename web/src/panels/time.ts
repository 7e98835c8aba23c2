/** The time: slider, field, play and speed. */

import { fitting, withUnit } from "../fields/numbers";
import { positionOf, timeAt } from "../fields/times";
import { choice, element, numberField, writeNumber } from "../page/dom";
import { iconButton, setIcon } from "../page/icons";
import type { Store } from "../state/store";

/** Steps in a second at normal speed. */
const NORMAL = 10;
/** Steps of the slider, where there are fewer trained times and the model predicts between them. */
const FINE = 200;

export interface Times {
  trained: number[];
  unit: string;
  /** Whether there are predictions between the trained times. */
  continuous: boolean;
}

export class TimePanel {
  private readonly play: HTMLButtonElement;
  private speed = 1;
  private playing = false;
  private lastStep = 0;

  /**
   * @param ready - Whether the last time that was asked for is shown.
   */
  constructor(
    root: HTMLElement,
    private readonly times: Times,
    private readonly store: Store,
    private readonly ready: () => boolean,
  ) {
    const { last } = this;
    root.hidden = last < 1;
    const step = times.continuous ? stepOf(last) : 1;
    const slider = element("input", { type: "range", min: 0, max: last, step, "aria-label": "Time" });
    this.play = iconButton("play", "Play", () => this.toggle());
    this.play.title = "Play (space)";
    const speeds = [0.25, 0.5, 1, 2, 4].map((s) => [String(s), `${s} ×`] as const);
    const speed = choice("Speed", speeds, (value) => (this.speed = Number(value)));
    speed.value = "1";
    root.append(
      iconButton("first", "First time", () => this.step(-Infinity), "narrow-hidden"),
      this.play,
      iconButton("last", "Last time", () => this.step(Infinity), "narrow-hidden"),
      slider,
      times.continuous ? this.field() : this.text(),
      speed,
    );
    slider.addEventListener("input", () => store.set({ time: Number(slider.value) }));
    store.subscribe(({ time }, changed) => {
      if (!changed.has("time")) return;
      slider.value = String(time);
      slider.setAttribute("aria-valuetext", this.written(time));
    });
  }

  /** Go on by some trained times; the ends stop it. */
  step(by: number): void {
    const { time } = this.store.state;
    const from = by > 0 ? Math.floor(time) : Math.ceil(time);
    this.store.set({ time: Math.min(Math.max(from + by, 0), this.last) });
  }

  toggle(): void {
    this.playing = !this.playing && this.last > 0;
    setIcon(this.play, this.playing ? "pause" : "play", this.playing ? "Pause" : "Play");
    this.lastStep = performance.now();
    if (this.playing) requestAnimationFrame((now) => this.advance(now));
  }

  private advance(now: number): void {
    if (!this.playing) return;
    const pause = 1000 / (NORMAL * this.speed);
    if (now - this.lastStep >= pause - 4 && this.ready()) {
      this.lastStep = now;
      this.store.set({ time: (Math.floor(this.store.state.time) + 1) % (this.last + 1) });
    }
    requestAnimationFrame((later) => this.advance(later));
  }

  /** Position of the last trained time. */
  private get last(): number {
    return this.times.trained.length - 1;
  }

  private written(time: number): string {
    const { trained, unit } = this.times;
    const gap = (trained[this.last] - trained[0]) / Math.max(this.last, 1);
    return `t = ${withUnit(fitting(timeAt(trained, time), gap), unit)}`;
  }

  /** Make the text of the time. */
  private text(): HTMLElement {
    const text = element("output", { class: "time-text" });
    this.store.subscribe(({ time }) => (text.textContent = this.written(time)));
    return text;
  }

  /** Make a field for any time of the trained span. */
  private field(): HTMLElement {
    const { trained, unit } = this.times;
    const [min, max] = [trained[0], trained[this.last]];
    const field = numberField({ min, max, "aria-label": "Time, number", title: "Any time of the trained span" });
    const show = (): void => writeNumber(field, String(Number(timeAt(trained, this.store.state.time).toPrecision(7))));
    field.addEventListener("change", () => {
      const value = field.valueAsNumber;
      if (Number.isFinite(value)) this.store.set({ time: positionOf(trained, value) });
      show();
    });
    this.store.subscribe(show);
    return element("label", { class: "time-text" }, "t = ", field, unit && ` ${unit}`);
  }
}

/** Return a part of one, so that all trained times are steps of the slider. */
function stepOf(last: number): number {
  return last < 1 ? 1 : 2 ** -Math.max(0, Math.ceil(Math.log2(FINE / last)));
}
