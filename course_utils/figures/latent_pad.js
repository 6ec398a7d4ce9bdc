// A latent plane to drag on, and the picture decoded from the place. `ask(z, show)` has it decoded, by whatever means, and calls
// show(pixels, near): 784 numbers from 0 (paper) to 255 (ink), and a word on the nearest known code.
function pad(el, options, ask) {
  const [left, right, bottom, top] = options.span, size = 380;
  const plane = document.createElement("canvas"), picture = document.createElement("canvas"), said = document.createElement("p");
  plane.width = plane.height = size;
  picture.width = picture.height = 28;
  plane.tabIndex = 0;
  plane.setAttribute("role", "application");
  plane.dataset.lmSuppressShortcuts = "true"; // JupyterLab has other plans for the arrow keys
  plane.setAttribute("aria-roledescription", "latent plane");
  plane.setAttribute("aria-label", options.alt + " Arrow keys move, with shift in larger steps.");
  picture.setAttribute("role", "img");
  said.setAttribute("aria-live", "polite");
  plane.style.cssText = "width:380px;max-width:100%;aspect-ratio:1;cursor:crosshair;touch-action:none;border:1px solid #c9d3e0";
  picture.style.cssText = "width:280px;max-width:100%;aspect-ratio:1;image-rendering:pixelated;border:1px solid #c9d3e0";
  said.style.cssText = "flex-basis:100%;margin:0;min-height:1.4em;font:15px/1.4 system-ui,sans-serif;color:#1d1d1f";
  const frame = document.createElement("div");
  frame.style.cssText = "display:flex;flex-wrap:wrap;gap:16px;align-items:center;background:#fff;padding:8px;max-width:700px";
  frame.append(plane, picture, said);
  el.append(frame);

  const paper = plane.getContext("2d"), ink = picture.getContext("2d"), image = ink.createImageData(28, 28);
  const behind = new Image();
  let z = options.start.slice(), frames = 0;

  function draw() {
    paper.clearRect(0, 0, size, size);
    if (behind.complete) paper.drawImage(behind, 0, 0, size, size);
    const x = (z[0] - left) / (right - left) * size, y = (top - z[1]) / (top - bottom) * size;
    for (const [color, width] of [["#fff", 6], ["#000", 2]]) {
      paper.strokeStyle = color;
      paper.lineWidth = width;
      paper.beginPath();
      paper.arc(x, y, 9, 0, 2 * Math.PI);
      paper.moveTo(x - 16, y);
      paper.lineTo(x + 16, y);
      paper.moveTo(x, y - 16);
      paper.lineTo(x, y + 16);
      paper.stroke();
    }
  }
  function show(pixels, near) {
    for (let i = 0; i < 784; i++) {
      image.data.fill(255 - pixels[i], 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    }
    ink.putImageData(image, 0, 0);
    const place = `z = (${z[0].toFixed(2)}, ${z[1].toFixed(2)})` + (near ? `, nearest code: ${near}` : "");
    said.textContent = place;
    picture.setAttribute("aria-label", "The picture decoded at " + place);
    frame.dataset.frames = ++frames; // pictures shown so far
  }
  function go(to) {
    z = [Math.min(right, Math.max(left, to[0])), Math.min(top, Math.max(bottom, to[1]))];
    draw();
    ask(z, show);
  }
  function follow(event) {
    const box = plane.getBoundingClientRect();
    go([left + (event.clientX - box.left) / box.width * (right - left), top - (event.clientY - box.top) / box.height * (top - bottom)]);
  }
  plane.addEventListener("pointerdown", (event) => { plane.setPointerCapture(event.pointerId); follow(event); });
  plane.addEventListener("pointermove", (event) => { if (event.buttons) follow(event); });
  plane.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? 0.1 : 0.02;
    go([z[0] + way[0] * step * (right - left), z[1] + way[1] * step * (top - bottom)]);
  });
  behind.onload = draw;
  behind.src = options.behind;
  go(z);
}

// Decoded by the kernel. Several questions are under way at once, or every picture would wait for the one before to come and go.
function asking(model) {
  let asked = 0, shown = 0, flying = 0, waiting = null, last = () => {};
  model.on("msg:custom", (answer, buffers) => {
    flying--;
    if (answer.id > shown) {
      shown = answer.id;
      last(new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, 784), answer.near);
    }
    if (waiting) {
      const next = waiting;
      waiting = null;
      ask(next, last);
    }
  });
  function ask(z, show) {
    last = show;
    if (flying >= 6) {
      waiting = z;
      return;
    }
    flying++;
    model.send({ id: ++asked, z });
  }
  return ask;
}

// Decoded in advance, on a grid of n × n places, row by row from the top, as tiles of one picture: mixed from the four around z.
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
      show(pixels, options.near[Math.round(v) * n + Math.round(u)]);
    });
  };
  sprite.src = options.sprite;
}
