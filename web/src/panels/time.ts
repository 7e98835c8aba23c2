/** The time: slider, play and speed. */

import { fitting, withUnit } from "../fields/numbers";
import { choice, element } from "../page/dom";
import { iconButton, setIcon } from "../page/icons";
import type { Store } from "../state/store";

/** Steps in a second at normal speed. */
const NORMAL = 10;

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
    private readonly times: number[],
    unit: string,
    private readonly store: Store,
    private readonly ready: () => boolean,
  ) {
    root.hidden = times.length < 2;
    const slider = element("input", { type: "range", min: 0, max: times.length - 1, step: 1, "aria-label": "Time" });
    const text = element("output", { class: "time-text" });
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
      text,
      speed,
    );
    slider.addEventListener("input", () => store.set({ time: Number(slider.value) }));
    const gap = times.length > 1 ? (times[times.length - 1] - times[0]) / (times.length - 1) : 1;
    store.subscribe(({ time }, changed) => {
      if (!changed.has("time")) return;
      slider.value = String(time);
      text.textContent = `t = ${withUnit(fitting(times[time], gap), unit)}`;
      slider.setAttribute("aria-valuetext", text.textContent);
    });
  }

  /** Go on by some steps; the ends stop it. */
  step(by: number): void {
    const time = Math.min(Math.max(this.store.state.time + by, 0), this.times.length - 1);
    this.store.set({ time });
  }

  toggle(): void {
    this.playing = !this.playing && this.times.length > 1;
    setIcon(this.play, this.playing ? "pause" : "play", this.playing ? "Pause" : "Play");
    this.lastStep = performance.now();
    if (this.playing) requestAnimationFrame((now) => this.advance(now));
  }

  private advance(now: number): void {
    if (!this.playing) return;
    const pause = 1000 / (NORMAL * this.speed);
    if (now - this.lastStep >= pause - 4 && this.ready()) {
      this.lastStep = now;
      this.store.set({ time: (this.store.state.time + 1) % this.times.length });
    }
    requestAnimationFrame((later) => this.advance(later));
  }
}
