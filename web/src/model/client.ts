/** The page's side of the worker: of several requests for fields, only the newest is kept. */

import type { MeasureRequest, Reply, Request, Setup, ShowRequest, StudyRequest } from "./messages";
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

  private constructor(private readonly listener: Listener) {}

  /** Start the worker; resolves when its model is loaded. */
  static start(setup: Setup, listener: Listener): Promise<ModelClient> {
    const client = new ModelClient(listener);
    return new Promise((resolve, reject) => {
      client.worker.onerror = (event) => reject(new Error(event.message || "the worker ended"));
      client.worker.onmessage = (event: MessageEvent<Reply>) => {
        if (event.data.kind === "failed") return reject(new Error(event.data.message));
        client.worker.onerror = (later) => listener.failed(later.message);
        client.worker.onmessage = (later: MessageEvent<Reply>) => client.receive(later.data);
        resolve(client);
      };
      client.worker.postMessage(setup, [
        setup.runtime.buffer,
        ...Object.values(setup.networks).map((model: Uint8Array<ArrayBuffer>) => model.buffer),
      ]);
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

  private receive(reply: Reply): void {
    if (reply.kind === "ready") return;
    if (reply.kind === "measuring") return this.listener.measuring(reply.part);
    if (reply.id === this.showing) this.showing = 0;
    if (reply.id === this.studying) this.studying = 0;
    if (reply.id === this.measuring) this.measuring = 0;
    this.send();
    if (reply.kind === "shown") this.listener.shown(reply);
    else if (reply.kind === "studied") this.listener.studied(reply);
    else if (reply.kind === "measured") this.listener.measured(reply);
    else if (reply.kind === "failed") this.listener.failed(reply.message);
  }
}
