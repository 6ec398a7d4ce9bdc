// Elements, and pictures of digits.
import { PIXELS, SIDE } from "./maths";

type Child = Node | string;
type Props = Record<string, unknown>;

/** An element: properties and listeners by name, attributes where the name has a hyphen or is one. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || ["role", "for"].includes(name)) element.setAttribute(name, String(value));
    else (element as unknown as Props)[name] = value;
  }
  element.append(...children);
  return element;
}

/** The ten colours of the digits, as in the lessons (Petroff 2021). */
export const PALETTE = [
  "#3f90da", "#ffa90e", "#bd1f01", "#2b2b2b", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
];

/** A canvas for one digit, black ink on white; in the dark, style.css inverts it. */
export function picture(alt: string, className = ""): HTMLCanvasElement {
  return h("canvas", { width: SIDE, height: SIDE, className: `ink ${className}`, role: "img", "aria-label": alt });
}

/** Paint the image number `i` of several. */
export function paint(canvas: HTMLCanvasElement, images: Float32Array | null, i = 0): void {
  canvas.getContext("2d")!.putImageData(asData(images ?? BLANK, i), 0, 0);
}

const BLANK = new Float32Array(PIXELS);

/** The image number `i` of several as black ink on white. */
export function asData(images: Float32Array, i = 0): ImageData {
  const data = new ImageData(SIDE, SIDE), pixels = new Uint32Array(data.data.buffer);
  for (let p = 0; p < PIXELS; p++) { // red, green and blue alike, and opaque, in one number
    pixels[p] = 0xff000000 | (0x010101 * (255 - Math.round(255 * images[i * PIXELS + p])));
  }
  return data;
}

const SVG = "http://www.w3.org/2000/svg";

/** A code as bars from a middle line, −3 to 3. */
export function bars(alt: string, k: number): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 -3 ${k} 6`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "bars");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", alt);
  for (let i = 0; i < k; i++) {
    const bar = document.createElementNS(SVG, "rect");
    bar.setAttribute("x", String(i + 0.15));
    bar.setAttribute("width", "0.7");
    svg.append(bar);
  }
  return svg;
}

export function setBars(svg: SVGSVGElement, code: ArrayLike<number> | null, scale = 1): void {
  [...svg.children].forEach((bar, i) => {
    const value = code ? Math.max(-3, Math.min(3, code[i] / scale)) : 0;
    bar.setAttribute("y", String(Math.min(-value, 0)));
    bar.setAttribute("height", String(Math.max(Math.abs(value), 0.08)));
  });
}

/** An image from the manifest: bytes of ink in base64. */
export function fromBytes(base64: string): Float32Array {
  return Float32Array.from(atob(base64), (byte) => byte.charCodeAt(0) / 255);
}

/**
 * Calls `f` with the newest arguments, and never again before the last call has come back. What it
 * comes back with runs after the next call, where one waits, has begun: while the page shows an
 * answer, the worker already makes the next one.
 */
export function newest<A extends unknown[]>(f: (...args: A) => Promise<void | (() => void)>): (...args: A) => void {
  let busy = false, next: A | null = null;
  const go = async (args: A) => {
    busy = true;
    let show: void | (() => void);
    try {
      show = await f(...args);
    } finally {
      busy = false;
      const waiting = next;
      next = null;
      if (waiting) go(waiting);
    }
    show?.();
  };
  return (...args) => {
    if (busy) next = args;
    else go(args);
  };
}
