// The GAN of lesson 07 on the plane, with jax-js: gradients come from it, and steps run in
// WebAssembly. In jax-js a call uses its arrays up; `.ref` keeps one for a further use.
import { type Array as Values, defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";

export type Player = "D" | "G";
type Weights = Values[]; // matrix, bias, matrix, bias, …

export const BATCH = 256;
const WIDTHS = { D: [2, 64, 64, 64, 1], G: [2, 64, 64, 64, 2] };
const RATE = 2e-3, DECAY = 0.9, EPSILON = 1e-8; // of Adam, as in the lesson

/** Whether this browser can run it. */
export async function prepare(): Promise<boolean> {
  if (!(await init("wasm")).includes("wasm")) return false;
  defaultDevice("wasm");
  return true;
}

const refs = (weights: Weights) => weights.map((w) => w.ref);

function forward(weights: Weights, x: Values, activation: (x: Values) => Values): Values {
  for (let i = 0; i < weights.length; i += 2) {
    x = np.dot(x, weights[i]).add(weights[i + 1]);
    if (i + 2 < weights.length) x = activation(x);
  }
  return x;
}
const D = (weights: Weights, x: Values) => forward(weights, x, (h) => nn.leakyRelu(h, 0.2));
// Below −88 the derivative of jax-js's SiLU is 0 · ∞, not a number; both are 0 long before.
const silu = (h: Values) => nn.silu(np.maximum(h, -80));
const G = (weights: Weights, z: Values) => forward(weights, z, silu);

/** log(1 + eˣ); that of jax-js overflows above 88, and its derivative is no number there. */
const softplus = (x: Values) => np.logaddexp(x, 0);

/** −E log D(x) − E log(1 − D(G(z))), with D = σ(logit); no gradient goes into G. */
const lossOfD = (d: Weights, g: Weights, x: Values, z: Values) =>
  np.mean(softplus(np.negative(D(refs(d), x)))).add(np.mean(softplus(D(d, lax.stopGradient(G(g, z))))));

/** −E log D(G(z)): the non-saturating loss. */
const lossOfG = (g: Weights, d: Weights, z: Values) => np.mean(softplus(np.negative(D(d, G(g, z)))));

/** One step of Adam (Kingma & Ba 2015); momentum is β₁. */
function adam(w: Weights, gradient: Weights, m: Weights, v: Weights, momentum: Values, step: Values) {
  const next: [Weights, Weights, Weights] = [[], [], []];
  const early = np.array(1).sub(np.power(momentum.ref, step.ref)), late = np.array(1).sub(np.power(DECAY, step));
  w.forEach((weight, i) => {
    const first = m[i].mul(momentum.ref).add(gradient[i].ref.mul(np.array(1).sub(momentum.ref)));
    const second = v[i].mul(DECAY).add(np.square(gradient[i]).mul(1 - DECAY));
    const root = np.sqrt(second.ref.div(late.ref)).add(EPSILON);
    next[0].push(weight.sub(first.ref.div(early.ref).mul(RATE).div(root)));
    next[1].push(first);
    next[2].push(second);
  });
  for (const used of [momentum, early, late]) used.dispose();
  return next;
}

const stepOfD = jit((d: Weights, m: Weights, v: Weights, g: Weights, x: Values, z: Values, momentum: Values, step: Values) => {
  const [loss, gradient] = valueAndGrad(lossOfD)(refs(d), g, x, z);
  return [loss, ...adam(d, gradient as Weights, m, v, momentum, step)] as const;
});
const stepOfG = jit((g: Weights, m: Weights, v: Weights, d: Weights, z: Values, momentum: Values, step: Values) => {
  const [loss, gradient] = valueAndGrad(lossOfG)(refs(g), d, z);
  return [loss, ...adam(g, gradient as Weights, m, v, momentum, step)] as const;
});
const generate = jit(G);
const judge = jit((d: Weights, x: Values) => nn.sigmoid(D(d, x)));

/** Points in the plane, (N, 2), as an array of jax-js. */
const points = (values: Float32Array) => np.array(values as Float32Array<ArrayBuffer>, { shape: [values.length / 2, 2] });

interface State { weights: Weights; m: Weights; v: Weights; steps: number }

/** Two players, each with its own Adam; a turn of one leaves the other as it is. */
export class Game {
  momentum = 0;
  private players: Record<Player, State>;

  /** `uniform` draws from 0 to 1; weights begin as PyTorch's linear layers do. */
  constructor(uniform: () => number) {
    const start = (widths: number[]): State => {
      const weights: Weights = [];
      for (let i = 0; i + 1 < widths.length; i++) {
        const [n, m] = [widths[i], widths[i + 1]], reach = 1 / Math.sqrt(n);
        const draw = (count: number) => Float32Array.from({ length: count }, () => reach * (2 * uniform() - 1));
        weights.push(np.array(draw(n * m), { shape: [n, m] }), np.array(draw(m), { shape: [m] }));
      }
      const zeros = () => weights.map((w) => np.zeros(w.shape));
      return { weights, m: zeros(), v: zeros(), steps: 0 };
    };
    this.players = { D: start(WIDTHS.D), G: start(WIDTHS.G) };
  }

  // Each method does all that it does with the players before it first waits, so that calls may
  // overlap, and the game may end while answers are on their way.

  /** One step of one player, on data x (for D) and noise z; returns its loss in nats. */
  async turn(who: Player, x: Float32Array, z: Float32Array): Promise<number> {
    const me = this.players[who], other = refs(this.players[who === "D" ? "G" : "D"].weights);
    me.steps++;
    const [momentum, step] = [np.array(this.momentum), np.array(me.steps)];
    const [loss, weights, m, v] = who === "D"
      ? stepOfD(me.weights, me.m, me.v, other, points(x), points(z), momentum, step)
      : stepOfG(me.weights, me.m, me.v, other, points(z), momentum, step);
    Object.assign(me, { weights, m, v });
    return (await loss.data())[0];
  }

  generate(z: Float32Array): Promise<Float32Array> {
    return generate(refs(this.players.G.weights), points(z)).data() as Promise<Float32Array>;
  }

  /** D(x): how sure D is that points are real. */
  judge(x: Float32Array): Promise<Float32Array> {
    return judge(refs(this.players.D.weights), points(x)).data() as Promise<Float32Array>;
  }

  weights(who: Player): Promise<number[][]> {
    return Promise.all(this.players[who].weights.map(async (w) => Array.from(await w.ref.data()) as number[]));
  }

  /** Give its memory back; no calls may follow. */
  end(): void {
    for (const { weights, m, v } of Object.values(this.players)) {
      for (const array of [...weights, ...m, ...v]) array.dispose();
    }
  }
}
