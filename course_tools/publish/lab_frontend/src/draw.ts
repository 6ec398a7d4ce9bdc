// The room Draw: a sheet on the left, what every model says of the digit on the right.
import { bars, fromBytes, h, newest, paint, picture, setBars } from "./dom";
import type { Lab } from "./lab";
import { BOX, SIDE, type Centred } from "./maths";
import { RECONSTRUCT, STYLES, type Answer, type Detector, type Manifest } from "./protocol";
import { sheet } from "./sheet";
import { type Key, nats, percent, t } from "./text";

const DETECTORS = { certainty: "draw.certainty", density: "draw.density_name", code: "draw.code_name" } as const;
const MANY = [1, 10, 50, 500]; // codes per bound
// While the pen moves: benchmarks/RESULTS.md has the answers a second.
const MOVING = 1;
// Answers before the first stroke. On two busy cores the first took 0.6 to 1.1 s, the next ones
// 0.1 s, and while one draws, compiling took as long as answering. So there are a few more than
// needed: half a second on an idle core, and they end when somebody draws.
const WARM = 40;

export const nameOf = (model: string) => t(`name.${model}` as Key);

/** The room is one closure: the sheet, the answers and K share its state. */
export function draw(lab: Lab): HTMLElement {
  const parts: Part[] = [verdict(), reconstructions(lab), styles(), detectors(lab.manifest)];
  const answers = h("div", { className: "answers" }, ...parts.map((part) => part.element));
  if (lab.manifest) answers.append(which(lab.manifest));
  const said = h("p", { className: "said", role: "status" }, t("draw.empty"));
  const seen = seenByModels();
  const paper = sheet((centred) => {
    seen.show(centred);
    lab.show(centred.image.some((ink) => ink > 0) ? centred.image : null);
  }, (label) => paper.pick(lab.example(label)));

  let K = 50, count = 0, refine = 0;
  const show = (answer: Answer | null) => parts.forEach((part) => part.show(answer));
  const ask = newest(async (x: Float32Array | null, codes: number) => {
    if (!lab.models.size) return;
    const answer = x && (await lab.call("answer", x, codes));
    if (x === lab.drawing) lab.label = answer?.label ?? 0; // else a newer one waits
    return () => {
      show(answer);
      answers.dataset.answers = String(++count);
      answers.dataset.current = String(x === lab.drawing && codes === K); // of this sheet, with all codes
    };
  });
  // Quickly while the pen moves, then with all codes, and read out once it rests.
  lab.addEventListener("drawing", () => {
    answers.dataset.current = "false";
    ask(lab.drawing, MOVING);
    clearTimeout(refine);
    refine = window.setTimeout(() => ask(lab.drawing, K), 150);
    answers.classList.toggle("empty", !lab.drawing);
  });
  lab.addEventListener("model", () => ask(lab.drawing, K));
  // Browsers compile WebAssembly again, and better, once it has run for a while: a few answers that
  // nobody sees make the first stroke as quick as the later ones.
  lab.addEventListener("ready", async () => {
    for (let i = 0; i < WARM && !lab.drawing && lab.models.size; i++) {
      await lab.call("answer", lab.example("3"), MOVING);
    }
  });
  show(null);
  answers.classList.add("empty");

  const slow = h("div"); // what a screen reader hears, once the pen rests
  slow.className = "unseen";
  slow.setAttribute("aria-live", "polite");
  let silence = 0;
  const announce = () => {
    clearTimeout(silence);
    silence = window.setTimeout(() => {
      slow.textContent = lab.drawing
        ? parts.flatMap((part) => part.says?.() ?? []).join(" ") : t("draw.empty");
    }, 900);
  };
  lab.addEventListener("drawing", announce);
  lab.addEventListener("drawing", () => { said.hidden = !!lab.drawing; });

  const choice = h("select", { id: "codes", onchange: () => { K = Number(choice.value); answers.dataset.current = "false"; ask(lab.drawing, K); } },
    ...MANY.map((n) => h("option", { value: String(n), selected: n === K }, String(n))));
  parts[1].element.querySelector(".control")!.append(h("label", { for: "codes" }, t("draw.codes")), choice);

  return h("section", { className: "draw room" },
    h("div", { className: "left" }, paper.element, examples(lab, paper.pick), seen.element, h("p", { className: "quiet keys" }, t("draw.keys"))),
    h("div", { className: "right" }, said, answers, slow));
}

interface Part { element: HTMLElement; show(answer: Answer | null): void; says?(): string }

