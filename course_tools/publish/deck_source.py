"""What stands on the slides: the files `notebooks/slides/*.yaml`, one for each deck.

A slide's words are written for the slide. Its pictures, tables and code are those of the committed
notebook, named by the cell that has them, so that nothing drifts: `seen` is a checksum of what the
words were written for, and a slide whose figure has changed since is named.
"""

import base64
import functools
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import nbformat
import yaml
from bs4 import BeautifulSoup
from nbformat import NotebookNode

from course_tools.publish import notebooks
from course_tools.publish.reading import RANGE
from course_utils.errors import CourseError

LAYOUTS = ("auto", "above", "beside", "statement")
BUILDS = ("", "beside", "instead", "rows")
REQUIRED = ("title", "minutes", "say")


class DeckError(CourseError):
    """A file of slides that cannot be shown; the message says file, line, and what to do."""


@dataclass
class Picture:
    """What a slide shows of a cell.

    Attributes:
        cell: its id; one of another lesson with its number before it: "05/f1bd4d51".
        output: which of the cell's pictures, tables and printed texts, counted from 0.
        crop: the part of a picture that is shown: left, top, right, bottom, from 0 to 1.
        letters: false where the part that is shown has no letters, whose size would matter.
        columns: those of a table that are shown, in this order; empty: all.
        rows: the same for rows.
    """

    cell: str
    output: int = 0
    crop: list[float] = field(default_factory=list)
    letters: bool = True
    columns: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)


class Output(NamedTuple):
    """What a slide can show of a cell.

    Attributes:
        kind: "png", "html" or "printed".
        held: the picture in base64, the HTML, or the text.
        about: of a picture its metadata: `alt`, and `text`, the size of its smallest letters.
    """

    kind: str
    held: str
    about: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Code:
    """Lines of a cell, from the first to the last, both counted from 1."""

    cell: str
    lines: list[int]


@dataclass
class Slide:
    """One slide, as its file says it.

    Attributes:
        title: what it claims, or asks.
        minutes: how long it stays.
        say: what the teacher says, in markdown; the speaker notes.
        lecture: the slides of the lecture that it covers, e.g. "S16".
        text: what stands on it, in markdown. `\\hot{2}{…}` in a formula marks the part that is
            lit while the second step is the last one shown.
        steps: what appears below the text, one after the other, in markdown.
        show: pictures, tables and printed texts.
        build: how several are shown: all at once (""), each at a step of its own "beside" or
            "instead" of the one before; "rows": the rows of a table, one at a time.
        code: the lines of code that it shows.
        ask: the cell whose **Predict** it asks; the next slide answers.
        layout: where the text stands: "above" or "beside" what is shown; "auto" decides by its
            shape; "statement" is large text alone.
        seen: the checksum of what the words were written for.
        line: where it begins in the file.
    """

    title: str
    minutes: float
    say: str
    lecture: list[str] = field(default_factory=list)
    text: str = ""
    steps: list[str] = field(default_factory=list)
    show: list[Picture] = field(default_factory=list)
    build: str = ""
    code: Code | None = None
    ask: str = ""
    layout: str = "auto"
    seen: str = ""
    line: int = 0


@dataclass
class Deck:
    """The slides of a file.

    Attributes:
        path: of the file.
        title: of the deck, e.g. "05 · The variational autoencoder".
        see: one sentence about it, for the list of decks.
        slides: in their order.
    """

    path: Path
    title: str
    see: str
    slides: list[Slide]

    @property
    def number(self) -> str:
        """The number of its lesson; "00" for the whole lecture."""
        return self.path.stem[:2]

    @property
    def minutes(self) -> float:
        """How long the deck takes."""
        return sum(slide.minutes for slide in self.slides)

    def cell(self, name: str) -> NotebookNode:
        """Return the cell that a slide names.

        Raises:
            KeyError: where there is none.
        """
        number, _, own = name.rpartition("/")
        return cells_of(number or self.number)[own]

    def shown(self, slide: Slide) -> list[tuple[Picture, Output]]:
        """Return what a slide shows: each picture as its file says it, with the cell's output.

        Raises:
            KeyError: where a cell is gone.
            IndexError: where a cell has fewer outputs.
        """
        return [
            (picture, outputs(self.cell(picture.cell))[picture.output]) for picture in slide.show
        ]

    def lines(self, code: Code) -> str:
        """Return the lines of code that a slide shows, without their common indent."""
        first, last = code.lines
        lines = self.cell(code.cell).source.split("\n")[first - 1 : last]
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return "\n".join(line[indent:] for line in lines)

    def checksum(self, slide: Slide) -> str:
        """Return that of all that a slide takes from the notebook; "" where it takes nothing."""
        parts = [output.held for _, output in self.shown(slide)]
        parts += [self.lines(slide.code)] if slide.code else []
        parts += [self.cell(slide.ask).source] if slide.ask else []
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8] if parts else ""

    def changed(self) -> list[Slide]:
        """Return the slides whose words were written for other figures, tables or code."""
        return [slide for slide in self.slides if slide.seen != self.checksum(slide)]


