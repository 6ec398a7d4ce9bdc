// A latent plane to drag on, and the image decoded from the chosen place. `ask(z, show)` has z decoded, by whatever means, and
// calls show(pixels): 784 numbers from 0 (blank) to 255 (full ink); or show(null, error).
function pad(el, options, ask) {
  const [left, right, bottom, top] = options.span, whole = right - left, size = 380, sharp = 2; // device pixels for one of CSS
  const element = (tag, css, parent) => {
    const made = document.createElement(tag);
    made.style.cssText = css;
    parent.append(made);
    return made;
  };
  const edge = "border:1px solid #c9d3e0;", font = "font:15px/1.4 system-ui,sans-serif;color:#1d1d1f;";
  const frame = element("div", "display:flex;flex-wrap:wrap;gap:8px 16px;background:#fff;padding:8px;max-width:700px;" + font, el);
  const map = element("div", "max-width:100%", frame);
  const plane = element("canvas", "width:380px;max-width:100%;aspect-ratio:1;cursor:crosshair;touch-action:none;" + edge, map);
  const tools = element("div", "display:flex;gap:6px;margin-top:4px", map);
  const side = element("div", "flex:0 1 200px;display:flex;flex-direction:column;gap:2px", frame); // beside the plane on a page of the site
  const canvas28 = (width, caption) => {
    const figure = element("figure", "margin:0", side);
    const canvas = element("canvas", `display:block;width:${width}px;max-width:100%;aspect-ratio:1;image-rendering:pixelated;` + edge, figure);
    canvas.width = canvas.height = 28;
    canvas.setAttribute("role", "img");
    const text = element("figcaption", font, figure);
    text.textContent = caption;
    return [canvas, text];
  };
  const [picture] = canvas28(216, "decoded at the cross"), [original, whose] = canvas28(112, "");
  const said = element("p", "flex-basis:100%;margin:0;min-height:1.4em;" + font, frame);
  said.setAttribute("aria-live", "polite");
  plane.width = plane.height = sharp * size;
  plane.tabIndex = 0;
  plane.setAttribute("role", "application");
  plane.dataset.lmSuppressShortcuts = "true"; // JupyterLab has other plans for the arrow keys
  plane.setAttribute("aria-roledescription", "latent plane");
  plane.setAttribute("aria-label", options.alt + " Arrow keys move, with shift in larger steps; plus and minus zoom, 0 shows all.");

  const paper = plane.getContext("2d"), ink = picture.getContext("2d"), image = ink.createImageData(28, 28);
  const dots = document.createElement("canvas"), digits = new Image(); // drawn anew only when the view changes
  dots.width = dots.height = plane.width;
  let z = options.start.slice(), zoom = 1, corner = [left, top], frames = 0; // corner: the view's upper left
  let where = "", failed = ""; // what the line below says
  const at = (place) => [(place[0] - corner[0]) / whole * zoom * size, (corner[1] - place[1]) / whole * zoom * size];
  const within = (value, low, high) => Math.min(high, Math.max(low, value));

  function view(x, y) { // the view with this corner, as far as it lies in the plane
    const wide = whole / zoom;
    corner = [within(x, left, right - wide), within(y, bottom + wide, top)];
    const context = dots.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size, size);
    context.globalAlpha = 0.5;
    options.codes.forEach((code, i) => {
      context.fillStyle = options.colors[options.labels[i]];
      disc(context, at(code), zoom > 1 ? 5 : 3);
      context.fill();
    });
    context.globalAlpha = 1;
    for (const [color, width, dash] of [["#fff", 4, []], ["#000", 2, [7, 3]]]) { // seen on dots, too
      Object.assign(context, { strokeStyle: color, lineWidth: width });
      context.setLineDash(dash);
      disc(context, at([0, 0]), options.prior / whole * zoom * size);
      context.stroke();
    }
    context.setLineDash([]);
    Object.assign(context, { lineWidth: 2, font: "bold 13px system-ui,sans-serif", textAlign: "center", textBaseline: "middle" });
    for (const [x, y, label] of options.badges) {
      Object.assign(context, { fillStyle: "#fff", strokeStyle: options.colors[label] });
      disc(context, at([x, y]), 10);
      context.fill();
      context.stroke();
      context.fillStyle = "#000";
      context.fillText(label, ...at([x, y]));
    }
  }
  const named = (label) => `${label === 8 ? "an" : "a"} ${label}`;
  function disc(context, [x, y], radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  function nearest() {
    let best = 0, least = Infinity;
    options.codes.forEach((code, i) => {
      const distance = Math.hypot(code[0] - z[0], code[1] - z[1]);
      if (distance < least) [best, least] = [i, distance];
    });
    return [best, least];
  }
  function draw() {
    const [i, distance] = nearest(), label = options.labels[i], exact = distance === 0;
    paper.setTransform(1, 0, 0, 1, 0, 0);
    paper.drawImage(dots, 0, 0);
    paper.setTransform(sharp, 0, 0, sharp, 0, 0);
    const [x, y] = at(z);
    for (const [color, width] of [["#fff", 6], ["#000", 2]]) {
      Object.assign(paper, { strokeStyle: color, lineWidth: width });
      disc(paper, at(options.codes[i]), 6);
      paper.stroke();
      disc(paper, [x, y], 9);
      paper.moveTo(x - 16, y);
      paper.lineTo(x + 16, y);
      paper.moveTo(x, y - 16);
      paper.lineTo(x, y + 16);
      paper.stroke();
    }
    const across = options.across, context = original.getContext("2d");
    context.drawImage(digits, 28 * (i % across), 28 * Math.floor(i / across), 28, 28, 0, 0, 28, 28);
    whose.textContent = exact ? `this dot's image, ${named(label)}` : `the nearest dot's image, ${named(label)}`;
    original.setAttribute("aria-label", whose.textContent);
    where = place() + (exact ? `, the code of ${named(label)}. Decoded, it is the reconstruction of this ${label}.` : "");
    say();
  }
  const place = () => `z = (${z.map((value) => value.toFixed(2)).join(", ")})`.replaceAll("-", "−");
  const say = () => { said.textContent = failed ? `${where}: ${failed}` : where; };
  function show(pixels, error = "") {
    failed = error;
    say();
    if (failed) return;
    picture.setAttribute("aria-label", "The image decoded at " + place());
    for (let i = 0; i < 784; i++) {
      image.data.fill(255 - pixels[i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    ink.putImageData(image, 0, 0);
    frame.dataset.frames = ++frames; // images shown so far
  }
  function go(to) {
    z = [within(to[0], left, right), within(to[1], bottom, top)];
    const [x, y] = at(z), pixel = whole / zoom / size;
    if (Math.min(x, y) < 0 || Math.max(x, y) > size) // it left the view, which follows
      view(corner[0] + pixel * (x - within(x, 0, size)), corner[1] - pixel * (y - within(y, 0, size)));
    draw();
    ask(z, show);
  }
  function magnify(factor, about = z) { // what lies at `about` stays where it is
    const [x, y] = at(about);
    zoom = within(zoom * factor, 1, 16);
    const pixel = whole / zoom / size;
    view(about[0] - pixel * x, about[1] + pixel * y);
    draw();
  }
  function under(event) {
    const box = plane.getBoundingClientRect(), wide = whole / zoom;
    return [corner[0] + (event.clientX - box.left) / box.width * wide, corner[1] - (event.clientY - box.top) / box.height * wide];
  }
  let pressed = [0, 0];
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    pressed = [event.clientX, event.clientY];
    z = under(event);
    const [i, distance] = nearest();
    go(distance / whole * zoom * size < 8 ? options.codes[i] : z); // on a dot: exactly its code
  });
  plane.addEventListener("pointermove", (event) => {
    const moved = Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]); // a trembling hand stays on its dot
    if (!event.buttons || moved < 3) return;
    pressed = [Infinity, Infinity];
    go(under(event));
  });
  plane.addEventListener("wheel", (event) => {
    if (document.activeElement !== plane) return; // before it is chosen, the wheel moves the page
    event.preventDefault();
    magnify(event.deltaY < 0 ? 1.25 : 0.8, under(event));
  }, { passive: false });
  plane.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const factor = { "+": 2, "=": 2, "-": 0.5, 0: 1 / 16 }[event.key];
    if (!way && !factor) return;
    event.preventDefault();
    event.stopPropagation();
    if (factor) return magnify(factor);
    const step = (event.shiftKey ? 0.1 : 0.02) * whole / zoom;
    go([z[0] + way[0] * step, z[1] + way[1] * step]);
  });
  for (const [text, name, factor] of [["+", "Zoom in", 2], ["−", "Zoom out", 0.5], ["all", "Show all", 1 / 16]]) {
    const button = element("button", "min-width:32px;padding:2px 10px;border-radius:4px;cursor:pointer;background:#f3f6fa;" + edge + font, tools);
    Object.assign(button, { type: "button", textContent: text, title: name });
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => magnify(factor));
  }
  digits.onload = draw;
  digits.src = options.originals;
  view(left, top);
  go(z);
}

// Decoded in advance, on a grid of n × n places, row by row from the top, as tiles of one image: mixed from the four around z.
function looking(options, ready) {
  const sprite = new Image(), n = options.n, [left, right, bottom, top] = options.span;
  sprite.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 28 * n;
    const context = canvas.getContext("2d");
    context.drawImage(sprite, 0, 0);
    const tiles = context.getImageData(0, 0, 28 * n, 28 * n).data, pixels = new Uint8Array(784);
    ready((z, show) => {
      const u = (z[0] - left) / (right - left) * (n - 1), v = (top - z[1]) / (top - bottom) * (n - 1);
      const column = Math.min(n - 2, Math.floor(u)), row = Math.min(n - 2, Math.floor(v)), a = u - column, b = v - row;
      const at = (r, c, i) => 255 - tiles[4 * ((28 * r + Math.floor(i / 28)) * 28 * n + 28 * c + i % 28)];
      for (let i = 0; i < 784; i++) {
        pixels[i] = (1 - b) * ((1 - a) * at(row, column, i) + a * at(row, column + 1, i))
          + b * ((1 - a) * at(row + 1, column, i) + a * at(row + 1, column + 1, i));
      }
      show(pixels);
    });
  };
  sprite.src = options.sprite;
}