function examples(lab: Lab, pick: (image: Float32Array) => void): HTMLElement {
  const row = (title: string, wanted: (label: string) => boolean) =>
    h("div", {}, h("h2", { className: "minor" }, title), h("div", { className: "examples" },
      ...(lab.manifest?.examples ?? []).filter((e) => wanted(e.label)).map((e) => {
        const image = fromBytes(e.pixels), label = t("draw.example", { label: e.label });
        const thumb = picture("");
        thumb.setAttribute("role", "presentation");
        thumb.removeAttribute("aria-label");
        paint(thumb, image);
        return h("button", { title: label, "aria-label": label, onclick: () => pick(image) }, thumb);
      })));
  const digit = (label: string) => /^\d$/.test(label);
  return h("div", { className: "pick" }, row(t("draw.pick"), digit), row(t("draw.others"), (l) => !digit(l)));
}

/** The image in 28 × 28, with the box of 20 pixels around the ink and the middle marked. */
function seenByModels() {
  const canvas = picture(t("draw.seen_alt"));
  const frame = h("div", { className: "marked" }, canvas);
  const box = h("span", { className: "box", hidden: true });
  frame.append(box, h("span", { className: "middle" }));
  paint(canvas, null);
  return {
    element: h("div", { className: "seen" }, frame, h("div", {}, h("h2", { className: "minor" }, t("draw.seen")), h("p", { className: "quiet" }, t("draw.centred")))),
    show({ image, box: place }: Centred) {
      paint(canvas, image);
      box.hidden = !place;
      if (!place) return;
      const [top, left, height, width] = place, part = (n: number) => `${(100 * n) / SIDE}%`;
      box.style.top = part(top - (BOX - height) / 2);
      box.style.left = part(left - (BOX - width) / 2);
      box.style.width = box.style.height = part(BOX);
    },
  };
}

function verdict(): Part {
  const big = h("output", { className: "big" }), sure = h("p", { className: "sure" });
  const columns = Array.from({ length: 10 }, (_, label) => {
    const fill = h("span", { className: "fill" });
    return { fill, element: h("li", {}, h("span", { className: "column" }, fill), h("span", {}, String(label))) };
  });
  let heard = "";
  return {
    element: h("section", {}, h("h2", {}, t("draw.verdict")), h("div", { className: "verdict" },
      h("div", {}, big, sure),
      h("ol", { className: "chances", role: "list" }, ...columns.map((c) => c.element)))),
    show(answer) {
      const p = answer?.probabilities;
      big.textContent = p ? String(answer.label) : "?";
      sure.textContent = p ? t("draw.sure", { percent: percent(p[answer.label!]) }) : "";
      columns.forEach(({ fill, element }, label) => {
        fill.style.height = `${100 * (p?.[label] ?? 0)}%`;
        element.classList.toggle("chosen", label === answer?.label);
        element.title = p ? t("draw.chance", { label, percent: percent(p[label]) }) : "";
      });
      heard = p ? t("draw.announce", { label: answer.label!, percent: percent(p[answer.label!]) }) : "";
    },
    says: () => heard,
  };
}

function reconstructions(lab: Lab): Part {
  const yours = picture(t("draw.yours"));
  const cards = RECONSTRUCT.map((model) => {
    const k = lab.manifest?.models[model]?.latent_dim ?? 1;
    const image = picture(nameOf(model)), code = bars(t("draw.code_alt", { k }), k);
    const size = h("p", { className: "quiet" }), value = h("p", { className: "value" });
    const element = h("figure", { "data-model": model }, image, h("figcaption", {}, h("strong", {}, nameOf(model)), size), code, value);
    return { model, k, image, code, size, value, element };
  });
  const self = h("figure", {}, yours, h("figcaption", {}, h("strong", {}, t("draw.yours")), h("p", { className: "quiet" }, t("draw.pixels"))));
  const show = (answer: Answer | null) => {
    paint(yours, answer && lab.drawing);
    for (const { model, k, image, code, size, value } of cards) {
      const found = answer?.reconstructions[model], conditional = lab.manifest?.models[model]?.conditional;
      paint(image, found?.image ?? null);
      // Codes without a prior have a scale of their own: they are shown beside their largest value.
      const scale = !found || found.sigma ? 1 : Math.max(...found.code.map(Math.abs)) / 3;
      setBars(code, found?.code ?? null, scale);
      size.textContent = conditional && answer?.label !== undefined
        ? t("draw.given", { k, label: answer.label }) : t("draw.numbers", { k });
      if (!found) value.textContent = "";
      else if (found.bound !== undefined) value.textContent = t("draw.bound", { nats: nats(found.bound) });
      else if (model === "pca") value.textContent = t("draw.density", { nats: nats(answer!.scores.density) });
      else value.textContent = t("draw.no_bound");
    }
  };
  show(null);
  return {
    element: h("section", {}, h("h2", {}, t("draw.through")), h("p", { className: "lead" }, t("draw.through_lead")),
      h("div", { className: "row cards" }, self, ...cards.map((c) => c.element)),
      h("div", { className: "control" }), h("p", { className: "quiet" }, t("draw.nats"))),
    show,
  };
}

