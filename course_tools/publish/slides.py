"""`course slides`: write every committed lesson as one self-contained deck of slides.

Nothing is run. A slide holds one idea: a heading with the leading sentences and formulas of its
text, or one picture, or one piece of code. The whole text goes into the speaker notes. Formulas
are MathML; reveal.js and the fonts stand inside the file.
"""

import base64
import functools
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_tools.publish import address, notebooks, npm
from course_tools.publish.formulas import mathml

FRONTEND = Path(__file__).parent / "frontend"
TEMPLATES = Path(__file__).parent / "templates"
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
ROOM = 1000  # characters of text on one slide
INTRO = 230  # characters of text above a picture
SHORT = 60  # a leading sentence shorter than this brings the next one along
LINES = 30  # of code and output on one slide


@dataclass
class Slide:
    """One slide.

    Attributes:
        kind: "title", "text", "picture" or "code".
        title: the heading.
        body: what it shows, as HTML.
        notes: the speaker notes, as HTML.
        lecture: the slides of the lecture that it shows.
        intro: text above a picture or code, as HTML.
        caption: text below a picture, as HTML.
        code: the folded code of a picture, as HTML.
    """

    kind: str
    title: str
    body: str
    notes: list[str] = field(default_factory=list)
    lecture: list[str] = field(default_factory=list)
    intro: str = ""
    caption: str = ""
    code: str = ""


class MathML(IPythonRenderer):
    """Renders formulas as MathML, which every browser shows without a script or a network."""

    def block_math(self, body: str) -> str:
        """Render a formula that stands on its own."""
        return f'<div class="formula" tabindex="0">{mathml(body, display=True)}</div>'

    def inline_math(self, body: str) -> str:
        """Render a formula within a line."""
        return mathml(body, display=False)


def markdown(source: str) -> str:
    """Return markdown with formulas as HTML."""
    return MarkdownWithMath(renderer=MathML(escape=False, anchor_link_text="")).render(source)


def leads(paragraph: str) -> str:
    """Return the leading sentence of a paragraph, and all that begin in bold, such as **Predict**.

    Args:
        paragraph: in markdown.
    """
    held: list[str] = []

    def hold(found: re.Match) -> str:
        held.append(found[0])
        return f"\0{len(held) - 1}\0"

    text = re.sub(r"\$[^$]+\$|`[^`]+`|\[[^\]]*\]\([^)]*\)", hold, " ".join(paragraph.split()))
    ended = r"(?:(?<=[.!?])|(?<=[.!?]\*\*))(?<!al\.)(?<!e\.g\.)(?<!i\.e\.)"
    sentences = re.split(rf"{ended}\s+(?=[A-Z*\0])", text)
    kept, room = [], True
    for sentence in sentences:
        if room or sentence.startswith("**"):
            kept.append(sentence)
        room = room and len(" ".join(kept)) < SHORT
    return re.sub(r"\0(\d+)\0", lambda found: held[int(found[1])], " ".join(kept))


def blocks(source: str) -> Iterator[str]:
    """Return the parts of a markdown cell that a slide shows, in their order.

    These are leading sentences, formulas, lists and tables.

    Args:
        source: of the cell.
    """
    for block in re.split(
        r"\n\s*\n", re.sub(r"<details>.*?</details>", "", source, flags=re.DOTALL).strip()
    ):
        if block.startswith("#") or not block.strip():
            continue
        whole = block.startswith(("$$", "- ", "* ", "|", ">", "```")) or re.match(r"\d+\. ", block)
        yield block if whole else leads(block)


def split(parts: list[str]) -> list[list[str]]:
    """Distribute parts over as many slides as they need."""
    pages: list[list[str]] = [[]]
    for part in parts:
        if pages[-1] and sum(map(len, pages[-1])) + len(part) > ROOM:
            pages.append([])
        pages[-1].append(part)
    return pages


