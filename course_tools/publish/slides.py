"""`course slides`: write the decks, each as one self-contained HTML file.

Nothing is run. The words come from `notebooks/slides/*.yaml`; pictures, tables and code come from
the committed notebooks (`deck_source`). Formulas are MathML; reveal.js and the fonts stand inside
the file.
"""

import base64
import functools
import html
import io
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jinja2
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_tools.publish import deck_source, notebooks, npm
from course_tools.publish.deck_source import Deck, DeckError, Output, Picture, Slide
from course_tools.publish.formulas import FormulaError, mathml
from course_tools.publish.reading import without_expect
from course_utils.errors import CourseError

FRONTEND = Path(__file__).parent / "frontend"
TEMPLATES = Path(__file__).parent / "templates" / "deck"
FOLDER = "notebooks/slides"
FILES = {
    "reveal_js": "reveal.js/dist/reveal.js",
    "notes_js": "reveal.js/dist/plugin/notes.js",
    "reveal_css": "reveal.js/dist/reveal.css",
}
FONTS = {
    "Deck Text": "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2",
    "Deck Text More": (
        "@fontsource-variable/source-sans-3/files/source-sans-3-latin-ext-wght-normal.woff2"
    ),
    "Deck Greek": "@fontsource-variable/source-sans-3/files/source-sans-3-greek-wght-normal.woff2",
    "Deck Code": (
        "@fontsource-variable/source-code-pro/files/source-code-pro-latin-wght-normal.woff2"
    ),
    "Deck Math": "@fontsource/stix-two-math/files/stix-two-math-latin-400-normal.woff2",
}
SCRIPT = re.compile(r"<script>.*?</script>", flags=re.DOTALL)
OURS = "<h1>Deep generative models: the slides</h1>"  # in the index of decks
WIDE = 1.45  # pictures wider than this stand below their text, others beside it
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass
class Page:
    """A slide as HTML.

    Attributes:
        slide: what its file says.
        layout: "title", "statement", "question", "above" or "beside".
        text: its text and its steps.
        shown: its pictures, tables, printed texts, and chosen lines of code.
        notes: the speaker notes.
        code: the code behind what is shown, which `c` unfolds.
    """

    slide: Slide
    layout: str
    text: str
    shown: list[str]
    notes: str
    code: str


class MathML(IPythonRenderer):
    """Renders formulas as MathML, which every browser shows without a script or a network."""

    def block_math(self, body: str) -> str:
        """Render a formula that stands on its own."""
        return f'<div class="formula" tabindex="0">{_lit(mathml(body, display=True))}</div>'

    def inline_math(self, body: str) -> str:
        """Render a formula within a line."""
        return _lit(mathml(body, display=False))


def _lit(formula: str) -> str:
    """Make each part of a formula that is marked with `\\hot` a fragment of reveal.js."""
    return re.sub(
        r'class="hot-(\d+)"', r'class="fragment custom hot" data-fragment-index="\1"', formula
    )


def markdown(source: str) -> str:
    """Return markdown with formulas as HTML."""
    return MarkdownWithMath(renderer=MathML(escape=False, anchor_link_text="")).render(source)


def pages(deck: Deck) -> list[Page]:
    """Return the slides of a deck as HTML.

    Raises:
        DeckError: where a formula is not understood.
    """
    found = []
    for n, slide in enumerate(deck.slides):
        try:
            found.append(_page(deck, slide, first=not n))
        except FormulaError as error:
            raise DeckError(f"{deck.path}, line {slide.line}: {error}.") from error
    return found


def _page(deck: Deck, slide: Slide, *, first: bool) -> Page:
    shown = [_shown(*item) for item in deck.shown(slide)]
    if slide.build in ("beside", "instead"):
        shown = [_fragment(item, n, slide.build) for n, item in enumerate(shown)]
    elif slide.build == "rows":
        shown = [re.sub(r"<tr>(?=<th scope=\"row)", '<tr class="fragment">', x) for x in shown]
    if slide.code:
        shown.append(_highlighted(deck.lines(slide.code)))
    steps = "".join(
        f'<div class="fragment step" data-fragment-index="{n}">{markdown(step)}</div>'
        for n, step in enumerate(slide.steps, 1)
    )
    covered = f"<p>Lecture: {', '.join(slide.lecture)}</p>" if slide.lecture else ""
    sources = dict.fromkeys(picture.cell for picture in slide.show)
    return Page(
        slide=slide,
        layout="title" if first else _layout(deck, slide),
        text=markdown(slide.text) + steps,
        shown=shown,
        notes=covered + f"<p>{slide.minutes:g} min</p>" + markdown(slide.say),
        code="".join(_highlighted(without_expect(deck.cell(name).source)) for name in sources),
    )


def _layout(deck: Deck, slide: Slide) -> str:
    """Decide where the text of a slide stands."""
    if slide.ask:
        return "question"
    if slide.layout != "auto" or not (slide.show or slide.code):
        return slide.layout.replace("auto", "statement")
    sizes = [_size(*item) for item in deck.shown(slide)]
    wide = sum(width / height for width, height in sizes)
    if slide.build == "instead":
        wide /= len(sizes)
    return "above" if slide.code or wide > WIDE else "beside"


def _size(picture: Picture, output: Output) -> tuple[float, float]:
    """Return the width and height of a picture; of tables and players, what they usually have."""
    if output.kind != "png":
        return 2.0, 1.0
    width, height = Image.open(io.BytesIO(base64.b64decode(output.held))).size
    left, top, right, bottom = picture.crop or (0, 0, 1, 1)
    return width * (right - left), height * (bottom - top)


