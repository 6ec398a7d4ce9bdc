"""The site in Chromium, served below a path as GitHub Pages does: readable on a phone, in the dark,
on paper, for everybody, and without a request to any other host.
"""

import functools
import http.server
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from course_tools.publish import address, notebooks

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()
BASE = urlsplit(address.derived().pages).path.strip("/")  # of the host's addresses
PAGES = [
    "index",
    "do",
    "slides",
    "report",
    "reference",
    "docs/notation",
    "docs/teaching",
    "api/figures",
    "api/models",
    "search",
    "404",
    *(f"notebooks/{lesson.name}" for lesson in LESSONS),
]
DRAWN = """() => !document.querySelector("div.math, span.math") || (window.MathJax?.startup?.promise
    && document.querySelector("mjx-container") && !document.querySelector("mjx-merror"))"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass

    def send_error(self, code, *_) -> None:
        """Answer as GitHub Pages does, with the site's own page at the address that was asked."""
        body = Path(self.directory, BASE, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def base(site_folder, tmp_path_factory):
    """The address of the site, below a path."""
    root = tmp_path_factory.mktemp("host")
    (root / BASE).symlink_to(site_folder, target_is_directory=True)
    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{BASE}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def opened(base, watched):
    """Opens a page of the site: opened("do", 375, 800, dark=True) → Watch."""

    def make(name, width=1300, height=900, dark=False):
        watch = watched(width, height)
        watch.page.emulate_media(color_scheme="dark" if dark else "light")
        watch.base = base
        path, _, query = name.partition("?")
        watch.page.goto(f"{base}/{path}.html{'?' * bool(query)}{query}")
        watch.page.wait_for_function(DRAWN)
        watch.page.wait_for_function("document.fonts.status === 'loaded'")
        return watch

    return make


def complaints(watch) -> list[str]:
    """Errors, and requests that leave the site."""
    inside = (watch.base, "data:", "blob:")
    return watch.errors + [url[:200] for url in watch.requests if not url.startswith(inside)]


IN_THE_DARK = ["index", "do", "search", "api/models", "notebooks/03_autoencoders"]


@pytest.mark.parametrize(
    ("name", "dark"),
    [
        *((name, True) for name in IN_THE_DARK),
        *(
            pytest.param(name, False, marks=[] if name in IN_THE_DARK else pytest.mark.exhaustive)
            for name in PAGES
        ),
    ],
)
def test_a_page_is_whole_on_a_phone_and_for_everybody(name, dark, opened, packages):
    watch = opened(name, 375, 800, dark=dark)
    page = watch.page
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375, (
        "it scrolls sideways on a phone"
    )
    assert page.evaluate("[...document.images].every(i => i.alt.length > 20)")
    levels = page.evaluate(
        "[...document.querySelectorAll('article :is(h1, h2, h3, h4)')].map(h => +h.tagName[1])"
    )
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    page.add_script_tag(path=packages / "axe-core" / "axe.min.js")
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"
    )
    serious = [
        (v["id"], v["nodes"][0]["html"][:200])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious, serious
    assert not complaints(watch)


def test_from_lesson_to_lesson(opened):
    """Next and previous, the sidebar, and the contents of the page."""
    watch = opened(f"notebooks/{LESSONS[0].name}")
    page = watch.page
    for lesson in LESSONS[1:3]:
        page.click("a.right-next")
        page.wait_for_url(f"**/{lesson.name}.html")
    page.click("a.left-prev")
    page.wait_for_url(f"**/{LESSONS[1].name}.html")
    page.click(f".bd-sidebar-primary a[href$='{LESSONS[-1].name}.html']")
    page.wait_for_url(f"**/{LESSONS[-1].name}.html")
    assert (
        page.locator(".bd-sidebar-primary .current.active")
        .inner_text()
        .startswith(LESSONS[-1].number)
    )
    last = page.locator(".bd-sidebar-secondary a.nav-link").last
    last.click()
    page.wait_for_function("location.hash.length > 1 && window.scrollY > 500")
    assert not complaints(watch)


@pytest.mark.parametrize("place", ["no-such-page.html", "notebooks/deep/down/"])
def test_where_there_is_no_page_all_ways_on_are_right(place, base, watched):
    watch = watched(1300, 900)
    page = watch.page
    page.goto(f"{base}/{place}")
    assert page.locator("article h1").inner_text().startswith("Page not found")
    missing = page.evaluate(
        """async () => {
          const asked = new Set();
          for (const e of document.querySelectorAll("[href], [src], form[action]")) {
            const link = ["href", "src", "action"].map((a) => e.getAttribute(a)).find((a) => a);
            const url = new URL(link, location.href);
            if (url.host === location.host && !url.hash) asked.add(url.href);
          }
          const lost = [];
          for (const url of asked) if ((await fetch(url)).status !== 200) lost.push(url);
          return asked.size > 20 ? lost : [...asked];
        }"""
    )
    assert not missing
    page.get_by_role("link", name="Notebooks with tasks").last.click()
    page.wait_for_url(f"{base}/do.html")
    assert all("404" in error for error in watch.errors)  # of the page itself


def test_the_menu_opens_on_a_phone(opened):
    page = opened("index", 375, 800).page
    entry = page.locator(f".bd-sidebar-primary a[href$='{LESSONS[1].name}.html']")
    assert not entry.is_visible()
    page.locator(".primary-toggle:visible").click()
    entry.click()
    page.wait_for_url(f"**/{LESSONS[1].name}.html")


def test_the_three_doors(opened):
    for text, file in [("Read", LESSONS[0].name), ("Do", "do"), ("Teach", "teaching")]:
        page = opened("index").page
        page.locator(".hero-doors").get_by_role("link", name=text, exact=True).click()
        page.wait_for_url(f"**/{file}.html")


def test_search_finds_a_lesson(opened):
    watch = opened("index")
    page = watch.page
    page.keyboard.press("Control+k")
    page.keyboard.type("reparametrization")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=reparametrization*")
    results = page.locator("#search-results li a[href*='04_elbo_derivation']")
    results.first.wait_for()
    results.first.click()
    page.wait_for_url("**/04_elbo_derivation.html*")
    assert not complaints(watch)


def luminance(page) -> float:
    """How light the page is, 0 to 255."""
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, color[color.index("(") + 1 : -1].split(",")[:3])) / 3


