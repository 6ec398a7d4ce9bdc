// The page: its head, its rooms, and what it says while models load or fail to.
import { draw, nameOf } from "./draw";
import { h } from "./dom";
import { generate } from "./generate";
import { Lab } from "./lab";
import * as maths from "./maths";
import type { Manifest, Problem } from "./protocol";
import { t } from "./text";
import { train } from "./train";
import { walk } from "./walk";

const ROOMS = { draw, walk, generate, train };
type Room = keyof typeof ROOMS;
const mega = (bytes: number) => (bytes / 1e6).toFixed(1);

async function manifest(): Promise<Manifest | null> {
  try {
    const response = await fetch("models/manifest.json");
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function loading(lab: Lab): HTMLElement {
  const bar = h("progress", { max: 1, value: 0, "aria-label": t("page.progress") });
  const said = h("span"), element = h("p", { className: "loading", role: "status" }, bar, said);
  lab.addEventListener("progress", (event) => {
    const { loaded, total } = (event as CustomEvent).detail;
    bar.value = loaded / total;
    said.textContent = t("page.loading", { loaded: mega(loaded), total: mega(total) });
  });
  lab.addEventListener("ready", () => {
    bar.remove();
    said.textContent = lab.problems.length ? "" : t("page.ready");
    element.classList.add("done");
  });
  lab.addEventListener("problem", (event) => {
    if (((event as CustomEvent).detail as Problem).why === "runtime") element.hidden = true;
  });
  element.hidden = !lab.manifest || !lab.wasm;
  return element;
}

function problems(lab: Lab): HTMLElement {
  const list = h("div", { className: "problems", role: "alert" });
  const add = (text: string) => list.append(h("p", { className: "notice" }, text));
  if (!lab.manifest) add(t("problem.no_manifest"));
  else if (!lab.wasm) add(t("problem.no_wasm"));
  lab.addEventListener("problem", (event) => {
    const { why, file, model } = (event as CustomEvent).detail as Problem;
    add(t(`problem.${why}`, { file, model: model ? nameOf(model) : "" }));
  });
  const failed = h("p", { className: "notice" }); // one for all calls: the newest failure
  addEventListener("unhandledrejection", ({ reason }) => {
    failed.textContent = t("problem.call", { message: reason?.message ?? String(reason) });
    list.append(failed);
  });
  return list;
}

async function start() {
  const lab = new Lab(await manifest());
  const rooms = Object.entries(ROOMS).map(([name, make]) => {
    const element = make(lab);
    element.id = name;
    return { name: name as Room, element, link: h("a", { href: `#${name}` }, t(`${name as Room}.room`)) };
  });
  const enter = () => {
    const wanted = location.hash.slice(1), here = wanted in ROOMS ? wanted : "draw";
    for (const { name, element, link } of rooms) {
      element.hidden = name !== here;
      if (name === here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    lab.dispatchEvent(new CustomEvent("room", { detail: here }));
  };
  document.getElementById("app")!.append(
    h("a", { className: "skip", href: "#main", onclick: (event: Event) => { event.preventDefault(); document.getElementById("main")!.focus(); } }, t("page.skip")),
    h("header", {}, h("h1", {}, t("page.heading")), h("p", { className: "lead" }, t("page.lead")),
      h("div", { className: "bar" }, h("nav", { "aria-label": t("page.rooms") }, ...rooms.map((r) => r.link)), loading(lab)),
      problems(lab)),
    h("main", { id: "main", tabIndex: -1 }, ...rooms.map((r) => r.element)));
  addEventListener("hashchange", enter);
  enter();
  // For tests, and for readers with a console: await lab.call("decode", "vae2", Float32Array.of(0, 1), null)
  Object.assign(window, { lab, maths });
}

start();
