"""`course site`: the site of the course, built by Sphinx from the executed notebooks.

Nothing is executed. The sources, notebooks and markdown, are written to a folder of their own, with
the paths that they have in the repository, so that links between them hold on the site, too.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
from nbformat import NotebookNode

from course_tools.publish import address, formulas, notebooks, slides
from course_tools.publish.notebooks import Lesson
from course_tools.publish.reading import for_reading
from course_tools.publish.student_version import STUDENT
from course_utils import LAYERS
from course_utils.errors import CourseError
from course_utils.exercises import TASKS

SETTINGS = Path("docs", "site")
COPIED = (
    "docs/notation.md",
    "docs/teaching.md",
    "docs/maintaining.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2")  # what the pages load
NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", formulas.PACKAGE)
OURS = "objects.inv"  # a file that every site of Sphinx has
DATA = re.compile(r"data:[^\"]{1000,}")  # a picture inside a page
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")


@dataclass(frozen=True)
class Parts:
    """What stands beside the pages of the site, besides what every site has.

    Attributes:
        decks: whether the slides are there.
        lab: whether the page of the lab is there.
    """

    decks: bool
    lab: bool


def build(
    out: Path,
    *,
    executed: Mapping[str, NotebookNode] | None = None,
    report: str = "",
    complete: bool = False,
) -> int:
    """Build the site.

    Args:
        out: the folder for the site; one that an earlier call wrote is replaced.
        executed: number of a lesson → its notebook, where it is not the committed one.
        report: what the page on the build says, in markdown; default: the committed seconds.
        complete: whether a site without slides or lab page, for want of npm, is a failure.

    Returns:
        The exit code: 1 where Sphinx warns, a link leads nowhere, or a part is missing.

    Raises:
        CourseError: where `out` holds something else.
    """
    check(out)
    work = notebooks.require_checkout() / "build" / "pages"
    html = work / "html"
    shutil.rmtree(work, ignore_errors=True)
    parts = Parts(decks=_decks(html / "slides"), lab=_lab(html / "lab"))
    if complete and not (parts.decks and parts.lab):
        return 1
    _student_versions(html / "student")
    for name, text in _sources(parts, executed or {}, report).items():
        path = work / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _copy_mathjax(html / "_static" / "mathjax")
    _social_picture(html / "_static" / "social.png")
    failed = _sphinx(work)
    lost = dead_links(html)
    for link in lost:
        print(f"A link leads nowhere: {link}")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(html, out)
    here = address.derived()
    if here.repo == address.PLACEHOLDER:
        print(
            f"The course has no address yet: links to GitHub and Colab say {here.repo}."
            " `course address --from-git` sets it."
        )
    print(f"The site is in {out}: {(out / 'index.html').resolve().as_uri()}")
    return int(failed or bool(lost))


def check(out: Path) -> None:
    """Say at once what would end the build later.

    Args:
        out: the folder for the site.

    Raises:
        SystemExit: where the extra `site` is not installed.
        CourseError: where the folder holds something else than a site that may be replaced.
    """
    if not all(map(importlib.util.find_spec, NEEDED)):
        raise SystemExit("The site needs Sphinx and its theme: pip install -e '.[site]'")
    if out.exists() and any(out.iterdir()) and not (out / OURS).exists():
        raise CourseError(
            f"{out} is not empty, and what it holds is no site of the course: name another folder"
            " with --out, or delete it. Nothing was written."
        )


def _decks(out: Path) -> bool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it names a folder that will move
            slides.write(out)
    except (SystemExit, CourseError) as reason:
        print(f"The site will have no slides. {reason}")
        return False
    return True


def _lab(out: Path) -> bool:
    """Build the page of the lab; without npm it says so itself."""
    name = "course_tools.publish.lab_page"
    if importlib.util.find_spec(name) is None:
        return False
    try:
        return importlib.import_module(name).build(out) is not None
    except CourseError as reason:
        print(f"The site will have no lab page. {reason}")
        return False


def _student_versions(out: Path) -> None:
    """Write the notebooks with open tasks, with the address of the repository that builds this."""
    for path in sorted(STUDENT.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        address.put(notebook, f"notebooks/student/{path.name}", address.derived())
        notebooks.write(notebook, out / path.name)


def _sources(parts: Parts, executed: Mapping[str, NotebookNode], report: str) -> dict[str, str]:
    """Return the sources of all pages: path → text."""
    lessons, root = notebooks.find(), notebooks.ROOT
    sources = {name: (root / name).read_text(encoding="utf-8") for name in COPIED}
    for path in sorted((root / SETTINGS).glob("*.md")):
        sources[path.name] = path.read_text(encoding="utf-8")
    sources["index.md"] = (
        sources["index.md"].replace("<!-- film -->", film()).replace("<!-- lessons -->", cards())
    )
    sources["do.md"] = sources["do.md"].replace("<!-- tasks -->", tasks(parts))
    sources["slides.md"] = sources["slides.md"].replace("<!-- decks -->", decks(parts))
    sources["report.md"] = sources["report.md"].replace("<!-- report -->", report or committed())
    sources |= reference()
    for lesson in lessons:
        notebook = executed.get(lesson.number) or lesson.read()
        page = for_reading(notebook, lesson, doors(lesson, parts))
        sources[f"notebooks/{lesson.path.name}"] = nbformat.writes(page)
    for name in sources:
        if name.endswith(".md"):
            sources[name] = linked(sources[name], Path(name).parent, sources.keys())
    return sources


def linked(text: str, folder: Path, pages) -> str:
    """Return markdown in which a link to a file that is no page leads to GitHub.

    Args:
        text: the markdown.
        folder: that of its file, relative to the repository.
        pages: the paths of all pages.
    """
    here = address.derived()

    def follow(found: re.Match) -> str:
        target = (notebooks.ROOT / folder / found[2]).resolve()
        if not target.exists() or not target.is_relative_to(notebooks.ROOT):
            return found[0]
        name = target.relative_to(notebooks.ROOT).as_posix()
        return found[0] if name in pages else f"[{found[1]}]({here.file(name)})"

    return LINK.sub(follow, text)


def doors(lesson: Lesson, parts: Parts) -> str:
    """Return what stands below the title of a lesson: the ways to its other forms, as HTML."""
    here, name = address.derived(), lesson.path.name
    links = {
        "Open in Colab": here.colab(f"notebooks/student/{name}"),
        "Notebook with open tasks": f"../student/{name}",
        "Slides": f"../slides/{lesson.name}.html" if parts.decks else "",
        "All symbols": "../docs/notation.html",
    }
    anchors = [
        f'<a href="{escape(url)}"{" download" * url.startswith("../student")}>{text}</a>'
        for text, url in links.items()
        if url
    ]
    about = f"<span>{lesson.study} to study, {points(lesson)}</span>"
    return f'<nav class="doors" aria-label="This lesson">{"".join(anchors)}{about}</nav>\n'


def points(lesson: Lesson) -> str:
    """Return the points that the tasks of a lesson give, as text."""
    total = sum(task.points for task in TASKS.values() if task.lesson == lesson.number)
    return f"{total} point" + "s" * (total != 1)


def cards() -> str:
    """Return a card for each lesson, for the first page."""
    items = [
        f":::{{grid-item-card}} {lesson.number} · {lesson.title}\n:link: notebooks/{lesson.name}\n"
        f":link-type: doc\n\n{lesson.see}\n\n*{lesson.study} · {points(lesson)}*\n:::\n"
        for lesson in notebooks.find()
    ]
    return "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "\n".join(items) + "::::\n"


def film() -> str:
    """Return the film of the cell with `"landing": true` in its metadata, as raw HTML."""
    for lesson in notebooks.find():
        for cell in notebooks.code_cells(lesson.read()):
            for output in cell.outputs if cell.metadata.get("landing") else ():
                if html := output.get("data", {}).get("text/html"):
                    return f"```{{raw}} html\n{html}\n```"
    raise CourseError('No code cell with a film has "landing": true in its metadata.')


def tasks(parts: Parts) -> str:
    """Return the table of the notebooks with open tasks, and the way to the lab page."""
    here = address.derived()
    rows = ["| lesson | time, points | get it |", "|---|---|---|"]
    for lesson in notebooks.find():
        name = lesson.path.name
        get = (
            f'<a href="student/{name}" download>download</a>'
            f" · [Colab]({here.colab(f'notebooks/student/{name}')})"
        )
        title = f"[{lesson.number} · {lesson.title}](notebooks/{name})"
        rows.append(f"| {title} | {lesson.study}, {points(lesson)} | {get} |")
    table = "\n".join(rows)
    if not parts.lab:
        return table
    return (
        '<p class="doors"><a href="lab/index.html">Draw a digit: every model answers, in your'
        f" browser</a></p>\n\n{table}"
    )


def decks(parts: Parts) -> str:
    """Return the list of the decks."""
    if not parts.decks:
        return "This copy of the site was built without the slides."
    return "\n".join(
        f'- <a href="slides/{lesson.name}.html">{lesson.number} · {escape(lesson.title)}</a>'
        for lesson in notebooks.find()
    )


def committed() -> str:
    """Return the page on the build for a site from the committed runs."""
    rows = ["| lesson | seconds of the committed run |", "|---|---|"]
    rows += [
        f"| [{lesson.number} · {lesson.title}](notebooks/{lesson.path.name}) |"
        f" {lesson.seconds or '–'} |"
        for lesson in notebooks.find()
    ]
    return "\n".join(["The lessons were not run for this site.", "", *rows])


def reference() -> dict[str, str]:
    """Return the pages of the reference: one for each module that a lesson may import."""
    sources = {}
    for name in LAYERS:
        sources[f"api/{name}.md"] = (
            f"# {name}\n\n```{{eval-rst}}\n.. automodule:: course_utils.{name}\n   :members:\n```\n"
        )
    toctree = "\n".join(f"api/{name}" for name in LAYERS)
    page = (notebooks.ROOT / SETTINGS / "reference.md").read_text(encoding="utf-8")
    return sources | {"reference.md": page.replace("<!-- modules -->", toctree)}


def _copy_mathjax(out: Path) -> None:
    for name in MATHJAX:
        source = formulas.folder() / name
        if source.is_dir():
            shutil.copytree(source, out / name)
        else:
            out.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, out / name)


def _social_picture(path: Path) -> None:
    """Write the picture that is shown where somebody shares a link: 1200 × 630 pixels."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    picture = plt.imread(notebooks.ROOT / "docs" / "picture.png")
    fig = Figure(figsize=(12, 6.3), dpi=100)
    fig.text(0.06, 0.78, "Deep generative models", fontsize=46, weight="bold")
    fig.text(0.06, 0.66, f"{len(notebooks.find())} lessons, from PCA to VAE/GAN", fontsize=28)
    ax = fig.add_axes((0.06, 0.08, 0.88, 0.5))
    ax.imshow(picture)
    ax.axis("off")
    fig.savefig(path)


def _sphinx(work: Path) -> bool:
    """Run Sphinx; return whether something is wrong: its warnings count as errors."""
    options = ["-q", "-W", "--keep-going", "-b", "html", "-c", SETTINGS, "-d", work / "doctrees"]
    command = [sys.executable, "-m", "sphinx", *options, work / "sources", work / "html"]
    return subprocess.run(command, cwd=notebooks.ROOT).returncode != 0


class _Anchors(HTMLParser):
    """Collects what a page links to, and the names inside it to which a link may lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(DATA.sub("data:", text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.names.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def dead_links(html: Path) -> list[str]:
    """Return the links between pages of a site that lead nowhere, as "page: address"."""
    pages = {
        path: _Anchors(path.read_text(encoding="utf-8"))
        for path in html.rglob("*.html")
        if path.relative_to(html).parts[0] not in ("_static", "slides", "lab")
    }
    lost = []
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(url.path))) if url.path else path
            target = target / "index.html" if target.is_dir() else target
            names = pages[target].names if target in pages else None
            fragment = unquote(url.fragment)
            if not target.exists() or (fragment and names is not None and fragment not in names):
                lost.append(f"{path.relative_to(html)}: {link}")
    return lost
