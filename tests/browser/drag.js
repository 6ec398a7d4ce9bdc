// Pictures a second while a pointer goes round on a pad, moved once for every frame of the screen.
(frame) => new Promise((done) => {
  const plane = frame.querySelector("canvas");
  const box = plane.getBoundingClientRect(), start = performance.now(), first = Number(frame.dataset.frames);
  function go(now) {
    const t = (now - start) / 200;
    plane.dispatchEvent(new PointerEvent("pointermove", {
      clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(t)),
      clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(t)),
      buttons: 1,
    }));
    if (now - start < 2000) requestAnimationFrame(go);
    else setTimeout(() => done((Number(frame.dataset.frames) - first) / 2), 300);
  }
  requestAnimationFrame(go);
})
