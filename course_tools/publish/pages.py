"""The sources of the site's pages, with the paths that they have in the repository.

Links between them hold on the site, too. The pages that only the site has are in `docs/site/`;
comments there say what is filled in.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_tools.publish import address, deck_source, notebooks, slides
from course_tools.publish.notebooks import Lesson
from course_tools.publish.reading import for_reading
from course_utils import LAYERS
from course_utils.errors import CourseError
from course_utils.exercises import points_of

SETTINGS = Path("docs", "site")
COPIED = (
    "docs/notation.md",
    "docs/teaching.md",
    "docs/slides.md",
    "docs/maintaining.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
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


def sources(parts: Parts, executed: Mapping[str, NotebookNode], report: str = "") -> dict[str, str]:
    """Return the sources of all pages: path → text.

    Args:
        parts: what stands beside the pages.
        executed: number of a lesson → its notebook, where it is not the committed one.
        report: what the page on the build says, in markdown; default: the committed seconds.
    """
    root = notebooks.ROOT
    filled = {
        "film": film(),
        "lessons": cards(),
        "lab": lab(parts),
        "tasks": tasks(),
        "decks": decks(parts),
        "report": report or committed(),
        "modules": "\n".join(f"api/{name}" for name in LAYERS),
    }
    texts = {name: (root / name).read_text(encoding="utf-8") for name in COPIED}
    origins = {name: Path(name).parent for name in COPIED}
    for path in sorted((root / SETTINGS).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        texts[path.name] = re.sub(r"<!-- (\w+) -->", lambda found: filled[found[1]], text)
        origins[path.name] = SETTINGS
    for lesson in notebooks.find():
        notebook = executed.get(lesson.number) or lesson.read()
        page = for_reading(notebook, lesson, doors(lesson, parts))
        texts[f"notebooks/{lesson.path.name}"] = nbformat.writes(page)
    for name, folder in origins.items():
        texts[name] = linked(texts[name], folder, Path(name).parent, texts)
    return texts | reference()


def linked(text: str, origin: Path, folder: Path, pages: Collection[str]) -> str:
    """Return markdown whose links hold on the site: what is no page there is on GitHub.

    Args:
        text: the markdown.
        origin: folder of its file in the repository.
        folder: that of its page.
        pages: the paths of all pages.
    """
    here = address.derived()
    moved = {(SETTINGS / name).as_posix(): name for name in pages if "/" not in name}

    def follow(found: re.Match) -> str:
        name = Path(os.path.normpath(origin / found[2])).as_posix()
        page = moved.get(name, name)
        if page in pages:
            path = Path(os.path.relpath(page, folder)).as_posix()
            return f"[{found[1]}]({path}{found[3] or ''})"
        exists = (notebooks.ROOT / name).exists() and not name.startswith("..")
        return f"[{found[1]}]({here.file(name)})" if exists else found[0]

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
    total = points_of(lesson.number)
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


def lab(parts: Parts) -> str:
    """Return the way to the page of the lab, as HTML; nothing where it is not there."""
    if not parts.lab:
        return ""
    return (
        '<p class="doors"><a href="lab/index.html">Draw a digit, and every model answers</a>'
        "<span>in your browser, nothing to install</span></p>"
    )


def tasks() -> str:
    """Return the table of the notebooks with open tasks."""
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
    return "\n".join(rows)


def decks(parts: Parts) -> str:
    """Return the list of the decks."""
    if not parts.decks:
        return "This copy of the site was built without the slides."
    rows = [
        f'- <a href="slides/{deck.path.stem}.html">{escape(deck.title)}</a>:'
        f" {len(deck.slides)} slides, {deck.minutes:.0f} minutes"
        for deck in deck_source.find(notebooks.ROOT / slides.FOLDER)
    ]
    about = '<a href="slides/index.html">What each slide covers, and how long it takes</a>'
    return "\n".join([*rows, "", about])


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
    return {
        f"api/{name}.md": (
            f"# {name}\n\n```{{eval-rst}}\n.. automodule:: course_utils.{name}\n   :members:\n```\n"
        )
        for name in LAYERS
    }
