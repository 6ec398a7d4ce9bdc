// The room Walk: the plane of the 2-D VAE, the way between two digits, and the knobs of a code.
import { PALETTE, h, newest, paint, picture } from "./dom";
import { nameOf } from "./draw";
import type { Lab } from "./lab";
import { SIDE, PIXELS, grid } from "./maths";
import { t } from "./text";

const SPAN = 3.5, TILES = 15, PLANE = 840; // of the plane: half a side, decoded digits, pixels
const SPACES = ["pixels", "pca", "ae", "vae2", "vae", "vae_gan"], STEPS = 9;
const KNOBS = 6, START = "3";

type Place = [number, number]; // a code of the 2-D VAE

export function walk(lab: Lab): HTMLElement {
  return h("section", { className: "walk room" }, plane(lab), between(lab), knobs(lab));
}

/** A place of the plane in the pixels of its canvas. */
const pixel = ([a, b]: Place): Place => [((a + SPAN) / (2 * SPAN)) * PLANE, ((SPAN - b) / (2 * SPAN)) * PLANE];

function ring(context: CanvasRenderingContext2D, at: Place, radius: number, width: number, colour: string) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.beginPath();
  context.arc(...pixel(at), radius, 0, 2 * Math.PI);
  context.stroke();
}

/** Codes in the colours of their labels, a ring around the place, and one around the drawing's code. */
function paintPlane(canvas: HTMLCanvasElement, codes: Place[], y: number[], place: Place, mine: Place | null) {
  const context = canvas.getContext("2d")!, style = getComputedStyle(canvas);
  const [ink, paper, accent] = ["--ink", "--paper", "--accent"].map((name) => style.getPropertyValue(name));
  context.clearRect(0, 0, PLANE, PLANE);
  codes.forEach((code, i) => {
    context.fillStyle = PALETTE[y[i]];
    context.beginPath();
    context.arc(...pixel(code), 6, 0, 2 * Math.PI);
    context.fill();
  });
  if (mine) {
    ring(context, mine, 20, 10, paper);
    ring(context, mine, 20, 5, accent);
  }
  ring(context, place, 14, 10, paper);
  ring(context, place, 14, 4, ink);
}

/** One closure: pointer, keys and buttons share the place. */
function plane(lab: Lab): HTMLElement {
  const canvas = h("canvas", { width: PLANE, height: PLANE, className: "plane", tabIndex: 0, role: "application", "aria-label": t("walk.plane_alt") });
  const behind = h("canvas", { width: TILES * SIDE, height: TILES * SIDE, className: "ink behind", hidden: true, "aria-hidden": "true" });
  const image = picture(t("walk.place_alt", { a: 0, b: 0 }), "huge"), said = h("p", { className: "place", role: "status" });
  const { z: codes, y } = lab.manifest?.codes ?? { z: [], y: [] };
  let place: Place = [0, 0], mine: Place | null = null, dots = true;

  const redraw = () => paintPlane(canvas, dots ? codes : [], y, place, mine);
  const decode = newest(async ([a, b]: Place) => {
    if (!lab.models.has("vae2")) return;
    paint(image, await lab.call("decode", "vae2", Float32Array.of(a, b), null));
  });
  function go(to: Place) {
    place = to.map((v) => Math.min(SPAN, Math.max(-SPAN, v))) as Place;
    const [a, b] = place.map((v) => v.toFixed(2).replace("-", "−"));
    let near = -1, least = 0.15; // a code farther away says nothing about this place
    codes.forEach((c, i) => {
      const far = (c[0] - place[0]) ** 2 + (c[1] - place[1]) ** 2;
      if (far < least) [near, least] = [i, far];
    });
    said.textContent = t("walk.place", { a, b }) + (near >= 0 ? `, ${t("walk.near", { label: y[near] })}` : "");
    image.setAttribute("aria-label", t("walk.place_alt", { a, b }));
    redraw();
    decode(place);
  }
  const follow = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    go([(2 * (event.clientX - box.left) / box.width - 1) * SPAN, (1 - 2 * (event.clientY - box.top) / box.height) * SPAN]);
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); follow(event); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons || event.pointerType === "mouse") follow(event); });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.5 : 0.1;
    go([place[0] + step * way[0], place[1] + step * way[1]]);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  async function tiles() {
    const images = await lab.call("decode", "vae2", grid(SPAN * (1 - 1 / TILES), TILES), null);
    const context = behind.getContext("2d")!, tile = picture("");
    for (let i = 0; i < TILES * TILES; i++) {
      paint(tile, images, i);
      context.drawImage(tile, SIDE * (i % TILES), SIDE * Math.floor(i / TILES));
    }
  }
  const find = newest(async () => {
    mine = null;
    if (lab.drawing && lab.models.has("vae2")) {
      mine = [...(await lab.call("encode", "vae2", lab.drawing, 0)).code] as Place;
    }
    home.disabled = !mine;
    redraw();
  });
  const home = h("button", { disabled: true, onclick: () => mine && go(mine) }, t("walk.mine"));
  const choose = (value: string, text: string, checked: boolean) =>
    h("label", {}, h("input", { type: "radio", name: "behind", checked, onchange: () => { dots = value === "codes"; behind.hidden = dots; key.hidden = !dots; redraw(); } }), text);
  const key = h("ul", { className: "key", role: "list", "aria-label": t("walk.key") },
    ...PALETTE.map((colour, label) => h("li", {}, h("span", { className: "dot", style: `background:${colour}` }), String(label))));
  lab.addEventListener("model", (event) => {
    if ((event as CustomEvent).detail !== "vae2") return;
    tiles();
    find();
    go(place);
  });
  lab.addEventListener("room", (event) => { if ((event as CustomEvent).detail === "walk") find(); });
  return h("section", { className: "planes" }, h("h2", {}, t("walk.plane")), h("p", { className: "lead" }, t("walk.plane_lead")),
    h("fieldset", { className: "control" }, h("legend", { className: "unseen" }, t("walk.background")),
      choose("codes", t("walk.codes"), true), choose("digits", t("walk.decoded"), false), home),
    h("div", { className: "pair" }, h("div", { className: "stack" }, behind, canvas), h("div", {}, image, said)), key);
}

