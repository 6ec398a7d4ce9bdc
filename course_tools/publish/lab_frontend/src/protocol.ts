// What the page and its worker say to each other.

/** The models that reconstruct a drawing, and those that give it other labels, as the page shows them. */
export const RECONSTRUCT = ["pca", "ae", "vae", "cvae", "vae_gan"], STYLES = ["cvae", "cvae_gan"];

interface GraphFile { file: string; bytes: number; sha256: string; inputs: string[]; outputs: string[] }

export interface Model {
  weights: string;
  recipe: string;
  latent_dim: number;
  conditional: boolean;
  parameters: number;
  guidance?: number;
  graphs: Record<string, GraphFile>;
}

export interface Detector { threshold: number; quantiles: number[]; rejects: Record<string, number> }

export interface Manifest {
  dataset: string;
  runtime: { file: string; bytes: number; sha256: string };
  models: Record<string, Model>;
  examples: { label: string; pixels: string }[];
  detectors: Record<string, Detector>;
  codes: { z: [number, number][]; y: number[] };
  cost: Record<string, number[]>;
}

/** A reconstruction with its code, and for a VAE the bound. */
interface Reconstruction {
  image: Float32Array;
  code: Float32Array;
  sigma?: Float32Array;
  bound?: number;
}

/** What the models say of a drawing. Of a model that did not load, its part is missing. */
export interface Answer {
  probabilities?: number[];
  label?: number;
  reconstructions: Record<string, Reconstruction>;
  styles: Record<string, Float32Array>; // ten images each
  scores: Record<string, number>; // of the detectors
}

export interface Calls {
  answer(x: Float32Array, K: number): Answer;
  encode(model: string, x: Float32Array, label: number): { code: Float32Array };
  decode(model: string, z: Float32Array, y: number[] | null): Float32Array;
  between(model: string, a: Float32Array, b: Float32Array, n: number): Float32Array;
  generate(model: string, noise: Float32Array, width: number, y: number[]): Float32Array;
  flow(noise: Float32Array, width: number, y: number[], guidance: number, steps: number): Float32Array[];
  run(model: string, graph: string, inputs: Record<string, Float32Array | number[]>): Record<string, Float32Array>;
  bound(model: string, x: Float32Array, label: number, eps: Float32Array): number;
}

/** What goes wrong with one file, by its code in text.json, and the file's name. */
export interface Problem { why: "missing" | "checksum" | "broken" | "runtime"; file: string; model?: string }

export type FromWorker =
  | { kind: "progress"; loaded: number; total: number }
  | { kind: "model"; model: string }
  | { kind: "problem"; problem: Problem }
  | { kind: "ready" }
  | { kind: "result"; id: number; value: unknown }
  | { kind: "error"; id: number; message: string };

export type ToWorker =
  | { kind: "load"; base: string; manifest: Manifest }
  | { kind: "call"; id: number; name: keyof Calls; args: unknown[] };
