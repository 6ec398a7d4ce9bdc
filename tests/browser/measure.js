// What is wrong with the current slide, as sentences: what sticks out, overlaps, is too small to read from the last row, or is not drawn.
// Sizes are those of a slide 720 pixels high, whatever the window is.
() => {
  const slide = Reveal.getCurrentSlide(), room = slide.getBoundingClientRect(), scale = room.height / 720, faults = [];
  const code = slide.querySelector("details.code");
  const hidden = (e) => e.closest("aside") || (code && code.contains(e)) || getComputedStyle(e).visibility === "hidden" || !e.getClientRects().length;
  const seen = (selector) => [...slide.querySelectorAll(selector)].filter((e) => !hidden(e));
  const name = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") || ""}`;
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;

  for (const e of seen("*")) {
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > room.right + 1 || box.bottom > room.bottom + 1 || box.left < room.left - 1 || box.top < room.top - 1)) faults.push(`sticks out of the slide: ${name(e)}`);
  }
  // Text, formulas, tables and code stay inside the stage, and nothing lies on the text.
  const stage = (slide.matches(".title") ? slide : slide.querySelector(".stage")).getBoundingClientRect();
  for (const e of seen(".text, .text > *, .step > *, .show table, .show pre, .show .highlight, .show img, .show canvas")) {
    const box = e.getBoundingClientRect();
    if (box.bottom > stage.bottom + 1 || box.top < stage.top - 1 || box.right > stage.right + 1 || box.left < stage.left - 1) faults.push(`sticks out of its place: ${name(e)}`);
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && !["IMG", "CANVAS"].includes(e.tagName)) faults.push(`is cut off at its side: ${name(e)}`);
  }
  const text = slide.querySelector(".text");
  const shown = seen(".show > *, .show .part > *");
  if (text && shown.some((e) => over(e.getBoundingClientRect(), text.getBoundingClientRect()))) faults.push("what is shown lies on the text");

  const words = [];
  for (const walk = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT); walk.nextNode();) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || hidden(e) || ["SCRIPT", "STYLE", "OPTION", "SUMMARY"].includes(e.tagName)) continue;
    words.push(...walk.currentNode.textContent.trim().split(/\s+/));
    const size = parseFloat(getComputedStyle(e).fontSize);
    if (size < 22 && !e.closest("math") && !e.closest(".film")) faults.push(`text of ${size} px: ${walk.currentNode.textContent.trim().slice(0, 30)}`);
  }
  // In a picture the smallest text has the size that `data-text` says, in pixels of the picture. 14 are wanted: 10 points at 100 pixels per inch,
  // which are 13.9, pass at their natural size.
  const pictures = seen("img").filter((e) => !e.closest(".latent-pad"));
  for (const e of pictures) {
    if (!(e.complete && e.naturalWidth)) faults.push("a picture is not drawn");
    if (e.alt.length <= 20) faults.push("a picture has no text for those who cannot see it");
    const box = e.getBoundingClientRect(), shownAt = Math.min(box.width / e.naturalWidth, box.height / e.naturalHeight) / scale;
    const small = Number(e.dataset.text || e.closest(".film")?.dataset.text || 0) * shownAt;
    if (small && small < 13.8) faults.push(`text of ${small.toFixed(1)} px in a picture`);
    if (box.width * box.height < 0.1 * room.width * room.height) faults.push(`a picture of ${Math.round(box.width / scale)} × ${Math.round(box.height / scale)} px`);
  }
  const holds = pictures.length + seen("canvas, table, .formula, .highlight, pre").length;
  if (!holds && words.length < 30 && !slide.matches(".title, .question")) faults.push(`an almost empty slide: ${words.length} words`);
  if (!seen("math").every((e) => e.getBoundingClientRect().width > 4)) faults.push("a formula is not drawn");
  return { title: slide.querySelector("h1, h2").textContent, faults };
}