function between(lab: Lab): HTMLElement {
  const rows = SPACES.map((model) => ({
    model,
    images: Array.from({ length: STEPS }, (_, i) => picture(t("walk.between_alt", { model: nameOf(model), n: STEPS, i: i + 1 }))),
  }));
  const end = (start: string) => h("select", { onchange: () => show() },
    h("option", { value: "mine", disabled: true }, t("walk.my_drawing")),
    ...Array.from({ length: 10 }, (_, label) => h("option", { value: String(label), selected: String(label) === start }, t("walk.a_digit", { label }))));
  const from = end("4"), to = end("9");
  const image = (select: HTMLSelectElement) => (select.value === "mine" && lab.drawing) || lab.example(select.value);
  const show = newest(async () => {
    for (const { model, images } of rows) {
      if (model !== "pixels" && !lab.models.has(model)) continue;
      if (!lab.models.size) return;
      const found = await lab.call("between", model, image(from), image(to), STEPS);
      images.forEach((canvas, i) => paint(canvas, found, i));
    }
  });
  let chosen = false; // by the reader; until then, a drawing becomes the start
  from.addEventListener("change", () => { chosen = true; });
  lab.addEventListener("drawing", () => {
    for (const select of [from, to]) {
      select.options[0].disabled = !lab.drawing;
      if (!lab.drawing && select.value === "mine") select.value = START;
    }
    if (lab.drawing && !chosen) from.value = "mine";
  });
  let here = false;
  lab.addEventListener("room", (event) => {
    here = (event as CustomEvent).detail === "walk";
    if (here) show();
  });
  lab.addEventListener("ready", () => { if (here) show(); });
  return h("section", {}, h("h2", {}, t("walk.between")), h("p", { className: "lead" }, t("walk.between_lead")),
    h("div", { className: "control" }, h("label", {}, t("walk.from"), from), h("label", {}, t("walk.to"), to)),
    ...rows.map(({ model, images }) => h("div", { className: "strip", "data-model": model }, h("h3", {}, nameOf(model)), h("div", { className: "ten nine" }, ...images))));
}

function knobs(lab: Lab): HTMLElement {
  const image = picture("", "huge"), start = h("p", { className: "quiet" }), sliders = h("div", { className: "sliders" });
  const model = h("select", { id: "knobs-model", onchange: () => begin() },
    ...Object.keys(lab.manifest?.cost ?? {}).map((m) => h("option", { value: m }, nameOf(m))));
  let code = new Float32Array(), label = 0;
  const decode = newest(async () => { paint(image, await lab.call("decode", model.value, code, [label])); });
  const begin = newest(async () => {
    const name = model.value, x = lab.drawing ?? lab.example(START);
    if (!lab.models.has(name)) return;
    label = lab.drawing ? lab.label : Number(START);
    start.textContent = t(lab.drawing ? "walk.start_drawing" : "walk.start_example", { label: START });
    image.setAttribute("aria-label", t("walk.knobs_alt", { model: nameOf(name) }));
    code = (await lab.call("encode", name, x, label)).code as Float32Array<ArrayBuffer>;
    const cost = lab.manifest!.cost[name], order = cost.map((_, i) => i).sort((a, b) => cost[b] - cost[a]);
    sliders.replaceChildren(...order.slice(0, KNOBS).map((i) => {
      const id = `knob-${i}`;
      const slider = h("input", { id, type: "range", min: "-3", max: "3", step: "0.05", value: String(code[i]), oninput: () => { code[i] = Number(slider.value); decode(); } });
      return h("div", {}, h("label", { for: id }, t("walk.knob", { i: i + 1, nats: cost[i].toFixed(1) })), slider);
    }));
    decode();
  });
  lab.addEventListener("room", (event) => { if ((event as CustomEvent).detail === "walk") begin(); });
  lab.addEventListener("model", (event) => { if ((event as CustomEvent).detail === model.value) begin(); });
  paint(image, new Float32Array(PIXELS));
  return h("section", {}, h("h2", {}, t("walk.knobs")), h("p", { className: "lead" }, t("walk.knobs_lead")),
    h("div", { className: "control" }, h("label", { for: "knobs-model" }, t("walk.knobs_model")), model, h("button", { onclick: () => begin() }, t("walk.reset"))),
    h("div", { className: "pair" }, h("div", {}, sliders, start), image));
}