@functools.cache
def _cells(path: Path) -> dict[str, NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def cells_of(number: str) -> dict[str, NotebookNode]:
    """Return the cells of a lesson by their ids; none where there is no such lesson."""
    paths = list((notebooks.ROOT / "notebooks").glob(f"{number}_*.ipynb"))
    return _cells(paths[0]) if paths else {}


def outputs(cell: NotebookNode) -> list[Output]:
    """Return what a slide can show of a cell, in order."""
    found = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            about = output.metadata.get("image/png", {})
            found.append(Output("png", data["image/png"].strip(), about))
        elif re.search("<(img|table)", data.get("text/html", "")):
            found.append(Output("html", data["text/html"]))
        elif output.output_type == "stream" and output.name == "stdout":
            lines = [line for line in output.text.splitlines() if not RANGE.search(line)]
            if any(map(str.strip, lines)):
                found.append(Output("printed", "\n".join(lines)))
    return found


def cropped(png: str, crop: list[float]) -> str:
    """Return the part of a picture.

    Args:
        png: in base64.
        crop: left, top, right, bottom, from 0 to 1.
    """
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(png)))
    box = [round(part * image.size[i % 2]) for i, part in enumerate(crop)]
    out = io.BytesIO()
    image.crop((box[0], box[1], box[2], box[3])).save(out, format="png", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def table(held: str, picture: Picture) -> str:
    """Return a table with the chosen rows and columns.

    Args:
        held: the table, as HTML.
        picture: says which.

    Raises:
        ValueError: where it has no such row or column.
    """
    whole = BeautifulSoup(held, "html.parser").table
    assert whole is not None
    lines = [line.find_all(["th", "td"]) for line in whole.find_all("tr")]
    heads = [re.sub(r" (↑|↓|→ .*)$", "", cell.get_text()) for cell in lines[0]]
    names = [line[0].get_text() for line in lines]
    for chosen, there in ((picture.columns, heads), (picture.rows, names)):
        if unknown := [name for name in chosen if name not in there]:
            raise ValueError(
                f"the table of the cell {picture.cell} has no {unknown[0]!r}; it has"
                f" {', '.join(filter(None, there))}"
            )
    columns = [0, *map(heads.index, picture.columns)] if picture.columns else range(len(heads))
    rows = [0, *map(names.index, picture.rows)] if picture.rows else range(len(names))
    kept = ("".join(str(lines[row][column]) for column in columns) for row in rows)
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in kept) + "</table>"


