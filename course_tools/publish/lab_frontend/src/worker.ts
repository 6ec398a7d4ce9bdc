// The models. This worker loads them, checks each file against its checksum, and runs them in ONNX
// Runtime Web on one thread; the page itself stays free to draw.
import * as ort from "onnxruntime-web/wasm";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import * as maths from "./maths";
import { PIXELS, SIDE } from "./maths";
import {
  RECONSTRUCT, STYLES, type Answer, type Calls, type FromWorker, type Manifest, type Model, type Problem,
  type ToWorker,
} from "./protocol";

type Inputs = Record<string, Float32Array | number[]>;

const SEED = 1; // of the noise in the bound: a drawing that stays has a bound that stays
const DIGITS = Array.from({ length: 10 }, (_, label) => label);
const BERNOULLI = ["vae", "vae2", "cvae"]; // trained on black and white images, with a bound

// Errors, and no remarks on what could not be made simpler in the models of an older PyTorch.
const QUIET = { logSeverityLevel: 3 } as const;
const sessions = new Map<string, ort.InferenceSession>();
let models: Record<string, Model> = {};

const tell = (message: FromWorker) => self.postMessage(message);

class FileProblem extends Error {
  constructor(readonly why: Problem["why"]) { super(why); }
}

async function fetched(base: string, entry: { file: string; sha256: string }): Promise<Uint8Array<ArrayBuffer>> {
  let packed: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(base + entry.file);
    if (!response.ok) throw new FileProblem("missing");
    packed = new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new FileProblem("missing");
  }
  // The browser's own checksum is faster, but a page that came over plain http has none.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", packed)) : sha256(packed);
  if (bytesToHex(digest) !== entry.sha256) throw new FileProblem("checksum");
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** The bytes at even places stand first: see `pack` in lab_models.py. */
function interleaved(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(content.length), half = (content.length + 1) >> 1;
  for (let i = 0; i < content.length; i++) out[i] = content[(i & 1 ? half : 0) + (i >> 1)];
  return out;
}

async function load(base: string, manifest: Manifest): Promise<void> {
  models = manifest.models;
  let loaded = 0, total = manifest.runtime.bytes;
  for (const model of Object.values(models)) {
    for (const graph of Object.values(model.graphs)) total += graph.bytes;
  }
  const progress = (bytes: number) => tell({ kind: "progress", loaded: (loaded += bytes), total });
  const file = async (entry: { file: string; sha256: string; bytes: number }) => {
    const content = await fetched(base, entry);
    progress(entry.bytes);
    return content;
  };
  // The runtime first, for it takes longest to compile; then all other files at once, and sessions
  // one after the other, in the order in which the page shows them.
  const runtime = file(manifest.runtime);
  const waiting = Object.entries(models).map(([name, model]) => ({
    name,
    graphs: Object.entries(model.graphs).map(([graph, entry]) => {
      const content = file(entry);
      content.catch(() => {}); // said below, where it is waited for
      return { graph, entry, content };
    }),
  }));
  try {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = (await runtime).buffer;
  } catch {
    tell({ kind: "problem", problem: { why: "runtime", file: manifest.runtime.file } });
    return;
  }
  for (const { name, graphs } of waiting) {
    for (const { graph, entry, content } of graphs) {
      try {
        const onnx = interleaved(await content);
        sessions.set(`${name}.${graph}`, await ort.InferenceSession.create(onnx, QUIET));
      } catch (error) {
        const why = error instanceof FileProblem ? error.why : "broken";
        tell({ kind: "problem", problem: { why, file: entry.file, model: name } });
      }
    }
    if (whole(name)) tell({ kind: "model", model: name });
  }
  tell({ kind: "ready" });
}

/** Whether all graphs of a model have loaded. */
const whole = (name: string) =>
  name in models && Object.keys(models[name].graphs).every((g) => sessions.has(`${name}.${g}`));

function tensor(name: string, values: Float32Array | number[], k: number): ort.Tensor {
  const n = values.length;
  if (name === "y") {
    return new ort.Tensor("int64", BigInt64Array.from(values as number[], BigInt), [n]);
  }
  const shapes: Record<string, number[]> = { x: [n / PIXELS, 1, SIDE, SIDE], z: [n / k, k], t: [n] };
  return new ort.Tensor("float32", values as Float32Array, shapes[name]);
}

async function run(model: string, graph: string, inputs: Inputs) {
  const session = sessions.get(`${model}.${graph}`), about = models[model];
  if (!session) throw new Error(`${model}.${graph} has not loaded`);
  const feeds: Record<string, ort.Tensor> = {};
  for (const name of about.graphs[graph].inputs) {
    feeds[name] = tensor(name, inputs[name], about.latent_dim);
  }
  const results = await session.run(feeds);
  const out: Record<string, Float32Array> = {};
  for (const name of Object.keys(results)) out[name] = results[name].data as Float32Array;
  return out;
}

const labels = (model: string, y: number[] | null): Inputs =>
  models[model].conditional && y ? { y } : {};

async function decode(model: string, z: Float32Array, y: number[] | null): Promise<Float32Array> {
  if (model === "flow") model = "ae"; // whose codes it makes
  return (await run(model, "decode", { z, ...labels(model, y) })).image;
}

/** The image as a model takes it, and its code: for a VAE the mean of Q(z|x). */
async function encode(model: string, x: Float32Array, label: number) {
  const seen = BERNOULLI.includes(model) ? maths.blackAndWhite(x) : x;
  const found = await run(model, "encode", { x: seen, ...labels(model, [label]) });
  return { seen, code: found.mu ?? found.code, logVar: found.log_var, logP: found.log_p };
}

