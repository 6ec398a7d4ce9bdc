// The sheet: pen, eraser, undo, clear and examples, by mouse, touch and keyboard.
import { asData, h } from "./dom";
import { type Centred, SIDE, centred } from "./maths";
import { t } from "./text";

const SMALL = 112, LARGE = 672, WIDTH = 1 / 12; // pixels for the models and the eye; share of a side

type Place = [number, number]; // in shares of a side
interface Stroke { erase: boolean; points: Place[] }
type Layer = Stroke | Float32Array; // an example is an image
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

interface Sheet {
  element: HTMLElement;
  pick(example: Float32Array): void;
}

/** What a pointer or the keyboard does to the sheet. */
interface Hand {
  begin(at: Place): void; // a stroke
  on(...places: Place[]): void; // with it
}

/**
 * `changed` gets what is on the sheet, in 28 × 28, after every change: a drawing is centred, an
 * example is taken as it is. `digit` is called for a number key.
 */
export function sheet(changed: (seen: Centred) => void, digit: (label: string) => void): Sheet {
  const paper = h("canvas", {
    width: LARGE, height: LARGE, className: "ink paper", tabIndex: 0, role: "application", "aria-label": t("draw.sheet"),
  });
  const hint = h("div", { className: "hint" }, ghost(), h("p", {}, t("draw.here")));
  const cursor = h("span", { className: "cursor", hidden: true });
  const large = paper.getContext("2d")!;
  const small = new OffscreenCanvas(SMALL, SMALL).getContext("2d", { willReadFrequently: true })!;
  let layers: Layer[] = [], erase = false;

  function redraw() {
    paintLayers(large, layers, LARGE);
    paintLayers(small, layers, SMALL);
    hint.hidden = layers.length > 0;
    const [only, more] = layers;
    if (only instanceof Float32Array && !more) changed({ image: only, box: null });
    else changed(centred(inkOf(small), SMALL));
  }
  const hand: Hand = {
    begin(at) {
      layers.push({ erase, points: [at] });
      redraw();
    },
    on(...places) {
      const stroke = layers.at(-1);
      if (!stroke || stroke instanceof Float32Array) return;
      stroke.points.push(...places);
      redraw();
    },
  };
  function put(next: Layer[]) { // and lift the pen, or it would go on in another stroke
    layers = next;
    for (const lift of lifts) lift();
    redraw();
  }
  const undo = () => put(layers.slice(0, -1)), clear = () => put([]);
  const pen = h("button", { onclick: () => select(false) }, t("draw.pen"));
  const rubber = h("button", { onclick: () => select(true) }, t("draw.eraser"));
  function select(eraser: boolean) {
    erase = eraser;
    pen.setAttribute("aria-pressed", String(!erase));
    rubber.setAttribute("aria-pressed", String(erase));
  }
  const keys: Record<string, () => void> = { e: () => select(!erase), z: undo, c: clear };
  for (const label of "0123456789") keys[label] = () => digit(label);
  const lifts = [byPointer(paper, cursor, hand), byKeyboard(paper, cursor, hand, keys)];
  select(false);
  paintLayers(large, layers, LARGE);
  const tools = h("div", { className: "tools" }, pen, rubber,
    h("button", { onclick: undo }, t("draw.undo")), h("button", { onclick: clear }, t("draw.clear")));
  return {
    element: h("div", { className: "sheet" }, h("div", { className: "frame" }, paper, hint, cursor), tools),
    pick: (example) => put([example]),
  };
}

function paintLayers(context: Context, layers: Layer[], side: number) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.lineCap = context.lineJoin = "round";
  for (const layer of layers) {
    if (layer instanceof Float32Array) {
      image(context, layer, side);
      continue;
    }
    context.strokeStyle = layer.erase ? "#fff" : "#000";
    context.lineWidth = side * WIDTH * (layer.erase ? 2 : 1);
    context.beginPath();
    const [[x, y], ...more] = layer.points;
    context.moveTo(x * side, y * side);
    for (const [x, y] of more) context.lineTo(x * side, y * side);
    if (!more.length) context.lineTo(x * side + 0.01, y * side); // a dot: no length draws nothing
    context.stroke();
  }
}

/** The ink of a small sheet, 0 to 1. */
function inkOf(small: OffscreenCanvasRenderingContext2D): Float32Array {
  const seen = small.getImageData(0, 0, SMALL, SMALL).data, ink = new Float32Array(SMALL * SMALL);
  for (let i = 0; i < ink.length; i++) ink[i] = 1 - seen[4 * i] / 255;
  return ink;
}

/** Let mouse, finger or stylus draw; returns what lifts it. */
function byPointer(paper: HTMLCanvasElement, cursor: HTMLElement, hand: Hand): () => void {
  let pointer = -1; // the one that draws: a drag from elsewhere must not
  let box = paper.getBoundingClientRect(); // asked once a stroke: each time, the page is laid out
  const at = (event: PointerEvent): Place =>
    [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointer = event.pointerId;
    paper.setPointerCapture(event.pointerId);
    cursor.hidden = true;
    box = paper.getBoundingClientRect();
    hand.begin(at(event));
  });
  paper.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const between = event.getCoalescedEvents?.() ?? []; // since the last frame; some browsers say none
    hand.on(...(between.length ? between : [event]).map(at));
  });
  paper.addEventListener("lostpointercapture", (event) => { // after pointerup and pointercancel
    if (event.pointerId === pointer) pointer = -1;
  });
  return () => { pointer = -1; };
}

const MOVES: Record<string, Place> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/** Let arrows and space draw, and other keys do what is theirs; returns what lifts the pen. */
function byKeyboard(paper: HTMLCanvasElement, cursor: HTMLElement, hand: Hand, keys: Record<string, () => void>): () => void {
  let place: Place = [0.5, 0.5], down = false;
  paper.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key], act = keys[event.key.toLowerCase()];
    if (move) {
      const step = event.shiftKey ? 0.06 : 0.02;
      place = place.map((p, i) => Math.min(0.95, Math.max(0.05, p + step * move[i]))) as Place;
      if (down) hand.on(place);
    } else if (event.key === " ") {
      down = !down;
      if (down) hand.begin(place);
    } else if (act) act();
    else return;
    event.preventDefault();
    cursor.hidden = false;
    cursor.classList.toggle("down", down);
    cursor.style.left = `${100 * place[0]}%`;
    cursor.style.top = `${100 * place[1]}%`;
  });
  paper.addEventListener("blur", () => { down = false; cursor.hidden = true; });
  return () => { down = false; };
}

/** A 3 that draws itself, faintly, while the sheet is empty. */
function ghost(): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 60 80");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI!, "path") as SVGPathElement;
  path.setAttribute("d", "M12 14C24 2 48 6 46 22C45 34 34 38 24 38C36 38 50 42 50 56C50 76 22 80 10 66");
  path.setAttribute("pathLength", "100");
  svg.append(path);
  return svg;
}

/** An example at the scale of the sheet: a digit of 20 pixels fills most of it. */
function image(context: Context, pixels: Float32Array, side: number) {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  canvas.getContext("2d")!.putImageData(asData(pixels), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, side, side);
}
