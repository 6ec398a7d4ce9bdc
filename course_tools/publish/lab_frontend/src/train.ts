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

/** The room is one closure: its controls share its state. */
export function train(lab: Lab): HTMLElement {
  const canvas = h("canvas", { width: STAGE, height: STAGE, className: "stage", role: "img", "aria-label": t("train.stage_alt") });
  const said = h("p", { className: "place" }), problem = h("p", { className: "notice", hidden: true });
  const shown = draw(2 * SHOWN), places = grid(SPAN * (1 - 1 / TILES), TILES);
  let game: Game | null = null, batch = 0, rounds = 0, playing = false, losses: Record<Player, number> = { D: NaN, G: NaN };
  let made: typeof import("./gan") | null = null, real = new Float32Array();

  const momentum = select("momentum", [0, 0.5, 0.9], 0, String, () => { if (game) game.momentum = Number(momentum.element.value); });
  const turnsOfD = select("turns_d", [1, 2, 5], 1, String), turnsOfG = select("turns_g", [1, 2, 5], 1, String);
  const data = select("data", Object.keys(DATA), "ring", (v) => t(`train.${v}` as Key), () => restart());
  const sample = () => DATA[data.element.value as keyof typeof DATA];

  async function turn(who: Player) {
    if (game) losses[who] = await game.turn(who, sample()(batch), draw(2 * batch));
  }
  async function round() {
    for (let i = 0; i < Number(turnsOfD.element.value); i++) await turn("D");
    for (let i = 0; i < Number(turnsOfG.element.value); i++) await turn("G");
    rounds++;
  }
  async function look() {
    if (!game) return;
    const now = game, ring = data.element.value === "ring";
    const [map, fake, many] = await Promise.all([ // all begin before a restart ends the game
      now.judge(places), now.generate(shown), ring ? now.generate(draw(2000)) : null,
    ]);
    if (now !== game) return;
    paint(canvas, map, real, fake);
    const found = many ? t("train.modes", { found: modesFound(many), n: MODES }) : "";
    const nats = (v: number) => (Number.isNaN(v) ? "–" : v.toFixed(2));
    said.textContent = `${t("train.said", { rounds, d: nats(losses.D), g: nats(losses.G) })} ${found}`;
    room.dataset.rounds = String(rounds);
  }
  const show = newest(look);
  function restart() {
    if (!made) return;
    game?.end();
    game = new made.Game(Math.random);
    game.momentum = Number(momentum.element.value);
    [rounds, losses, real] = [0, { D: NaN, G: NaN }, sample()(SHOWN) as Float32Array<ArrayBuffer>];
    Object.assign(window, { game });
    show();
  }
  const run = newest(async () => { // never twice at once, however fast one clicks
    try {
      while (playing) {
        const end = performance.now() + BUSY;
        do await round(); while (playing && performance.now() < end);
        await look();
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

  const controls = h("div", { className: "control" }, play, one("D"), one("G"), h("button", { onclick: restart }, t("train.restart")));
  const knobs = h("div", { className: "knobs" }, momentum.label, turnsOfD.label, turnsOfG.label, data.label);
  const colour = (value: string, key: Key) => h("li", {}, h("span", { className: "dot", style: `background:${value}` }), t(key));
  const room = h("section", { className: "train room" }, h("section", {}, h("h2", {}, t("train.heading")), h("p", { className: "lead" }, t("train.lead")),
    problem, controls, h("div", { className: "pair" }, h("div", { className: "stack" }, canvas),
      h("div", {}, said, h("ul", { className: "key", role: "list" }, colour(REAL, "train.real"), colour(FAKE, "train.fake")),
        h("p", { className: "quiet" }, t("train.map")), knobs, h("p", { className: "quiet" }, t("train.try"))))));

  lab.addEventListener("room", async (event) => {
    if ((event as CustomEvent).detail !== "train") {
      return go(false);
    }
    if (made) return show();
    try { // loaded only here, for no other room needs it
      const gan = await import("./gan");
      if (!(await gan.prepare())) throw new Error("WebAssembly");
      [made, batch] = [gan, gan.BATCH];
      restart();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = t("train.problem", { message: String(error) });
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
  return room;
}