/** A VAE's bound on log P(x), for black and white x, from the logits of codes drawn with `eps`. */
function bound(
  model: string, x: Float32Array, logVar: Float32Array, eps: Float32Array, z: Float32Array, logits: Float32Array,
): number {
  const nats = maths.bound(x, logVar, eps, z, logits);
  // log P(x) ≥ log P(x, y) = log P(x|y) + log 1/10.
  return models[model].conditional ? nats - Math.log(10) : nats;
}

/**
 * An image through the code of a model and back: all its images of that code, one for each label
 * where the model shows styles, and the bound from K codes where it has one. All are decoded in one
 * run, for a run has a cost of its own.
 */
async function through(model: string, x: Float32Array, label: number, K: number) {
  const { seen, code, logVar, logP } = await encode(model, x, label);
  const requested = STYLES.includes(model) ? DIGITS : [label];
  const eps = BERNOULLI.includes(model) ? maths.normal(K * code.length, SEED) : new Float32Array();
  const drawn = maths.draws(code, logVar, eps);
  const z = new Float32Array(requested.length * code.length + drawn.length);
  requested.forEach((_, i) => z.set(code, i * code.length));
  z.set(drawn, requested.length * code.length);
  const y = [...requested, ...Array<number>(eps.length / code.length).fill(label)];
  const { image, logits } = await run(model, "decode", { z, ...labels(model, y) });
  return {
    code, logP, requested, images: image.slice(0, requested.length * PIXELS),
    sigma: logVar?.map((v) => Math.exp(v / 2)),
    bound: eps.length ? bound(model, seen, logVar, eps, drawn, logits.subarray(requested.length * PIXELS)) : undefined,
  };
}

type Asynchronous = {
  [name in keyof Calls]: (...args: Parameters<Calls[name]>) => Promise<ReturnType<Calls[name]>>;
};

const calls: Asynchronous = {
  run, decode,

  async bound(model, x, label, eps) {
    const { seen, code, logVar } = await encode(model, x, label), z = maths.draws(code, logVar, eps);
    const y = Array<number>(eps.length / code.length).fill(label);
    const { logits } = await run(model, "decode", { z, ...labels(model, y) });
    return bound(model, seen, logVar, eps, z, logits);
  },

  async encode(model, x, label) {
    return { code: (await encode(model, x, label)).code };
  },

  async answer(x, K) {
    const said: Answer = { reconstructions: {}, styles: {}, scores: {} };
    if (whole("classifier")) {
      said.probabilities = maths.softmax((await run("classifier", "classify", { x })).logits);
      said.label = maths.largest(said.probabilities);
      said.scores.certainty = Math.max(...said.probabilities);
    }
    const label = said.label ?? 0;
    for (const model of new Set([...RECONSTRUCT, ...STYLES])) {
      if (!whole(model)) continue;
      const { images, requested, logP, code, sigma, bound } = await through(model, x, label, K);
      const own = requested.indexOf(label) * PIXELS, image = images.slice(own, own + PIXELS);
      if (RECONSTRUCT.includes(model)) said.reconstructions[model] = { image, code, sigma, bound };
      if (STYLES.includes(model)) said.styles[model] = images;
      if (logP) said.scores[model === "pca" ? "density" : "code"] = logP[0];
    }
    return said;
  },

  async between(model, a, b, n) {
    if (model === "pixels") return maths.line(a, b, n);
    const from = await encode(model, a, 0), to = await encode(model, b, 0);
    return decode(model, maths.line(from.code, to.code, n), null);
  },

  async generate(model, noise, width, y) {
    const z = maths.first(noise, width, models[model].latent_dim);
    const code = models[model].graphs.prior ? (await run(model, "prior", { z })).code : z;
    return decode(model, code, y);
  },

  /** The images at all times of the flow, from noise to digits: the midpoint rule, with guidance. */
  async flow(noise, width, y, guidance, steps) {
    const B = y.length, none = Array<number>(B).fill(10), dt = 1 / steps;
    let z = maths.first(noise, width, models.flow.latent_dim);
    const field = async (place: Float32Array, time: number) => {
      const both = new Float32Array(2 * place.length);
      both.set(place);
      both.set(place, place.length);
      const t = new Float32Array(2 * B).fill(time);
      const { v } = await run("flow", "velocity", { z: both, t, y: [...none, ...y] });
      const free = v.subarray(0, place.length), conditional = v.subarray(place.length);
      return free.map((f, i) => f + guidance * (conditional[i] - f));
    };
    const film = [await decode("flow", (await run("flow", "prior", { z })).code, null)];
    for (let step = 0; step < steps; step++) {
      const v = await field(z, step * dt);
      const half = await field(z.map((p, i) => p + 0.5 * dt * v[i]), (step + 0.5) * dt);
      z = z.map((p, i) => p + dt * half[i]);
      film.push(await decode("flow", (await run("flow", "prior", { z })).code, null));
    }
    return film;
  },
};

// One call at a time: a session takes no second one while it runs.
let queue: Promise<unknown> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "load") {
    load(data.base, data.manifest).catch((error) =>
      tell({ kind: "problem", problem: { why: "runtime", file: String(error) } }));
    return;
  }
  const { id, name, args } = data;
  queue = queue.then(async () => {
    try {
      tell({ kind: "result", id, value: await (calls[name] as (...a: unknown[]) => unknown)(...args) });
    } catch (error) {
      tell({ kind: "error", id, message: String(error) });
    }
  });
};
