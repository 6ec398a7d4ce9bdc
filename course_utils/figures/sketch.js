// A square to draw points on, from -1 to 1 along both sides. `send(points)` gets all of them whenever the pointer is lifted.
function sketch(el, options, send) {
  const size = 190, canvas = document.createElement("canvas"), paper = canvas.getContext("2d");
  const said = document.createElement("div"), clear = document.createElement("button"), frame = document.createElement("div");
  canvas.width = canvas.height = size;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", options.alt);
  canvas.style.cssText = "cursor:crosshair;touch-action:none;border:1px solid #8a94a3;background:#fff";
  said.style.cssText = clear.style.cssText = "font:14px/1.4 system-ui,sans-serif";
  said.textContent = options.label;
  clear.textContent = "clear";
  frame.style.cssText = "padding:8px;max-width:210px";
  frame.append(said, canvas, document.createElement("br"), clear);
  el.append(frame);
  let points = [], pressed = false;

  function add(event) {
    const box = canvas.getBoundingClientRect();
    for (let i = 0; i < 4; i++) { // a pen with a round tip
      const angle = 2 * Math.PI * Math.random(), far = 6 * Math.sqrt(Math.random());
      const x = (event.clientX - box.left) / box.width * size + far * Math.cos(angle);
      const y = (event.clientY - box.top) / box.height * size + far * Math.sin(angle);
      points.push([2 * x / size - 1, 1 - 2 * y / size]);
      paper.fillStyle = "#595959";
      paper.fillRect(x - 1, y - 1, 2, 2);
    }
  }
  canvas.addEventListener("pointerdown", (event) => {
    pressed = true;
    canvas.setPointerCapture(event.pointerId);
    add(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (pressed) add(event); });
  canvas.addEventListener("pointerup", () => { pressed = false; send(points); });
  clear.addEventListener("click", () => {
    points = [];
    paper.clearRect(0, 0, size, size);
    send(points);
  });
}
