/** The page's side of the worker: of several requests for fields, only the newest is kept. */

import type { MeasureRequest, Reply, Request, Runtime, Setup, ShowRequest, StudyRequest } from "./messages";
import ModelWorker from "./worker?worker&inline";

export type Shown = Extract<Reply, { kind: "shown" }>;
export type Studied = Extract<Reply, { kind: "studied" }>;
export type Measured = Extract<Reply, { kind: "measured" }>;

export interface Listener {
  shown: (reply: Shown) => void;
  studied: (reply: Studied) => void;
  /** Told from time to time which part of the quantities is done. */
  measuring: (part: number) => void;
  measured: (reply: Measured) => void;
  failed: (message: string) => void;
}

export class ModelClient {
  private readonly worker = new ModelWorker();
  private lastId = 0;
  private showing = 0;
  private studying = 0;
  private measuring = 0;
  private nextShow: Omit<ShowRequest, "kind" | "id"> | null = null;
  private nextStudy: Omit<StudyRequest, "kind" | "id"> | null = null;
  private nextMeasure: Omit<MeasureRequest, "kind" | "id"> | null = null;

  /** Start the worker and, in it, the runtime. */
  constructor(text: string) {
    const runtime: Runtime = { kind: "runtime", text };
    this.worker.postMessage(runtime);
  }

  /** Load the model; from then on the listener is told what comes of requests.
   *
   * @throws Error where the runtime does not start, or a network cannot be loaded.
   */
  load(setup: Setup, listener: Listener): Promise<void> {
    return new Promise((resolve, reject) => {
      this.worker.onerror = (event) => reject(new Error(event.message || "the worker ended"));
      this.worker.onmessage = (event: MessageEvent<Reply>) => {
        if (event.data.kind === "failed") return reject(new Error(event.data.message));
        this.worker.onerror = (later) => listener.failed(later.message);
        this.worker.onmessage = (later: MessageEvent<Reply>) => this.receive(later.data, listener);
        resolve();
      };
      const networks = Object.values(setup.networks);
      this.worker.postMessage(setup, networks.map((model: Uint8Array<ArrayBuffer>) => model.buffer));
    });
  }

  /** Ask for fields; a request that still waits is replaced. */
  show(request: Omit<ShowRequest, "kind" | "id">): void {
    this.nextShow = request;
    this.nextStudy = null;
    this.nextMeasure = null;
    this.send();
  }

  /** Ask for what takes longer; done when no field is waited for. */
  study(request: Omit<StudyRequest, "kind" | "id">): void {
    this.nextStudy = request;
    this.send();
  }

  /** Ask for what takes longest; done when nothing else is waited for. */
  measure(request: Omit<MeasureRequest, "kind" | "id">): void {
    this.nextMeasure = request;
    this.send();
  }

  get busy(): boolean {
    const working = this.showing + this.studying + this.measuring > 0;
    return working || [this.nextShow, this.nextStudy, this.nextMeasure].some((next) => next !== null);
  }

  private send(): void {
    if (this.showing) return;
    if (this.nextShow) {
      this.showing = this.post({ kind: "show", id: ++this.lastId, ...this.nextShow });
      this.nextShow = null;
    } else if (this.nextStudy && !this.studying) {
      this.studying = this.post({ kind: "study", id: ++this.lastId, ...this.nextStudy });
      this.nextStudy = null;
    } else if (this.nextMeasure && !this.studying && !this.measuring) {
      this.measuring = this.post({ kind: "measure", id: ++this.lastId, ...this.nextMeasure });
      this.nextMeasure = null;
    }
  }

  private post(request: Request & { id: number }): number {
    this.worker.postMessage(request);
    return request.id;
  }

  private receive(reply: Reply, listener: Listener): void {
    if (reply.kind === "ready") return;
    if (reply.kind === "measuring") return listener.measuring(reply.part);
    if (reply.id === this.showing) this.showing = 0;
    if (reply.id === this.studying) this.studying = 0;
    if (reply.id === this.measuring) this.measuring = 0;
    this.send();
    if (reply.kind === "shown") listener.shown(reply);
    else if (reply.kind === "studied") listener.studied(reply);
    else if (reply.kind === "measured") listener.measured(reply);
    else if (reply.kind === "failed") listener.failed(reply.message);
  }
}
