"""The plugin of the site, for Sphinx: alt texts, links from symbols to the notation, edit links."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from course_tools.publish import address, notebooks

NOTATION = "docs/notation"
ROW = re.compile(r"^\| (\$.+?\$) \| (.+?) \|", flags=re.MULTILINE)
# Where the text of a page comes from, if its path is another one in the repository.
ORIGIN = "docs/site"


class AltTexts(SphinxTransform):
    """Give each image of an output its alt text, which stands beside it as plain text."""

    default_priority = 100

    def apply(self, **options) -> None:
        """Change the document in place."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            by_kind = {part.get("mime_type"): part for part in bundle.findall(nodes.container)}
            if "text/plain" in by_kind:
                for image in bundle.findall(nodes.image):
                    image["alt"] = by_kind["text/plain"].astext().strip()


def symbols(text: str) -> dict[str, tuple[str, str]]:
    """Return the symbols of the notation: LaTeX → (id of its row, what it is).

    Args:
        text: the page, in markdown; a symbol that has two rows has the first.
    """
    found: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    for several, meaning in ROW.findall(text):
        for tex in re.findall(r"\$([^$]+)\$", several):
            name = "symbol-" + (re.sub(r"[^A-Za-z0-9]+", "-", tex).strip("-") or "other")
            while name in taken:
                name += "-2"
            if tex not in found:
                taken.add(name)
                found[tex] = name, meaning.replace("$", "")
    return found


class Notation(SphinxTransform):
    """Link the first use of each symbol in a lesson to its row in the notation."""

    default_priority = 800

    def apply(self, **options) -> None:
        """Change the document in place."""
        known = symbols(Path(self.env.srcdir, f"{NOTATION}.md").read_text(encoding="utf-8"))
        if self.env.docname == NOTATION:
            for row in self.document.findall(nodes.row):
                for math in row[0].findall(nodes.math):
                    if name := known.pop(math.astext(), ("", ""))[0]:
                        math["ids"].append(name)
        elif self.env.docname.startswith("notebooks/"):
            page = self.app.builder.get_relative_uri(self.env.docname, NOTATION)
            for math in list(self.document.findall(nodes.math)):
                inside = isinstance(math.parent, nodes.title | nodes.reference)
                if not inside and (found := known.pop(math.astext(), None)):
                    link = nodes.reference(refuri=f"{page}#{found[0]}", reftitle=found[1])
                    link["classes"].append("symbol")
                    math.replace_self(link)
                    link.append(math)


def origin(page: str) -> str | None:
    """Return the file of the repository that a page is made from; None where none is."""
    for name in (f"{page}.ipynb", f"{page}.md", f"{ORIGIN}/{page}.md"):
        if (notebooks.ROOT / name).exists():
            return name
    return None


def edit_links(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Let the edit button lead to the file that the page is made from, or take it away."""
    file = origin(page) if doctree else None
    for group in context.get("header_buttons", []):
        buttons = group.get("buttons", [])
        for button in [each for each in buttons if each["label"] == "source-edit-button"]:
            if file:
                button["url"] = address.derived().edit(file)
            else:
                buttons.remove(button)


def bars(app: Sphinx, what: str, name: str, thing: object, options, lines: list[str]) -> None:
    """Let a bar in a docstring, as in |x|, be a bar: reStructuredText has another use for it."""
    lines[:] = [re.sub(r"(`[^`]*`)|\|", lambda m: m[1] or r"\|", line) for line in lines]


def setup(app: Sphinx) -> dict:
    """Add the plugin to Sphinx."""
    app.add_transform(AltTexts)
    app.add_transform(Notation)
    app.connect("autodoc-process-docstring", bars)
    app.connect("html-page-context", edit_links, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
