// The page's side of the worker: what has loaded, what is on the sheet, and calls to the models.
import { fromBytes } from "./dom";
import { PIXELS } from "./maths";
import type { Calls, FromWorker, Manifest, Problem, ToWorker } from "./protocol";

type Name = keyof Calls;

export class Lab extends EventTarget {
  readonly models = new Set<string>(); // that have loaded whole
  readonly problems: Problem[] = [];
  readonly wasm = typeof WebAssembly === "object"; // which every model needs
  /** The centred drawing; null while the sheet is empty. */
  drawing: Float32Array | null = null;
  label = 0; // the classifier's, of the drawing
  ready = false;
  private worker: Worker | null = null;
  private waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  private sent = 0;

  constructor(readonly manifest: Manifest | null) {
    super();
    if (!manifest || !this.wasm) return;
    this.worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    this.worker.onerror = () => this.receive({ kind: "problem", problem: { why: "runtime", file: "worker" } });
    this.send({ kind: "load", base: new URL("models/", document.baseURI).href, manifest });
  }

  /** Have the worker do something; several at once wait for each other there. */
  call<N extends Name>(name: N, ...args: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>> {
    return new Promise((resolve, reject) => {
      const id = ++this.sent;
      this.waiting.set(id, { resolve, reject });
      this.send({ kind: "call", id, name, args });
    });
  }

  example(label: string): Float32Array {
    const found = this.manifest?.examples.find((e) => e.label === label);
    return found ? fromBytes(found.pixels) : new Float32Array(PIXELS);
  }

  show(drawing: Float32Array | null): void {
    this.drawing = drawing;
    this.say("drawing");
  }

  private say(what: string, detail?: unknown) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  private send(message: ToWorker) {
    this.worker!.postMessage(message);
  }

  private receive(data: FromWorker) {
    if (data.kind === "result" || data.kind === "error") {
      const { resolve, reject } = this.waiting.get(data.id)!;
      this.waiting.delete(data.id);
      if (data.kind === "result") resolve(data.value as never);
      else reject(new Error(data.message));
      return;
    }
    if (data.kind === "progress") this.say("progress", data);
    if (data.kind === "problem") {
      this.problems.push(data.problem);
      this.say("problem", data.problem);
    }
    if (data.kind === "model") {
      this.models.add(data.model);
      this.say("model", data.model);
    }
    if (data.kind === "ready") {
      this.ready = true;
      this.say("ready");
    }
  }
}