def find(folder: Path, *numbers: str) -> list[Deck]:
    """Return the decks in a folder, in order.

    Args:
        folder: `notebooks/slides`.
        numbers: only those of these lessons; "00" is the whole lecture.

    Raises:
        DeckError: where a file cannot be read, or a chosen deck is not there.
    """
    paths = {path.stem[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.yaml"))}
    if not paths:
        raise DeckError(f"There are no slides in {folder}. (A class repository has none.)")
    if missing := sorted(set(numbers) - set(paths)):
        raise DeckError(
            f"There are no slides for {', '.join(missing)} in {folder}; there are"
            f" {', '.join(paths)}."
        )
    return [read(path) for number, path in paths.items() if not numbers or number in numbers]


def read(path: Path) -> Deck:
    """Read a file of slides.

    Args:
        path: of the file.

    Raises:
        DeckError: where it is no YAML, or a slide lacks something, has something unknown, or names
            a cell that is gone.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeckError(f"{path}, line {line}: this is no YAML, {error.problem}.") from None
    fail = _failing(path, root)
    top = _mapping(root, fail)
    if not {"title", "see", "slides"} <= set(top):
        raise fail(root, "a deck needs title, see and slides")
    if not isinstance(top["slides"], yaml.SequenceNode):
        raise fail(top["slides"], "slides: expected a list, each of them beginning with `- title:`")
    slides = [_slide(node, fail) for node in top["slides"].value]
    deck = Deck(path, _value(top["title"]), _value(top["see"]), slides)
    for slide, node in zip(slides, top["slides"].value, strict=True):
        _check(deck, slide, lambda said, node=node: fail(node, said))
    return deck


def _failing(path: Path, root: yaml.Node | None) -> Callable[[yaml.Node | None, str], DeckError]:
    def fail(node: yaml.Node | None, said: str) -> DeckError:
        line = node.start_mark.line + 1 if node else 1
        return DeckError(f"{path}, line {line}: {said}.")

    if root is None:
        raise fail(root, "the file is empty: a deck needs title, see and slides")
    return fail


def _value(node: yaml.Node):
    return yaml.SafeLoader("").construct_object(node, deep=True)


def _mapping(node: yaml.Node, fail) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise fail(node, "expected names with values, such as `title: …`")
    return {_value(key): value for key, value in node.value}


def _slide(node: yaml.Node, fail) -> Slide:
    given = _mapping(node, fail)
    names = sorted(set(Slide.__dataclass_fields__) - {"line"})
    if unknown := sorted(set(given) - set(names)):
        raise fail(given[unknown[0]], f"{unknown[0]} is unknown; there are {', '.join(names)}")
    if missing := [name for name in REQUIRED if name not in given]:
        raise fail(node, f"this slide has no {missing[0]}")
    values = {name: _value(value) for name, value in given.items()}
    try:
        values["show"] = [
            Picture(**item) if isinstance(item, dict) else Picture(str(item))
            for item in _listed(values.get("show", []))
        ]
    except TypeError as error:  # of Python: "… got an unexpected keyword argument 'id'"
        known = ", ".join(Picture.__dataclass_fields__)
        said = str(error).split("__init__() ")[-1]
        raise fail(given["show"], f"{said}; show knows {known}") from None
    values["code"] = _code(values.get("code"), lambda said: fail(given["code"], said))
    for name in ("ask", "seen"):  # an id of digits alone reads as a number
        values[name] = str(values.get(name, ""))
    values["lecture"] = _listed(values.get("lecture", []))
    values["steps"] = _listed(values.get("steps", []))
    for name, allowed in (("layout", LAYOUTS), ("build", BUILDS)):
        if name in values and values[name] not in allowed:
            raise fail(given[name], f"{name} is one of {', '.join(filter(None, allowed))}")
    return Slide(**values, line=node.start_mark.line + 1)


def _code(given, fail: Callable[[str], DeckError]) -> Code | None:
    if not given:
        return None
    if isinstance(given, dict) and set(given) == {"cell", "lines"}:
        lines = given["lines"]
        if isinstance(lines, list) and [type(line) for line in lines] == [int, int]:
            return Code(str(given["cell"]), lines)
    raise fail(f"code: expected {{cell: 5a3f, lines: [2, 7]}}, with numbers of yours, got {given}")


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


def _check(deck: Deck, slide: Slide, fail: Callable[[str], DeckError]) -> None:
    """Raise the error for a slide that names what the notebook does not have."""
    name = ""
    try:
        for name in filter(None, [slide.ask, slide.code.cell if slide.code else ""]):
            deck.cell(name)
        for picture in slide.show:
            name = picture.cell
            output = outputs(deck.cell(name))[picture.output]
            if output.kind == "html" and "<table" in output.held:
                table(output.held, picture)
    except ValueError as error:
        raise fail(str(error)) from None
    except KeyError:
        raise fail(
            f'the slide "{slide.title}" names the cell {name}, which the notebook no longer has:'
            " name another cell, or delete the slide"
        ) from None
    except IndexError:
        count = len(outputs(deck.cell(name)))
        raise fail(
            f'the slide "{slide.title}" shows output {picture.output} of the cell {name}, which'
            f" has {count} (counted from 0): name another one, or execute the lesson"
        ) from None
    if slide.code and not deck.lines(slide.code).strip():
        raise fail(f"the cell {slide.code.cell} has no lines {slide.code.lines}")


def accept(deck: Deck) -> int:
    """Write into the file of a deck that its words were read beside the figures of today.

    Args:
        deck: as `read` returned it.

    Returns:
        How many slides had another checksum.
    """
    lines = deck.path.read_text(encoding="utf-8").split("\n")
    changed = deck.changed()
    for slide in reversed(changed):  # from the end: lines before it keep their numbers
        _write_seen(lines, slide.line - 1, deck.checksum(slide))
    if changed:
        deck.path.write_text("\n".join(lines), encoding="utf-8")
    return len(changed)


def _write_seen(lines: list[str], start: int, checksum: str) -> None:
    """Put the checksum into the lines of one slide, which begin at `start` with "- "."""
    indent = " " * (len(lines[start]) - len(lines[start].lstrip()))
    end = start + 1
    while end < len(lines) and not lines[end].startswith(indent + "- "):
        end += 1
    written = f'{indent}  seen: "{checksum}"'
    inside = [n for n in range(start, end) if lines[n].startswith(indent + "  ")]
    there = [n for n in inside if lines[n].startswith(indent + "  seen:")]
    if there:
        lines[there[0] : there[0] + 1] = [written] if checksum else []
    elif checksum:
        lines.insert(max(inside, default=start) + 1, written)


def rehearsal(deck: Deck) -> Iterator[tuple[int, Slide, float]]:
    """Yield each slide with its number and the minute at which it ends."""
    minutes = 0.0
    for number, slide in enumerate(deck.slides, 1):
        minutes += slide.minutes
        yield number, slide, minutes
