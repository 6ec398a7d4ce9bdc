// Arithmetic of the page: how a drawing becomes an MNIST digit, noise, bounds, paths between codes.
// Images are Float32Array of 28 × 28 in [0, 1], 1 is ink; batches lie one after the other.

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const FAINT = Math.fround(0.2); // what is no stroke; the images are of single precision
export const BOX = 20; // pixels of the longer side of a digit, as MNIST's were made

export interface Centred {
  image: Float32Array;
  /** Top, left, height and width of the digit in the image; null for an empty sheet. */
  box: [number, number, number, number] | null;
}

/** Python's and PyTorch's rounding: halves go to the even neighbour. */
function round(value: number): number {
  const down = Math.floor(value), rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** The weights with which `length` values become `size`: a triangle as wide as what is averaged. */
function filter(length: number, size: number): { from: number; weights: number[] }[] {
  const scale = length / size, reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, i) => {
    const centre = scale * (i + 0.5);
    const from = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const to = Math.min(Math.trunc(centre + reach + 0.5), length);
    const weights = [];
    for (let j = from; j < to; j++) {
      weights.push(Math.max(0, 1 - Math.abs((j + 0.5 - centre) / reach)));
    }
    const sum = weights.reduce((a, b) => a + b, 0);
    return { from, weights: weights.map((w) => w / sum) };
  });
}

/**
 * Shrink a drawing to 28 × 28 as MNIST's digits were made (LeCun et al. 1998): the ink's bounding
 * box is scaled to 20 pixels on its longer side, and its centre of mass moved to the middle, by
 * whole pixels. The same as `data.centred` in Python; a test compares them.
 */
export function centred(drawing: Float32Array, width: number): Centred {
  const height = drawing.length / width, image = new Float32Array(PIXELS);
  let top = height, bottom = -1, left = width, right = -1;
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      if (drawing[r * width + c] <= FAINT) continue;
      top = Math.min(top, r);
      bottom = Math.max(bottom, r);
      left = Math.min(left, c);
      right = Math.max(right, c);
    }
  }
  if (bottom < 0) return { image, box: null };
  const sides = [bottom - top + 1, right - left + 1], longer = Math.max(...sides);
  const [h, w] = sides.map((side) => Math.max(1, round((BOX * side) / longer)));
  const across = filter(sides[1], w), down = filter(sides[0], h);
  const narrow = new Float32Array(sides[0] * w), small = new Float32Array(h * w);
  for (let r = 0; r < sides[0]; r++) {
    across.forEach(({ from, weights }, c) => {
      const start = (top + r) * width + left + from;
      narrow[r * w + c] = weights.reduce((sum, weight, j) => sum + weight * drawing[start + j], 0);
    });
  }
  down.forEach(({ from, weights }, r) => {
    for (let c = 0; c < w; c++) {
      const ink = weights.reduce((sum, weight, j) => sum + weight * narrow[(from + j) * w + c], 0);
      small[r * w + c] = Math.min(1, Math.max(0, ink));
    }
  });
  let ink = 0, rows = 0, columns = 0;
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c++) {
      const value = small[r * w + c];
      ink += value;
      rows += r * value;
      columns += c * value;
    }
  }
  const place = (middle: number, side: number) =>
    Math.min(Math.max(round(SIDE / 2 - middle), 0), SIDE - side);
  const y = place(rows / ink, h), x = place(columns / ink, w);
  for (let r = 0; r < h; r++) {
    image.set(small.subarray(r * w, (r + 1) * w), (y + r) * SIDE + x);
  }
  return { image, box: [y, x, h, w] };
}

/** Black and white, as the VAEs saw their training images. */
export const blackAndWhite = (x: Float32Array) => x.map((ink) => (ink > 0.5 ? 1 : 0));

/** n numbers from N(0, 1), always the same for one seed: mulberry32, then Box and Muller. */
export function normal(n: number, seed: number): Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Float32Array.from({ length: n }, () =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
}

export function softmax(logits: ArrayLike<number>): number[] {
  const top = Math.max(...Array.from(logits));
  const e = Array.from(logits, (l) => Math.exp(l - top)), sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

export const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((best, v, i, all) => (v > all[best] ? i : best), 0);

/** z = μ + σ ε for K draws of ε (K, k). */
export function draws(mu: Float32Array, logVar: Float32Array, eps: Float32Array): Float32Array {
  const k = mu.length;
  return eps.map((e, i) => mu[i % k] + Math.exp(0.5 * logVar[i % k]) * e);
}

/**
 * The importance-weighted bound on log P(x) in nats, for one image (Burda et al. 2016, eq. 8):
 * log 1/K Σ P(x|z) P(z) / Q(z|x), with K codes z = μ + σ ε and the decoder's logits for each.
 */
export function bound(
  x: Float32Array, logVar: Float32Array, eps: Float32Array, z: Float32Array, logits: Float32Array,
): number {
  const k = logVar.length, K = eps.length / k, weights = [];
  const spread = logVar.reduce((a, b) => a + b, 0);
  for (let n = 0; n < K; n++) {
    let weight = spread / 2; // log p(z) − log q(z|x): the 2π cancel
    for (let i = n * k; i < (n + 1) * k; i++) weight += 0.5 * (eps[i] ** 2 - z[i] ** 2);
    for (let i = 0; i < PIXELS; i++) {
      const l = logits[n * PIXELS + i]; // log P(x|z) = x l − softplus(l)
      weight += x[i] * l - Math.max(l, 0) - Math.log1p(Math.exp(-Math.abs(l)));
    }
    weights.push(weight);
  }
  const top = Math.max(...weights);
  return top + Math.log(weights.reduce((sum, w) => sum + Math.exp(w - top), 0) / K);
}

/** n points on the straight line from a to b, both included. */
export function line(a: Float32Array, b: Float32Array, n: number): Float32Array {
  const out = new Float32Array(n * a.length);
  for (let i = 0; i < n; i++) {
    const t = i / (n - 1);
    for (let j = 0; j < a.length; j++) out[i * a.length + j] = (1 - t) * a[j] + t * b[j];
  }
  return out;
}

/** n × n codes that cover the square from −span to span, row by row from the top. */
export function grid(span: number, n: number): Float32Array {
  const out = new Float32Array(2 * n * n), at = (i: number) => span * ((2 * i) / (n - 1) - 1);
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < n; c++) out.set([at(c), -at(r)], 2 * (r * n + c));
  }
  return out;
}

/** The first `k` of every `have` numbers: a model with a shorter code takes what it needs. */
export function first(noise: Float32Array, have: number, k: number): Float32Array {
  return noise.filter((_, i) => i % have < k);
}
