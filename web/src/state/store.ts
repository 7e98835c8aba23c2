/** Holds the state, and tells who asked which parts of it have changed. */

import type { State } from "./state";

export type Changed = ReadonlySet<keyof State>;
export type Subscriber = (state: State, changed: Changed) => void;

/** What new fields have to be computed for, and the camera, which draws by itself. */
const NOT_AT_ONCE: ReadonlySet<keyof State> = new Set(["design", "pinned", "time", "camera"]);

/** Whether a change shows before anything has been computed. */
export function showsAtOnce(changed: Changed): boolean {
  return [...changed].some((key) => !NOT_AT_ONCE.has(key));
}

export class Store {
  private readonly subscribers: Subscriber[] = [];

  constructor(private current: State) {}

  get state(): State {
    return this.current;
  }

  /** Call a function now, with everything as changed, and after each change. */
  subscribe(subscriber: Subscriber): void {
    this.subscribers.push(subscriber);
    subscriber(this.current, new Set(Object.keys(this.current) as (keyof State)[]));
  }

  set(change: Partial<State>): void {
    const keys = (Object.keys(change) as (keyof State)[]).filter(
      (key) => change[key] !== this.current[key],
    );
    if (!keys.length) return;
    this.current = { ...this.current, ...change };
    const changed: Changed = new Set(keys);
    for (const subscriber of this.subscribers) subscriber(this.current, changed);
  }

  setParameter(index: number, value: number): void {
    const { design } = this.current;
    if (design.parameters[index] === value) return;
    this.set({ design: { ...design, parameters: design.parameters.with(index, value) } });
  }
}