function styles(): Part {
  const rows = STYLES.map((model) => ({
    model,
    tiles: Array.from({ length: 10 }, (_, label) => {
      const image = picture(t("draw.styles_alt", { label, model: nameOf(model) }));
      return { image, frame: h("div", { className: "tile" }, image) };
    }),
  }));
  const show = (answer: Answer | null) => {
    for (const { model, tiles } of rows) {
      tiles.forEach(({ image, frame }, i) => {
        paint(image, answer?.styles[model] ?? null, i);
        frame.classList.toggle("chosen", i === answer?.label);
      });
    }
  };
  show(null);
  return {
    element: h("section", {}, h("h2", {}, t("draw.styles")), h("p", { className: "lead" }, t("draw.styles_lead")),
      ...rows.map(({ model, tiles }) => h("div", { className: "strip", "data-model": model },
        h("h3", {}, nameOf(model)), h("div", { className: "ten" }, ...tiles.map((tile) => tile.frame))))),
    show,
  };
}

/** The share of test digits with a lower score. */
function rank({ quantiles }: Detector, score: number): number {
  const above = quantiles.findIndex((q) => q > score);
  if (above <= 0) return above < 0 ? 1 : 0;
  const [low, high] = [quantiles[above - 1], quantiles[above]];
  return (above - 1 + (score - low) / (high - low || 1)) / (quantiles.length - 1);
}

function detectors(manifest: Manifest | null): Part {
  const rows = Object.entries(DETECTORS).map(([name, key]) => {
    const said = h("strong", { className: "yesno" }), mark = h("span", { className: "mark", hidden: true });
    const share = h("p", { className: "quiet" }), about = manifest?.detectors[name];
    const turned = h("span", { className: "turned" }); // the digits below the threshold
    if (about) turned.style.width = `${100 * rank(about, about.threshold)}%`;
    const element = h("li", { "data-detector": name },
      h("div", {}, h("h3", {}, t(key)), h("p", { className: "quiet" }, t(`draw.${name}_says` as Key))),
      said, h("div", { className: "meter" }, turned, mark), share);
    return { name, about, said, mark, share, element };
  });
  const together = h("p", { className: "lead together" });
  let heard = "";
  return {
    element: h("section", {}, h("h2", {}, t("draw.digit")), h("p", { className: "lead" }, t("draw.digit_lead")),
      h("ul", { className: "detectors", role: "list" }, ...rows.map((r) => r.element)), together, manifest ? rates(manifest) : ""),
    show(answer) {
      const verdicts: boolean[] = [];
      for (const { name, about, said, mark, share } of rows) {
        const score = answer?.scores[name];
        const known = about !== undefined && score !== undefined;
        mark.hidden = !known;
        said.textContent = share.textContent = "";
        said.className = "yesno";
        if (!known) continue;
        const yes = score >= about.threshold, place = rank(about, score);
        verdicts.push(yes);
        said.textContent = t(yes ? "draw.yes" : "draw.no");
        said.classList.add(yes ? "yes" : "no");
        mark.style.left = `${100 * place}%`;
        share.textContent = t("draw.above", { percent: percent(place) });
      }
      const yes = verdicts.filter(Boolean).length;
      const all = yes === verdicts.length ? "draw.agree" : yes ? "draw.disagree" : "draw.refuse";
      heard = together.textContent = verdicts.length > 1 ? t(all) : "";
    },
    says: () => heard,
  };
}

function rates({ detectors }: Manifest): HTMLElement {
  const kinds = Object.keys(Object.values(detectors)[0].rejects);
  return h("details", {}, h("summary", {}, t("draw.rates")), h("p", { className: "quiet" }, t("draw.rates_lead")),
    h("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": t("draw.rates") }, h("table", {},
      h("thead", {}, h("tr", {}, h("td"), ...Object.values(DETECTORS).map((key) => h("th", { scope: "col" }, t(key))))),
      h("tbody", {}, ...kinds.map((kind) => h("tr", {}, h("th", { scope: "row" }, kind),
        ...Object.keys(DETECTORS).map((d) => h("td", {}, (100 * detectors[d].rejects[kind]).toFixed(0)))))))));
}

function which({ models, dataset }: Manifest): HTMLElement {
  const columns = (["model", "weights", "latent", "parameters", "recipe"] as const).map((c) => t(`draw.${c}`));
  return h("details", { className: "which" }, h("summary", {}, t("draw.which")), h("p", { className: "quiet" }, t("draw.which_lead", { dataset })),
    h("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": t("draw.which") }, h("table", {},
      h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", { scope: "col" }, c)))),
      h("tbody", {}, ...Object.entries(models).map(([name, m]) => h("tr", {},
        h("th", { scope: "row" }, nameOf(name)), h("td", {}, m.weights), h("td", {}, name === "classifier" ? "" : String(m.latent_dim)),
        h("td", {}, m.parameters.toLocaleString("en")), h("td", {}, h("code", {}, m.recipe))))))));
}
