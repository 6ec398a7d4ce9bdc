// A film: play, pause, one step back or forward, a handle, a speed. It takes the place of the still picture in `el`, and starts when it is seen.
function film(el, frames, options) {
  const make = (name, style) => {
    const element = document.createElement(name);
    element.style.cssText = style;
    return element;
  };
  const picture = make("img", "max-width:100%;display:block"), said = make("output", "min-width:5em;text-align:right");
  const bar = make("div", "display:flex;gap:6px;align-items:center;flex-wrap:wrap;font:14px system-ui,sans-serif;color:#1d1d1f;padding:4px 0");
  const handle = make("input", "flex:1 1 120px;min-width:80px"), speed = make("select", "font:inherit;padding:1px 4px");
  const style = "font:inherit;min-width:2.2em;padding:1px 6px;color:#1d1d1f;background:#f2f5f9;border:1px solid #5b6b80;border-radius:4px";
  const images = frames.map((source) => Object.assign(new Image(), { src: source }));
  let at = 0, timer = null, wished = !matchMedia("(prefers-reduced-motion: reduce)").matches;

  function button(text, label, act) {
    const b = make("button", style);
    b.type = "button";
    b.textContent = text;
    b.setAttribute("aria-label", label);
    b.onclick = act;
    return b;
  }
  function show(i) {
    at = (i + frames.length) % frames.length;
    picture.src = images[at].src;
    picture.alt = options.alt + " " + options.names[at] + ".";
    handle.value = at;
    handle.setAttribute("aria-valuetext", options.names[at]);
    said.textContent = options.names[at];
  }
  function play(on) {
    clearTimeout(timer);
    timer = null;
    toggle.textContent = on ? "❚❚" : "▶";
    toggle.setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) return;
    const wait = (options.wait + (at === frames.length - 1 ? 1500 : 0)) / Number(speed.value);
    timer = setTimeout(() => { show(at + 1); play(true); }, wait);
  }
  const stop = (act) => () => { wished = false; play(false); act(); };
  const toggle = button("▶", "Play", () => { wished = !timer; play(wished); });
  Object.assign(handle, { type: "range", min: 0, max: frames.length - 1, value: 0, oninput: () => stop(() => show(Number(handle.value)))() });
  handle.setAttribute("aria-label", options.label);
  handle.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys
  for (const [value, text] of [[0.5, "½ ×"], [1, "1 ×"], [2, "2 ×"], [4, "4 ×"]]) speed.add(new Option(text, value, value === 1, value === 1));
  speed.setAttribute("aria-label", "Speed");
  speed.onchange = () => play(timer !== null);
  bar.append(toggle, button("◂", "One step back", stop(() => show(at - 1))), button("▸", "One step forward", stop(() => show(at + 1))), handle, speed, said);
  el.replaceChildren(picture, bar);
  el.style.maxWidth = options.width + "px";
  show(0);
  new IntersectionObserver((seen) => { if (wished) play(seen.at(-1).isIntersecting); }).observe(picture);
}