def test_the_reader_chooses_light_or_dark_and_it_stays(opened):
    page = opened("do").page
    light = luminance(page)
    button = page.locator(".theme-switch-button:visible").first
    for _ in range(3):  # an older theme goes through the modes, a newer one opens a menu
        button.click()
        menu = page.locator(".theme-change-button[data-mode=dark]")
        if menu.count():
            menu.first.click()
        if luminance(page) < 64:
            break
    assert luminance(page) < 64 < 192 < light
    page.reload()
    assert luminance(page) < 64


def test_on_paper_only_the_text_and_on_white(opened):
    watch = opened("notebooks/03_autoencoders", dark=True)
    page = watch.page
    page.emulate_media(media="print")
    for what in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".doors", ".header-article"):
        assert not page.locator(what).first.is_visible(), what
    assert luminance(page) > 240
    text = page.evaluate("getComputedStyle(document.querySelector('article p')).color")
    assert sum(map(int, text[text.index("(") + 1 : -1].split(",")[:3])) < 3 * 96
    assert page.pdf(format="A4").count(b"/Type /Page\n") > 5


def test_solutions_and_code_of_figures_are_folded_and_open(opened):
    page = opened("notebooks/03_autoencoders").page
    folded = page.locator("details.hide")
    assert folded.count() > 3 and not page.locator("details.hide[open]").count()
    solution = page.locator("details.hide", has_text="A solution, in code").first
    code = solution.locator("pre").first
    assert not code.is_visible()
    solution.locator("summary").click()
    assert code.is_visible() and "return" in code.inner_text()


def test_code_can_be_copied(opened):
    page = opened("notebooks/02_pca").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = page.locator("div.cell_input:visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    page.wait_for_timeout(200)
    assert (
        page.evaluate("navigator.clipboard.readText()").strip()
        == cell.locator("pre").inner_text().strip()
    )


def test_a_symbol_leads_to_what_it_is(opened):
    watch = opened("notebooks/02_pca")
    link = watch.page.locator("a.symbol").first
    assert len(link.get_attribute("title")) > 5
    link.click()
    watch.page.wait_for_url("**/docs/notation.html#symbol-*")
    row = watch.page.locator(":target")
    row.wait_for()
    assert row.evaluate("e => e.closest('tr') !== null") and row.locator("mjx-container").count()
    assert not complaints(watch)


def changes(page, act, picture) -> None:
    before = picture.screenshot()
    for _ in range(30):
        act()
        page.wait_for_timeout(100)
        if picture.screenshot() != before:
            return
    pytest.fail("the picture stayed as it was")


@pytest.mark.parametrize("lesson", ["03_autoencoders", "05_vae"])
def test_a_pad_works_without_a_kernel(lesson, opened):
    watch = opened(f"notebooks/{lesson}")
    plane, picture, _ = watch.page.locator(".latent-pad canvas").all()
    plane.scroll_into_view_if_needed()
    changes(watch.page, lambda: plane.press("Shift+ArrowUp"), picture)
    assert not complaints(watch)


@pytest.mark.parametrize("name", ["index", "notebooks/05_vae"])
def test_a_film_plays_and_stops(name, opened):
    watch = opened(name)
    film = watch.page.locator(".film").first
    film.scroll_into_view_if_needed()
    changes(watch.page, lambda: None, film.locator("img"))
    film.get_by_label("Pause").click()
    watch.page.wait_for_timeout(100)
    still = film.locator("output").inner_text()
    watch.page.wait_for_timeout(1500)
    assert film.locator("output").inner_text() == still and not complaints(watch)