# One rule after the other, in the order in which they apply to neighbouring cells.
def slides(notebook: NotebookNode) -> list[list[Slide]]:
    """Return the slides of a lesson: a list of stacks, a new one for every heading.

    Args:
        notebook: the lesson, executed.
    """
    stacks: list[list[Slide]] = [[]]
    title = ""
    chain: list[str] = []
    for cell in notebook.cells:
        kind = cell.metadata.slideshow.slide_type
        lecture = list(cell.metadata.get("lecture", []))
        if kind in ("skip", "notes"):
            continue
        heading = re.match(r"#+ (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            title = heading[1]
            if kind == "slide" and stacks[-1]:
                stacks.append([])
        if cell.cell_type == "code":
            slides = _code_slides(cell, title, lecture)
            before = stacks[-1][-1] if stacks[-1] else None
            if (
                before
                and before.kind == "text"
                and _is_intro(before)
                and (slides[0].kind == "picture" or cell.source.count("\n") < LINES / 2)
            ):
                slides[0].intro, slides[0].notes = before.body, before.notes + slides[0].notes
                stacks[-1].pop()
            stacks[-1] += slides
        elif (
            not heading
            and kind == "-"
            and stacks[-1]
            and stacks[-1][-1].kind != "text"
            and _is_reading(cell.source)
        ):
            last = stacks[-1][-1]
            last.caption = last.caption or markdown(leads(cell.source.strip().split("\n\n")[0]))
            last.notes.append(markdown(cell.source))
        else:
            slides = _text_slides(cell.source, title, lecture, first=not any(stacks))
            if "derivation" in cell.metadata.get("tags", []):
                slides[0].body = _chained(chain, slides[0].body)
                chain += re.findall(r"\$\$.+?\$\$", cell.source, flags=re.DOTALL)[:1]
            stacks[-1] += slides
    return [stack for stack in stacks if stack]


def _is_reading(source: str) -> bool:
    """Return whether a text only reads the picture above it: it has no formula, list or table."""
    return not re.search(r"^(\$\$|[-*|] |\d+\. )", source, flags=re.MULTILINE)


def _is_intro(slide: Slide) -> bool:
    """Return whether a text is short enough to stand above the picture or code that follows.

    A prediction never does: it has a slide of its own, before the picture.
    """
    text = re.sub(r"<[^>]+>", "", slide.body)
    return (
        len(text) < INTRO
        and "Predict" not in text
        and 'display="block"' not in slide.body
        and "<table" not in slide.body
    )


def _text_slides(source: str, title: str, lecture: list[str], *, first: bool) -> list[Slide]:
    pages = split(list(blocks(source)))
    slides = [
        Slide("title" if first else "text", title, markdown("\n\n".join(page)), lecture=lecture)
        for page in pages
    ]
    slides[0].notes.append(markdown(re.sub(r"^#+ .+\n", "", source)))
    return slides


def _chained(chain: list[str], body: str) -> str:
    """Put a line of a derivation below the lines before it; it appears at the next step."""
    before = "".join(f'<div class="before">{markdown(formula)}</div>' for formula in chain)
    formula = re.compile(r'<math[^>]*display="block".*?</math>', flags=re.DOTALL)
    return before + formula.sub(
        lambda found: f'<div class="fragment">{found[0]}</div>', body, count=1
    )


def _code_slides(cell: NotebookNode, title: str, lecture: list[str]) -> list[Slide]:
    """Return a slide per picture, with its code folded, or one for the code and its output."""
    said = "".join(
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    ).strip()
    code = highlight(cell.source, PythonLexer(), HtmlFormatter(nowrap=False))
    pictures = [picture for output in cell.outputs if (picture := _picture(output))]
    slides = [Slide("picture", title, picture, lecture=lecture, code=code) for picture in pictures]
    printed = f"<pre class='said'>{html.escape(said)}</pre>" if said else ""
    if not pictures:
        lines = cell.source.count("\n") + said.count("\n") + 2
        if said and lines > LINES:
            return [
                Slide("code", title, code, lecture=lecture),
                Slide("code", title, printed, lecture=lecture, code=code),
            ]
        return [Slide("code", title, code + printed, lecture=lecture)]
    if said and said.count("\n") < 3 and max(map(len, said.splitlines())) < 120:
        slides[-1].body += printed
    elif said:
        slides.append(Slide("code", title, printed, lecture=lecture, code=code))
    return slides


def _picture(output: NotebookNode) -> str | None:
    data = output.get("data", {})
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt", "")
        return (
            f'<img src="data:image/png;base64,{data["image/png"].strip()}"'
            f' alt="{html.escape(alt)}">'
        )
    return data["text/html"] if "<img" in data.get("text/html", "") else None


@functools.cache
def frontend() -> Path:
    """Return the folder with reveal.js and the fonts, which npm downloads once.

    Raises:
        npm.NpmError: where there is no npm, or it cannot download them.
    """
    out = npm.install(
        FRONTEND,
        notebooks.ROOT / "build" / "frontend",
        purpose="Slides need npm, once, to download reveal.js and the fonts",
    )
    return out / "node_modules"


def deck(stacks: list[list[Slide]], lesson: str, folder: Path) -> str:
    """Return the slides of a lesson as one HTML file.

    Args:
        stacks: the slides.
        lesson: its number and title.
        folder: that of `frontend`.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / "deck"), autoescape=False
    )
    fonts = {
        name: base64.b64encode((folder / file).read_bytes()).decode()
        for name, file in FONTS.items()
    }
    scripts = {
        name: (folder / file).read_text(encoding="utf-8").replace("</script", "<\\/script")
        for name, file in FILES.items()
    }
    pygments = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return environment.get_template("deck.html.j2").render(
        lesson=lesson, stacks=stacks, fonts=fonts, pygments=pygments, **scripts
    )


def write(out: Path, *numbers: str) -> int:
    """Write the decks of lessons, and an index of all decks; return the exit code.

    Args:
        out: the folder for the decks.
        numbers: only these lessons; default: all.
    """
    chosen = notebooks.find(*numbers)
    folder = frontend()
    out.mkdir(parents=True, exist_ok=True)
    for lesson in chosen:
        notebook = lesson.read()
        address.put(notebook, f"notebooks/{lesson.path.name}", address.derived())
        stacks = slides(notebook)
        text = deck(stacks, f"{lesson.number} · {lesson.title}", folder)
        (out / f"{lesson.name}.html").write_text(text, encoding="utf-8")
        print(
            f"{lesson.number} {lesson.title}: {sum(map(len, stacks))} slides,"
            f" {len(text) / 1e6:.1f} MB"
        )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES / "deck"), autoescape=True
    )
    there = [lesson for lesson in notebooks.find() if (out / f"{lesson.name}.html").exists()]
    (out / "index.html").write_text(
        environment.get_template("index.html.j2").render(lessons=there), encoding="utf-8"
    )
    print(
        f"Open {(out / 'index.html').resolve().as_uri()} (arrows or space: next slide; s: speaker"
        " notes; c: the code of a picture)"
    )
    return 0
