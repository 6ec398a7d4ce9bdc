// A folded cell or solution is no use on paper: what is open on the screen is printed, headings of closed ones are not (course.css).
// Formulas and tables that are wider than the page scroll, so the keyboard must reach them.
document.addEventListener("DOMContentLoaded", () => {
  for (const wide of document.querySelectorAll("div.math, .bd-article pre, .bd-article .pst-scrollable-table-container")) wide.tabIndex = 0;
});
