// The room Generate: the same noise through every model, and the flow step by step.
import { bars, h, newest, paint, picture, setBars } from "./dom";
import { nameOf } from "./draw";
import type { Lab } from "./lab";
import { normal } from "./maths";
import { type Key, t } from "./text";

const MODELS = ["pca", "ae", "vae2", "vae", "vae_gan", "gan", "cvae", "cgan", "cvae_gan"];
const COLUMNS = 10, WIDTH = 24, STEPS = 20; // numbers of a vector of noise; steps of the flow
const CLOSE = 3, EVERY = 2; // the column whose way is shown in full, and its steps
const LABELS = Array.from({ length: COLUMNS }, (_, i) => i);

/** The room is one closure: its controls share its state. */
export function generate(lab: Lab): HTMLElement {
  const rows = MODELS.filter((m) => lab.manifest?.models[m]).map((model) => row(lab, model));
  const strips = LABELS.map((i) => bars(t("generate.noise_alt", { i: i + 1 }), WIDTH));
  const flow = lab.manifest?.models.flow ? film(lab) : null;
  let seed = 1, from = normal(COLUMNS * WIDTH, seed), to = from, angle = 0;
  let frame = 0; // the next one of the walk; 0 while it rests

  /** On the circle through two draws, every point is again a draw from N(0, I). */
  function noise(): Float32Array {
    const all = from.map((v, i) => Math.cos(angle) * v + Math.sin(angle) * to[i]);
    return same.checked ? all.map((_, i) => all[i % WIDTH]) : all;
  }
  const show = newest(async () => {
    if (frame) angle += 0.04;
    const z = noise();
    strips.forEach((strip, i) => setBars(strip, z.subarray(i * WIDTH, (i + 1) * WIDTH)));
    if (!lab.ready) return;
    for (const { model, images } of rows) {
      if (!lab.models.has(model)) continue;
      const found = await lab.call("generate", model, z, WIDTH, LABELS);
      images.forEach((canvas, i) => paint(canvas, found, i));
    }
    if (!frame && !room.hidden) flow?.start(z);
    room.dataset.shown = String(Number(room.dataset.shown ?? 0) + 1);
  });
  function again() {
    from = normal(COLUMNS * WIDTH, ++seed);
    to = normal(COLUMNS * WIDTH, ++seed);
    angle = 0;
    show();
  }
  function step() { // where the models are slower than the frames, `newest` leaves frames out
    frame = requestAnimationFrame(step);
    show();
  }
  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    wander.textContent = t("generate.wander");
  }
  const wander = h("button", { onclick: () => {
    if (frame) {
      stop();
      return show();
    }
    if (to === from) to = normal(COLUMNS * WIDTH, ++seed);
    wander.textContent = t("generate.stop");
    step();
  } }, t("generate.wander"));
  const same = h("input", { type: "checkbox", onchange: () => show() });
  lab.addEventListener("room", (event) => {
    if ((event as CustomEvent).detail === "generate") show();
    else if (frame) stop();
  });
  lab.addEventListener("ready", () => { if (!room.hidden) show(); });

  const room = h("section", { className: "generate room" }, h("section", {},
    h("h2", {}, t("generate.heading")), h("p", { className: "lead" }, t("generate.lead")),
    h("div", { className: "control" }, h("button", { className: "strong", onclick: again }, t("generate.again")), wander,
      h("label", {}, same, t("generate.same"))),
    h("div", { className: "strip" }, h("h3", {}, t("generate.noise")), h("div", { className: "ten noise" }, ...strips)),
    ...rows.map((r) => r.element)));
  if (flow) room.append(flow.element);
  return room;
}

function row(lab: Lab, model: string) {
  const about = lab.manifest!.models[model];
  const images = LABELS.map((i) => {
    const alt = about.conditional ? t("generate.label_alt", { label: i, model: nameOf(model) }) : t("generate.image_alt", { i: i + 1, model: nameOf(model) });
    return picture(alt);
  });
  images.forEach((canvas) => paint(canvas, null));
  const uses = t("generate.uses", { k: about.latent_dim, labels: t(about.conditional ? "generate.labelled" : "generate.free") });
  const element = h("div", { className: "strip", "data-model": model },
    h("div", {}, h("h3", {}, nameOf(model)), h("p", { className: "quiet" }, `${uses}. ${t(`generate.note_${model}` as Key)}`)),
    h("div", { className: "ten" }, ...images));
  return { model, images, element };
}

function film(lab: Lab) {
  const { images, element } = row(lab, "flow");
  const way = LABELS.map((i) => picture(t("generate.way_alt", { step: EVERY * i, n: STEPS })));
  const strip = h("div", { className: "strip" }, h("div", {}, h("h3", {}, t("generate.way", { label: CLOSE })),
    h("p", { className: "quiet" }, t("generate.way_says"))), h("div", { className: "ten" }, ...way));
  way.forEach((canvas) => paint(canvas, null));
  let frames: Float32Array[] = [], noise: Float32Array | null = null, timer = 0;
  const step = h("input", { id: "step", type: "range", min: "0", max: String(STEPS), value: String(STEPS), oninput: () => { stop(); show(); } });
  const said = h("label", { for: "step" }), weight = h("label", { for: "guidance" });
  const guidance = h("input", {
    id: "guidance", type: "range", min: "0", max: "4", step: "0.25", value: String(lab.manifest!.models.flow.guidance ?? 1),
    oninput: () => compute(),
  });
  const play = h("button", { onclick: () => {
    stop();
    step.value = "0";
    show();
    timer = window.setInterval(() => {
      step.value = String(Number(step.value) + 1);
      show();
      if (Number(step.value) === STEPS) stop();
    }, 120);
  } }, t("generate.play"));
  const stop = () => clearInterval(timer);
  function show() {
    said.textContent = t("generate.step", { i: step.value, n: STEPS });
    const frame = frames[Number(step.value)];
    if (frame) images.forEach((canvas, i) => paint(canvas, frame, i));
  }
  const compute = newest(async () => {
    weight.textContent = t("generate.guidance", { w: guidance.value });
    if (!noise || !lab.models.has("flow")) return;
    frames = await lab.call("flow", noise, WIDTH, LABELS, Number(guidance.value), STEPS);
    show();
    way.forEach((canvas, i) => paint(canvas, frames[EVERY * i], CLOSE));
    element.dataset.films = String(Number(element.dataset.films ?? 0) + 1);
  });
  show();
  compute();
  return {
    element: h("section", { className: "flow" }, h("h2", {}, t("generate.flow")), h("p", { className: "lead" }, t("generate.flow_lead")),
      h("div", { className: "control" }, play, said, step, weight, guidance), element, strip),
    start(z: Float32Array) { noise = z; compute(); },
  };
}
