"""`course site`: the site of the course, built by Sphinx from the executed notebooks.

Nothing is executed. `pages` makes the sources, notebooks and markdown, in a folder of their own.
"""

import contextlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
from nbformat import NotebookNode

from course_tools.publish import address, formulas, lab_page, notebooks, pages, slides
from course_tools.publish.student_version import handed_out
from course_utils.errors import CourseError

MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2")  # what the pages load
NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", formulas.PACKAGE)
INVENTORY = "objects.inv"  # every site of Sphinx has one; its second line names the project
DATA = re.compile(r"data:[^\"]{1000,}")  # a picture inside a page
MISSING = "404.html"  # what GitHub Pages shows at every address where there is nothing
ADDRESS = re.compile(r'(?<=\s)((?:href|src|action|data-content_root)=")(?!#)([^"]*)')


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
    parts = pages.Parts(decks=_decks(html / "slides"), lab=_lab(html / "lab"))
    if complete and not (parts.decks and parts.lab):
        return 1
    _student_versions(html / "student")
    _write_sources(work / "sources", pages.sources(parts, executed or {}, report))
    _copy_mathjax(html / "_static" / "mathjax")
    _social_picture(html / "_static" / "social.png")
    failed = _sphinx(work, "html")
    if not (html / "index.html").exists():
        return 1  # Sphinx has said why; what was in `out` stays
    base = urlsplit(address.derived().pages).path
    _right_from_anywhere(html / MISSING, base)
    lost = dead_links(html, base)
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


def check_links() -> int:
    """Ask every address outside the site that a page links to whether it still answers.

    This needs the internet. Sphinx writes what each one said to build/links/linkcheck/output.txt.

    Returns:
        The exit code: 1 where an address does not answer.
    """
    _require_sphinx()
    work = notebooks.require_checkout() / "build" / "links"
    shutil.rmtree(work, ignore_errors=True)
    _write_sources(work / "sources", pages.sources(pages.Parts(decks=True, lab=True), {}))
    return int(_sphinx(work, "linkcheck"))


def check(out: Path) -> None:
    """Say at once what would end the build later.

    Args:
        out: the folder for the site.

    Raises:
        SystemExit: where the extra `site` is not installed.
        CourseError: where the folder holds something else than a site that may be replaced.
    """
    _require_sphinx()
    if not out.exists() or not any(out.iterdir()):
        return
    if (out / ".git").exists():
        raise CourseError(
            f"{out} is a repository or a worktree, and would be one no more: name another folder"
            " with --out, and copy the site from there. Nothing was written."
        )
    inventory = out / INVENTORY
    if not inventory.is_file() or project_line() not in inventory.read_bytes():
        raise CourseError(
            f"{out} is not empty, and what it holds is no site of the course: name another folder"
            " with --out, or delete it. Nothing was written."
        )


def project_line() -> bytes:
    """Return the line of an inventory that names the course, as its settings for Sphinx do."""
    settings = (notebooks.ROOT / pages.SETTINGS / "conf.py").read_text(encoding="utf-8")
    found = re.search(r'^project = "(.*)"$', settings, re.MULTILINE)
    if not found:
        raise CourseError(f'{pages.SETTINGS}/conf.py: expected a line such as project = "…".')
    return f"# Project: {found[1]}\n".encode()


def _require_sphinx() -> None:
    if not all(map(importlib.util.find_spec, NEEDED)):
        raise SystemExit("The site needs Sphinx and its theme: pip install -e '.[site]'")


def _write_sources(folder: Path, sources: Mapping[str, str]) -> None:
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for picture in sorted((notebooks.ROOT / "docs").glob("*.png")):
        shutil.copyfile(picture, folder / "docs" / picture.name)


def _decks(out: Path) -> bool:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it names a folder that will move
            slides.write(out)
    except (SystemExit, CourseError) as reason:
        print(f"The site will have no slides. {reason}")
        return False
    return True


def _lab(out: Path) -> bool:
    try:
        lab_page.build(out)
    except CourseError as reason:
        print(f"The site will have no lab page. {reason}")
        return False
    return True


def _student_versions(out: Path) -> None:
    """Write the notebooks with open tasks, with the address of the repository that builds this."""
    for path in handed_out():
        notebook = nbformat.read(path, as_version=4)
        address.put(notebook, f"notebooks/student/{path.name}", address.derived())
        notebooks.write(notebook, out / path.name)


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
    fig = Figure(figsize=(12, 6.3), dpi=100, layout="none")
    fig.text(0.06, 0.78, "Deep generative models", fontsize=46, weight="bold")
    fig.text(0.06, 0.66, "From PCA to VAE/GAN, in notebooks", fontsize=28)
    ax = fig.add_axes((0.06, 0.08, 0.88, 0.5))
    ax.imshow(picture)
    ax.axis("off")
    fig.savefig(path)


def _sphinx(work: Path, builder: str) -> bool:
    """Run a builder of Sphinx; return whether something is wrong: warnings count as errors."""
    options = [
        "-q",
        "-W",
        "--keep-going",
        "-b",
        builder,
        "-c",
        pages.SETTINGS,
        "-d",
        work / "doctrees",
    ]
    command = [sys.executable, "-m", "sphinx", *options, work / "sources", work / builder]
    return subprocess.run(command, cwd=notebooks.ROOT).returncode != 0


def _right_from_anywhere(page: Path, base: str) -> None:
    """Let the links of a page begin at the site's base path: it is shown at any depth."""
    text = page.read_text(encoding="utf-8")
    text = ADDRESS.sub(lambda found: found[1] + urljoin(base, found[2]), text)
    page.write_text(text, encoding="utf-8")


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


def dead_links(html: Path, base: str = "/") -> list[str]:
    """Return the links between pages of a site that lead nowhere, as "page: address".

    Args:
        html: the folder of the site.
        base: the path at which its host shows it; links that begin with a slash begin there.
    """
    found = {
        path: _Anchors(path.read_text(encoding="utf-8"))
        for path in html.rglob("*.html")
        if path.relative_to(html).parts[0] not in ("_static", "slides", "lab")
    }
    lost = []
    for path, page in found.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            inside = unquote(url.path).removeprefix(base)  # still with a slash in front: outside
            folder = html if url.path.startswith(base) else path.parent
            target = Path(os.path.normpath(folder / inside)) if url.path else path
            target = target / "index.html" if target.is_dir() else target
            names = found[target].names if target in found else None
            fragment = unquote(url.fragment)
            if not target.exists() or (fragment and names is not None and fragment not in names):
                lost.append(f"{path.relative_to(html)}: {link}")
    return lost
