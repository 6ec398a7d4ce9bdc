// A sheet to draw a digit on. Every change is sent to the kernel as SIDE × SIDE bytes of ink; the answer is a list of images with captions.
const SIDE = 112;

function sheet(model, el) {
  const options = model.get("options"), frame = make("div", "display:flex;flex-wrap:wrap;gap:16px;background:#fff;padding:8px;max-width:900px");
  const paper = make("canvas", "width:224px;height:224px;cursor:crosshair;touch-action:none;border:1px solid #5b6b80");
  const answers = make("div", "flex:1 1 320px;display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start;align-content:flex-start");
  const said = make("p", "flex-basis:100%;margin:0;min-height:1.4em;font:15px/1.4 system-ui,sans-serif;color:#1d1d1f");
  const left = make("div", "display:flex;flex-direction:column;gap:6px;width:226px"), tools = make("div", "display:flex;gap:6px");
  const choice = make("div", "display:flex;flex-wrap:wrap;gap:2px");
  paper.width = paper.height = SIDE;
  paper.setAttribute("role", "img");
  paper.setAttribute("aria-label", options.alt + " Draw with the mouse or a finger, or choose an example below.");
  said.setAttribute("aria-live", "polite");
  const ink = paper.getContext("2d", { willReadFrequently: true });
  let strokes = [], asked = 0, shown = 0, flying = false, dirty = false;

  function make(name, style) {
    const element = document.createElement(name);
    element.style.cssText = style;
    return element;
  }
  function button(text, label, act) {
    const b = make("button", "font:13px system-ui,sans-serif;padding:2px 8px;color:#1d1d1f;background:#f2f5f9;border:1px solid #5b6b80;border-radius:4px");
    b.type = "button";
    b.textContent = text;
    b.setAttribute("aria-label", label);
    b.onclick = act;
    return b;
  }
  function draw() {
    ink.fillStyle = "#fff";
    ink.fillRect(0, 0, SIDE, SIDE);
    ink.strokeStyle = ink.fillStyle = "#000";
    ink.lineWidth = SIDE / 12;
    ink.lineCap = ink.lineJoin = "round";
    for (const stroke of strokes) {
      if (stroke instanceof Image) {
        ink.drawImage(stroke, 0, 0, SIDE, SIDE);
        continue;
      }
      ink.beginPath();
      ink.moveTo(...stroke[0]);
      for (const point of stroke) ink.lineTo(...point);
      ink.stroke();
    }
    ask();
  }
  function ask() {
    if (flying) {
      dirty = true;
      return;
    }
    const seen = ink.getImageData(0, 0, SIDE, SIDE).data, bytes = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 255 - seen[4 * i];
    flying = true;
    dirty = false;
    model.send({ id: ++asked }, undefined, [bytes.buffer]);
  }
  function picture(bytes, n, channels, h, w) { // with three channels a coloured picture, larger, for it may have letters
    const columns = Math.min(n, 5), width = n > 1 ? 56 * columns : channels > 1 ? 280 : 112;
    const canvas = make("canvas", `width:${width}px;border:1px solid #c9d3e0` + (channels > 1 ? "" : ";image-rendering:pixelated"));
    canvas.width = w * columns;
    canvas.height = h * Math.ceil(n / columns);
    const context = canvas.getContext("2d");
    for (let k = 0; k < n; k++) {
      const tile = context.createImageData(w, h);
      for (let i = 0; i < h * w; i++) {
        for (let c = 0; c < 3; c++) tile.data[4 * i + c] = 255 - bytes[h * w * (channels * k + c % channels) + i];
        tile.data[4 * i + 3] = 255;
      }
      context.putImageData(tile, w * (k % columns), h * Math.floor(k / columns));
    }
    return canvas;
  }
  model.on("msg:custom", (answer, buffers) => {
    flying = false;
    if (answer.id > shown && !answer.error) {
      shown = answer.id;
      const bytes = new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength);
      let at = 0;
      answers.replaceChildren(...answer.rows.map(([caption, n, channels, h, w]) => {
        const item = make("figure", "margin:0"), text = make("figcaption", "font:13px/1.3 system-ui,sans-serif;color:#1d1d1f;white-space:pre-line;max-width:290px");
        const shownImages = picture(bytes.subarray(at, at += n * channels * h * w), n, channels, h, w);
        shownImages.setAttribute("role", "img");
        shownImages.setAttribute("aria-label", caption);
        text.textContent = caption;
        item.append(text, shownImages);
        return item;
      }));
      frame.dataset.answers = shown;
    }
    said.textContent = answer.error || answer.rows.map(([caption]) => caption.replaceAll("\n", ": ")).join("; ");
    if (dirty) ask();
  });

  const at = (event) => {
    const box = paper.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
  };
  paper.addEventListener("pointerdown", (event) => {
    paper.setPointerCapture(event.pointerId);
    strokes.push([at(event)]);
    draw();
  });
  paper.addEventListener("pointermove", (event) => {
    if (!event.buttons || !Array.isArray(strokes.at(-1))) return;
    strokes.at(-1).push(at(event));
    draw();
  });
  tools.append(
    button("Undo", "Take the last stroke back", () => { strokes.pop(); draw(); }),
    button("Clear", "Clear the sheet", () => { strokes = []; draw(); }));
  options.examples.forEach((source, i) => {
    const b = button("", `Example ${i + 1}`, () => {
      const example = new Image();
      example.onload = () => { strokes = [example]; draw(); };
      example.src = source;
    });
    b.style.padding = "1px";
    const thumb = make("img", "width:36px;height:36px;display:block");
    thumb.src = source;
    thumb.alt = "";
    b.append(thumb);
    choice.append(b);
  });
  left.append(paper, tools, choice);
  frame.append(left, answers, said);
  el.append(frame);
  choice.querySelector("button").click();
}

export default { render({ model, el }) { sheet(model, el); } };
