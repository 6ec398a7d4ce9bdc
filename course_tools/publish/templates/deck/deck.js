// Text that is too long for its slide gets smaller until it fits; the deck itself is scaled to the screen by reveal.js.
function fit(slide) {
  const text = slide && slide.querySelector(".fit"), room = slide && slide.querySelector(".body");
  if (!text || slide.classList.contains("picture")) return;
  const start = !slide.classList.contains("code") ? 118 : text.querySelector(".highlight") ? 100 : 148;
  for (let size = start; size >= 50; size -= 4) {
    text.style.fontSize = size + "%";
    if (text.scrollHeight <= room.clientHeight && text.scrollWidth <= room.clientWidth) return;
  }
}
const toggleCode = () => {
  const code = Reveal.getCurrentSlide().querySelector("details.code");
  if (code) code.open = !code.open;
};
Reveal.initialize({
  width: 1280, height: 720, display: "flex", margin: 0, center: false, hash: true, slideNumber: "c/t", transition: "none",
  backgroundTransition: "none", controls: false, plugins: [RevealNotes],
});
Reveal.addKeyBinding({ keyCode: 67, key: "C", description: "The code of a picture" }, toggleCode);
Reveal.on("ready", (event) => document.fonts.ready.then(() => fit(event.currentSlide)));
Reveal.on("slidechanged", (event) => fit(event.currentSlide));
