// What the theme leaves to be wished for by those who use the keyboard, or a voice that reads the page.
document.addEventListener("DOMContentLoaded", () => {
  for (const wide of document.querySelectorAll("div.math, .bd-article pre, .bd-article .pst-scrollable-table-container")) wide.tabIndex = 0;
  for (const named of document.querySelectorAll("summary, .search-button__button")) {
    if (named.textContent.trim()) named.removeAttribute("aria-label"); // its text says more
    else named.setAttribute("aria-label", "Pages below this one");
  }
});

// Paper is white: where the page is dark, it is light while it is printed.
const page = document.documentElement, paper = matchMedia("print");
let chosen = null;
const onPaper = (on) => {
  if (on) chosen ??= page.dataset.theme;
  if (chosen) page.dataset.theme = on ? "light" : chosen;
  if (!on) chosen = null;
};
paper.addEventListener("change", () => onPaper(paper.matches));
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
