const toggleCode = () => {
  const code = Reveal.getCurrentSlide().querySelector("details.code");
  if (code) code.open = !code.open;
};
Reveal.initialize({
  width: 1280, height: 720, display: "flex", margin: 0, center: false, hash: true, slideNumber: "c/t", transition: "none",
  backgroundTransition: "none", controls: false, navigationMode: "linear", plugins: [RevealNotes],
});
Reveal.addKeyBinding({ keyCode: 67, key: "C", description: "The code behind a slide" }, toggleCode);
