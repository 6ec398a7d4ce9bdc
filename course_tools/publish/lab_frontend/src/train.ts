// The room Train: the GAN of lesson 07 on the plane, one turn at a time or at full speed.
import { PALETTE, h, newest } from "./dom";
import type { Game, Player } from "./gan";
import type { Lab } from "./lab";
import { grid, normal } from "./maths";
import { type Key, t } from "./text";

const SPAN = 3, TILES = 32, STAGE = 832, SHOWN = 300; // half a side, places of D's map, pixels, points
const [REAL, FAKE] = [PALETTE[0], PALETTE[6]];
const MODES = 8, SPREAD = 0.15, NEAR = 3 * SPREAD; // of the ring
const BUSY = 40; // milliseconds of training for every picture

type Sample = (n: number) => Float32Array;
let seed = Math.floor(1e9 * Math.random());
const draw = (n: number) => normal(n, ++seed);
const centre = (k: number) => [2 * Math.cos((k * Math.PI) / 4), 2 * Math.sin((k * Math.PI) / 4)];
const DATA = {
  ring: around((k) => centre(k), SPREAD),
  clusters: around((k) => [k % 2 ? 1.5 : -1.5, 0], 0.25),
  square: (n: number) => Float32Array.from({ length: 2 * n }, () => 4 * Math.random() - 2),
} satisfies Record<string, Sample>;

/** Points around one of eight places each, at random. */
function around(place: (k: number) => number[], spread: number): Sample {
  return (n) => {
    const out = draw(2 * n);
    for (let i = 0; i < n; i++) {
      const [x, y] = place(Math.floor(MODES * Math.random()));
      out[2 * i] = x + spread * out[2 * i];
      out[2 * i + 1] = y + spread * out[2 * i + 1];
    }
    return out;
  };
}

/** How many of the ring's modes have at least 1 % of the points near them, as in the lesson. */
function modesFound(points: Float32Array): number {
  const n = points.length / 2, near = Array<number>(MODES).fill(0);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < MODES; k++) {
      const [x, y] = centre(k);
      if (Math.hypot(points[2 * i] - x, points[2 * i + 1] - y) < NEAR) near[k]++;
    }
  }
  return near.filter((count) => count >= n / 100).length;
}

type Option = string | number;

/** A choice with its label, by its name in text.json. */
function select(name: string, values: Option[], start: Option, text: (v: Option) => string, changed = () => {}) {
  const element = h("select", { name, onchange: changed },
    ...values.map((v) => h("option", { value: String(v), selected: v === start }, text(v))));
  return { element, label: h("label", {}, t(`train.${name}` as Key), element) };
}

/** Momentum, turns and data, each with its value now, and what to do when momentum or data change. */
function knobs(changed: { momentum(): void; data(): void }) {
  const momentum = select("momentum", [0, 0.5, 0.9], 0, String, changed.momentum);
  const turns = { D: select("turns_d", [1, 2, 5], 1, String), G: select("turns_g", [1, 2, 5], 1, String) };
  const data = select("data", Object.keys(DATA), "ring", (v) => t(`train.${v}` as Key), changed.data);
  return {
    momentum: () => Number(momentum.element.value),
    turns: (who: Player) => Number(turns[who].element.value),
    data: () => data.element.value as keyof typeof DATA,
    element: h("div", { className: "knobs" }, momentum.label, turns.D.label, turns.G.label, data.label),
  };
}

