/** `window.explorer`: what the page shows, for scripts and tests in the browser's console. */

import type { Container } from "../data/container";
import type { Description } from "../data/description";
import type { MeasuredQuantity } from "../model/bands";
import type { StudiedDesign } from "../model/messages";
import type { State } from "../state/state";
import type { Store } from "../state/store";
import type { Placed } from "./placed";
import type { Predictions } from "./predictions";
import type { ShownFields } from "./shown_fields";

export interface Hook {
  readonly description: Description;
  readonly state: State;
  /** Whether everything that the state asks for is computed and shown. */
  readonly complete: boolean;
  /** Whether the fields of the present design and time are shown. */
  readonly upToDate: boolean;
  /** Milliseconds that the worker took for the last fields. */
  readonly milliseconds: number;
  readonly novelty: number | null;
  readonly study: StudiedDesign | null;
  /** Quantities of the present design; null while they are being computed. */
  readonly quantities: MeasuredQuantity[] | null;
  set(change: Partial<State>): void;
  /** Values of a variable or magnitude (by its column) at all nodes. */
  values(column: number, shown: State["shown"]): number[];
  /** Shape of the present design, `[M·S]`; empty where all have one mesh. */
  shape(): number[];
  /** Position of a node in the geometry of the present design. */
  position(row: number): number[] | null;
}

export function hookOf(
  container: Container,
  store: Store,
  predictions: Predictions,
  fields: ShownFields,
  placed: Placed,
): Hook {
  return {
    description: container.description,
    get state() {
      return store.state;
    },
    get complete() {
      return predictions.complete;
    },
    get upToDate() {
      return predictions.upToDate;
    },
    get milliseconds() {
      return predictions.milliseconds;
    },
    get novelty() {
      return predictions.current?.novelty ?? null;
    },
    get study() {
      return predictions.study(store.state.design);
    },
    get quantities() {
      return predictions.quantities(store.state.design);
    },
    set: (change) => store.set(change),
    values: (column, shown) => {
      const { current } = predictions;
      const found = current && fields.reader.read(current, fields.scalars[column], shown);
      return found ? Array.from(found.values, (value) => value + found.offset) : [];
    },
    shape: () => Array.from(predictions.current?.shape ?? []),
    position: (row) => placed.position(row),
  };
}
