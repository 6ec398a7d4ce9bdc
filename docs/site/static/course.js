// What the theme leaves to be wished for by those who use the keyboard, or a voice that reads the page.
document.addEventListener("DOMContentLoaded", () => {
  for (const wide of document.querySelectorAll("div.math, .bd-article pre, .bd-article .pst-scrollable-table-container")) wide.tabIndex = 0;
  for (const named of document.querySelectorAll("summary, .search-button__button")) {
    if (named.textContent.trim()) named.removeAttribute("aria-label"); // its text says more
    else named.setAttribute("aria-label", "Pages below this one");
  }
});
