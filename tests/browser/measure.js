// What the current slide looks like: what sticks out, what is cut off, the smallest text, and whether formulas and pictures are drawn.
() => {
  const slide = Reveal.getCurrentSlide(), room = slide.getBoundingClientRect();
  const code = slide.querySelector("details.code");
  const hidden = (e) => e.closest("aside") || (code && !code.open && code.contains(e) && !e.closest("summary"));
  const seen = (selector) => [...slide.querySelectorAll(selector)].filter((e) => !hidden(e));
  const out = seen("*").filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > room.right + 1 || box.bottom > room.bottom + 1 || box.left < room.left - 1 || box.top < room.top - 1);
  }).map((e) => `${e.tagName}.${e.className}`);
  const text = slide.querySelector(".fit"), body = slide.querySelector(".body");
  return {
    title: slide.querySelector("h1, h2").textContent,
    out,
    over: text.scrollHeight - body.clientHeight,
    wide: text.scrollWidth - body.clientWidth,
    smallest: Math.min(99, ...seen(".fit p, .fit li, .fit pre, .caption p").map((e) => parseFloat(getComputedStyle(e).fontSize))),
    math: seen("math").every((e) => e.getBoundingClientRect().width > 4),
    pictures: seen("img").every((e) => e.complete && e.naturalWidth > 0 && e.alt.length > 20),
  };
}