def _shown(picture: Picture, output: Output) -> str:
    """Return what a slide shows of one output, as HTML."""
    held = output.held
    if output.kind == "printed":
        return f"<pre class='said'>{html.escape(held)}</pre>"
    if output.kind == "html":
        return deck_source.table(held, picture) if "<table" in held else held
    png = deck_source.cropped(held, picture.crop) if picture.crop else held
    letters = picture.letters and output.about.get("text") or ""
    return (
        f'<img src="data:image/png;base64,{png}" alt="{html.escape(output.about.get("alt", ""))}"'
        f' data-text="{letters}">'
    )


def _fragment(shown: str, n: int, build: str) -> str:
    """Have a picture appear at step `n`, and with "instead" leave at the next one."""
    kind = "fragment fade-in-then-out" if build == "instead" else "fragment"
    if not n:
        kind = "fragment fade-out" if build == "instead" else ""
    index = f' data-fragment-index="{max(1, n)}"' if kind else ""
    return f'<div class="part {kind}"{index}>{shown}</div>'


def _highlighted(code: str) -> str:
    return highlight(code, PythonLexer(), HtmlFormatter(nowrap=False))


@functools.cache
def frontend() -> Path:
    """Return the folder with reveal.js and the fonts, which npm downloads once.

    Raises:
        npm.NpmError: where there is no npm, or it cannot download them.
    """
    out = npm.install(
        FRONTEND,
        notebooks.ROOT / "build" / "frontend",
        purpose="Slides need Node.js with npm, and a network the first time",
    )
    return out / "node_modules"


def rendered(deck: Deck, folder: Path, *, paper: bool = False) -> str:
    """Return a deck as one HTML file.

    Args:
        deck: what it shows.
        folder: that of `frontend`.
        paper: for a handout: one slide a page with all its steps, and no script. In the place of a
            film or a pad stands its still picture.
    """
    fonts = {
        name: base64.b64encode((folder / file).read_bytes()).decode()
        for name, file in FONTS.items()
    }
    scripts = {
        name: (folder / file).read_text(encoding="utf-8").replace("</script", "<\\/script")
        for name, file in FILES.items()
    }
    pygments = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    text = environment.get_template("deck.html.j2").render(
        deck=deck, pages=pages(deck), paper=paper, fonts=fonts, pygments=pygments, **scripts
    )
    return SCRIPT.sub("", text) if paper else text


def write(out: Path, *numbers: str, pdf: bool = False) -> int:
    """Write decks, and an index of all decks with their rehearsal tables; return the exit code.

    Args:
        out: the folder for the decks.
        numbers: only those of these lessons, "00" for the whole lecture; default: all.
        pdf: whether a handout is written beside each deck.

    Raises:
        CourseError: where an index.html of somebody else would be overwritten, or a deck cannot be
            shown.
    """
    index = out / "index.html"
    if index.exists() and OURS not in index.read_text(encoding="utf-8", errors="replace"):
        raise CourseError(
            f"{index} is no index of slides, and would be overwritten: name another folder with"
            " --out. Nothing was written."
        )
    source = notebooks.require_checkout() / FOLDER
    chosen = deck_source.find(source, *numbers)
    folder = frontend()
    out.mkdir(parents=True, exist_ok=True)
    for deck in chosen:
        text = rendered(deck, folder)
        (out / f"{deck.path.stem}.html").write_text(text, encoding="utf-8")
        print(
            f"{deck.title}: {len(deck.slides)} slides, {deck.minutes:.0f} minutes,"
            f" {len(text) / 1e6:.1f} MB"
        )
        for slide in deck.changed():
            print(
                f"  {deck.path.name}, line {slide.line}: what {slide.title!r} shows has changed."
                f" Read its words beside it, then: course slides --accept {deck.number}"
            )
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    there = [deck for deck in deck_source.find(source) if (out / f"{deck.path.stem}.html").exists()]
    index.write_text(
        environment.get_template("index.html.j2").render(
            decks=there, rehearsal=deck_source.rehearsal
        ),
        encoding="utf-8",
    )
    if pdf:
        handouts(out, chosen)
    print(
        f"Open {index.resolve().as_uri()} (arrows or space: next; s: speaker notes;"
        " c: the code behind a slide)"
    )
    return 0


def accept(*numbers: str) -> int:
    """Take note that the words of decks were read beside the figures of today.

    Args:
        numbers: only the decks of these lessons; default: all.
    """
    for deck in deck_source.find(notebooks.require_checkout() / FOLDER, *numbers):
        print(f"{deck.path.name}: {deck_source.accept(deck)} slides taken note of")
    return 0


def handouts(out: Path, decks: list[Deck]) -> None:
    """Write decks as PDF, where a Chromium is there.

    Args:
        out: the folder.
        decks: which.

    Raises:
        CourseError: where the browser writes none.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("No PDF: handouts need Chromium or Chrome, and neither is on the PATH.")
        return
    for deck in decks:
        target = out / f"{deck.path.stem}.pdf"
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "handout.html"
            page.write_text(rendered(deck, frontend(), paper=True), encoding="utf-8")
            # As root, in a container, Chromium starts only without its sandbox; the page is ours.
            command = [browser, "--headless", "--disable-gpu", "--no-sandbox", "--no-first-run"]
            command += ["--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}"]
            command += [f"--user-data-dir={folder}/profile", page.as_uri()]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode or not target.exists():
            raise CourseError(f"{browser} wrote no {target.name}: {done.stderr.strip()[-300:]}")
        print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")