/** D's map, and above it the points. */
function paint(canvas: HTMLCanvasElement, map: Float32Array, real: Float32Array, fake: Float32Array) {
  const context = canvas.getContext("2d")!, tile = STAGE / TILES;
  const paper = getComputedStyle(canvas).getPropertyValue("--paper");
  context.fillStyle = paper;
  context.fillRect(0, 0, STAGE, STAGE);
  map.forEach((p, i) => {
    context.globalAlpha = 0.75 * Math.abs(2 * p - 1);
    context.fillStyle = p > 0.5 ? REAL : FAKE;
    context.fillRect(Math.floor((i % TILES) * tile), Math.floor(Math.floor(i / TILES) * tile), Math.ceil(tile), Math.ceil(tile));
  });
  context.globalAlpha = 1;
  context.strokeStyle = paper;
  context.lineWidth = 2;
  for (const [points, colour] of [[real, REAL], [fake, FAKE]] as const) {
    context.fillStyle = colour;
    for (let i = 0; i < points.length; i += 2) {
      const x = ((points[i] + SPAN) / (2 * SPAN)) * STAGE, y = ((SPAN - points[i + 1]) / (2 * SPAN)) * STAGE;
      context.beginPath();
      context.arc(x, y, 6, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
}

type Losses = Record<Player, number | null>; // in nats; null before the first turn
const diverged = (losses: Losses) => Object.values(losses).some((loss) => loss !== null && !Number.isFinite(loss));

/** What one reads beside the stage. */
function report(rounds: number, losses: Losses, found: number | null): string {
  if (diverged(losses)) return t("train.diverged", { rounds });
  const nats = (loss: number | null) => loss?.toFixed(2) ?? "–";
  const modes = found === null ? "" : t("train.modes", { found, n: MODES });
  return `${t("train.said", { rounds, d: nats(losses.D), g: nats(losses.G) })} ${modes}`;
}

function layout(stage: HTMLElement, said: HTMLElement, problem: HTMLElement, knobs: HTMLElement, buttons: HTMLElement[]) {
  const colour = (value: string, key: Key) => h("li", {}, h("span", { className: "dot", style: `background:${value}` }), t(key));
  return h("section", { className: "train room" }, h("section", {},
    h("h2", {}, t("train.heading")), h("p", { className: "lead" }, t("train.lead")), problem,
    h("div", { className: "control" }, ...buttons),
    h("div", { className: "pair" }, h("div", { className: "stack" }, stage),
      h("div", {}, said, h("ul", { className: "key", role: "list" }, colour(REAL, "train.real"), colour(FAKE, "train.fake")),
        h("p", { className: "quiet" }, t("train.map")), knobs, h("p", { className: "quiet" }, t("train.try"))))));
}

/** The room is one closure: its controls share its state. */
export function train(lab: Lab): HTMLElement {
  const canvas = h("canvas", { width: STAGE, height: STAGE, className: "stage", role: "img", "aria-label": t("train.stage_alt") });
  const said = h("p", { className: "place" }), problem = h("p", { className: "notice", hidden: true });
  const shown = draw(2 * SHOWN), places = grid(SPAN * (1 - 1 / TILES), TILES);
  let gan: typeof import("./gan") | null = null, game: Game | null = null, playing = false;
  let rounds = 0, losses: Losses = { D: null, G: null }, real = new Float32Array();

  const knob = knobs({ momentum: () => { if (game) game.momentum = knob.momentum(); }, data: () => restart() });

  async function turn(who: Player) {
    if (!gan || !game) return;
    const now = game, loss = await now.turn(who, DATA[knob.data()](gan.BATCH), draw(2 * gan.BATCH));
    if (now === game) losses[who] = loss; // else it is that of a game which has ended
  }
  async function round() {
    for (const who of ["D", "G"] as const) for (let i = 0; i < knob.turns(who); i++) await turn(who);
    rounds++;
  }
  async function look() {
    if (!game) return;
    const now = game, ring = knob.data() === "ring";
    const [map, fake, many] = await Promise.all([ // all begin before a restart ends the game
      now.judge(places), now.generate(shown), ring ? now.generate(draw(2000)) : null,
    ]);
    if (now !== game) return;
    paint(canvas, map, real, fake);
    said.textContent = report(rounds, losses, many && modesFound(many));
    room.dataset.rounds = String(rounds);
  }
  const show = newest(look);
  function restart() {
    if (!gan) return;
    game?.end();
    game = new gan.Game(Math.random);
    game.momentum = knob.momentum();
    [rounds, losses, real] = [0, { D: null, G: null }, DATA[knob.data()](SHOWN) as Float32Array<ArrayBuffer>];
    Object.assign(window, { game });
    show();
  }
  const run = newest(async () => { // never twice at once, however fast one clicks
    try {
      while (playing) {
        const end = performance.now() + BUSY;
        do await round(); while (playing && performance.now() < end);
        await look();
        if (diverged(losses)) break;
        await new Promise((next) => requestAnimationFrame(next));
      }
    } finally {
      go(false); // where training failed, the button says Play again
    }
  });
  function go(on: boolean) {
    playing = on;
    play.textContent = t(on ? "train.pause" : "train.play");
    if (on) run();
  }
  const play = h("button", { className: "strong", onclick: () => go(!playing) }, t("train.play"));
  const one = (who: Player) => h("button", { onclick: async () => { await turn(who); show(); } }, t(`train.turn_${who.toLowerCase()}` as Key));
  const room = layout(canvas, said, problem, knob.element,
    [play, one("D"), one("G"), h("button", { onclick: restart }, t("train.restart"))]);

  lab.addEventListener("room", async (event) => {
    if ((event as CustomEvent).detail !== "train") return go(false);
    if (gan) return show();
    try { // loaded only here, for no other room needs it
      const module = await import("./gan");
      if (!(await module.prepare())) throw new Error("WebAssembly");
      gan = module;
      restart();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = t("train.problem", { message: String(error) });
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
  return room;
}
