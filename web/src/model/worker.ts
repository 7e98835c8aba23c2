/** The worker: takes requests one after the other; fields come before studies. */

import { Engine, Interrupted } from "./engine";
import type { MeasureRequest, Reply, Request, ShowRequest, StudyRequest } from "./messages";
import { startRuntime } from "./runtime";

let runtime: Promise<void> | null = null;
let engine: Engine | null = null;
const waiting: Request[] = [];
let working = false;

self.onmessage = (event: MessageEvent<Request>) => {
  waiting.push(event.data);
  if (!working) void work();
};

async function work(): Promise<void> {
  working = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const id = "id" in next ? next.id : 0;
    try {
      await answer(next);
    } catch (error) {
      if (error instanceof Interrupted) reply({ kind: "interrupted", id });
      else reply({ kind: "failed", id, message: error instanceof Error ? error.message : String(error) });
    }
  }
  working = false;
}

async function answer(request: Request): Promise<void> {
  if (request.kind === "runtime") {
    runtime = startRuntime(request.text);
    // A failure is told to whoever waits for the model.
    runtime.catch(() => {});
  } else if (request.kind === "setup") {
    await runtime;
    engine = await Engine.create(request);
    reply({ kind: "ready" });
  } else if (engine) {
    if (request.kind === "show") await show(engine, request);
    else if (request.kind === "study") await study(engine, request);
    else await measure(engine, request);
  }
}

async function show(model: Engine, { id, designs, time, spread }: ShowRequest): Promise<void> {
  const start = performance.now();
  const shown = [];
  for (const design of designs) shown.push(await model.show(design, time, spread));
  const milliseconds = performance.now() - start;
  const buffers = shown.flatMap(({ field, spread: s }) => (s ? [field.buffer, s.buffer] : [field.buffer]));
  reply({ kind: "shown", id, time, designs: shown, milliseconds }, buffers);
}

async function study(model: Engine, request: StudyRequest): Promise<void> {
  const { id, designs, time, probes, ranges } = request;
  const studied = [];
  for (const design of designs) {
    await rest();
    studied.push(await model.study(design, time, probes, ranges, rest));
  }
  reply({ kind: "studied", id, time, designs: studied });
}

async function measure(model: Engine, { id, designs }: MeasureRequest): Promise<void> {
  const measured = [];
  for (const design of designs) {
    await rest();
    const part = measured.length;
    measured.push(
      await model.measure(design, async (done) => {
        reply({ kind: "measuring", id, part: (part + done) / designs.length });
        await rest();
      }),
    );
  }
  reply({ kind: "measured", id, designs: measured });
}

/** Let messages come in, and stop where there are any. */
async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  if (waiting.length) throw new Interrupted();
}

function reply(message: Reply, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
