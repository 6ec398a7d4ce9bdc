"""`course run`: run every lesson, and write one readable page for each and an index."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import jinja2
import latex2mathml.converter
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets.config import Config

from course_tools.publish import address, notebooks
from course_utils.training.progress import ProgressBar

LONG = 30  # characters of LaTeX
TEMPLATES = Path(__file__).parent / "templates"
NOTATION = notebooks.ROOT / "docs" / "notation.md"


@dataclass(frozen=True)
class Run:
    """The run of one lesson.

    Attributes:
        lesson: the lesson.
        seconds: its duration.
        error: what went wrong; None if nothing did.
    """

    lesson: notebooks.Lesson
    seconds: float
    error: str | None


class MathML(IPythonRenderer):
    """Renders formulas as MathML, which every browser shows without a script or a network."""

    def block_math(self, body: str) -> str:
        """Render a formula that stands on its own."""
        return f'<div class="formula" tabindex="0">{mathml(body, display="block")}</div>'

    def inline_math(self, body: str) -> str:
        """Render a formula within a line."""
        # A long one may be wider than a phone: this class lets it scroll.
        formula = mathml(body, display="inline")
        return (
            f'<span class="formula" tabindex="0">{formula}</span>' if len(body) > LONG else formula
        )


def mathml(body: str, display: str) -> str:
    """Convert LaTeX to MathML, and repair what browsers show wrongly.

    Repaired are script and double-struck letters, the space after log, min, …, and the height of ‖.

    Args:
        body: the formula.
        display: "block" or "inline".

    Raises:
        ValueError: for a formula with a command that remains in the result.
    """
    body = body.replace("{aligned}", "{split}")  # the converter knows only this name of it
    text = latex2mathml.converter.convert(body, display=display)
    # With this attribute nbconvert would give the tags in headings a prefix.
    text = text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    text = re.sub(
        r'<mi mathvariant="(script|double-struck)">([A-Z])</mi>',
        lambda m: f"<mi>{_letter(m[1], m[2])}</mi>",
        text,
    )
    text = re.sub(
        r"<m[io]>\\?(log|ln|exp|min|max|arg)</m[io]>", r'<mo rspace="0.17em">\1</mo>', text
    )
    text = re.sub(r">\\[lr]Vert<", ">&#x02016;<", text)  # after \bigl and the like
    # ‖ as high as a letter, on both sides.
    text = text.replace("<mo>&#x02016;</mo>", '<mo stretchy="false">&#x02016;</mo>')
    if re.search(r">\\[a-zA-Z]", text):
        raise ValueError(f"this formula uses a command that the pages cannot show: {body}")
    return text


def _letter(style: str, letter: str) -> str:
    try:
        return unicodedata.lookup(f"MATHEMATICAL {style} CAPITAL {letter}")
    except KeyError:  # a few letters, such as ℝ, are older than their alphabet
        return unicodedata.lookup(f"{style} CAPITAL {letter}")


def markdown(source: str) -> str:
    """Return markdown with formulas as HTML."""
    html = MarkdownWithMath(renderer=MathML(escape=False, anchor_link_text="")).render(source)
    return html.replace("<table>", '<table tabindex="0">')  # the keyboard can scroll a wide one


def page(notebook, title: str) -> str:
    """Return an executed notebook as one self-contained HTML page.

    Args:
        notebook: the notebook.
        title: of the page.
    """
    config = Config()
    config.TemplateExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.TagRemovePreprocessor.enabled, config.TagRemovePreprocessor.remove_cell_tags = (
        True,
        {"colab"},
    )
    config.HTMLExporter.exclude_input_prompt = config.HTMLExporter.exclude_output_prompt = True
    exporter = HTMLExporter(config=config, template_name="page")
    exporter.register_filter("markdown2html", markdown)
    return exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})[0]


# Progress bar, cells and pages belong to one loop over the lessons.
def course(out: Path, *numbers: str) -> int:
    """Run the lessons, write their pages and the index, and return the exit code.

    Args:
        out: the folder for the pages.
        numbers: only these lessons; default: all.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = notebooks.find(*numbers)
    runs = []
    with ProgressBar(
        total=sum(len(list(notebooks.code_cells(lesson.read()))) for lesson in chosen), unit="cell"
    ) as bar:
        for lesson in chosen:
            notebook = lesson.read()
            cells = len(list(notebooks.code_cells(notebook)))
            before = bar.n

            def on_cell(n: int, lesson=lesson, cells=cells, before=before) -> None:
                bar.set_description_str(
                    f"{lesson.number} {lesson.title}, cell {n}/{cells}", refresh=False
                )
                bar.update(before + n - 1 - bar.n)
                bar.refresh()

            def on_slow(n: int, lesson=lesson, cells=cells) -> None:
                bar.write(
                    f"{lesson.number} {lesson.title}: cell {n} of {cells} has taken"
                    f" {notebooks.SLOW} s so far"
                )

            seconds, error = notebooks.execute(notebook, lesson.path.parent, on_cell, on_slow)
            bar.update(before + cells - bar.n)
            try:
                html = page(notebook, f"{lesson.number} · {lesson.title}")
                (out / f"{lesson.name}.html").write_text(html, encoding="utf-8")
            except (
                Exception
            ) as failure:  # a formula that cannot be shown must not cost the other pages
                error = error or f"its page: {type(failure).__name__}: {failure}"
            runs.append(Run(lesson, seconds, error))
    symbols = new_notebook(cells=[new_markdown_cell(NOTATION.read_text(encoding="utf-8"))])
    (out / "notation.html").write_text(page(symbols, "Notation"), encoding="utf-8")
    (out / "index.html").write_text(index(runs, out), encoding="utf-8")
    for run in runs:
        print(
            f"{run.lesson.number} {run.lesson.title}: {run.seconds:.0f} s, "
            + (f"FAILED in {run.error}" if run.error else "ok")
        )
    total = sum(run.seconds for run in runs)
    print(
        f"{len(runs)} lesson(s) in {total:.0f} s; read them at"
        f" {(out / 'index.html').resolve().as_uri()}"
    )
    return 1 if any(run.error for run in runs) else 0


def index(runs: list[Run], out: Path) -> str:
    """Return the index page: lessons, tasks, Colab, and the decks that stand beside `out`.

    Args:
        runs: the lessons that were run.
        out: the folder of the pages.
    """
    here, links = address.read(), {}
    for run in runs:
        deck = out.resolve().parent / "slides" / f"{run.lesson.name}.html"
        student = notebooks.ROOT / "notebooks" / "student" / run.lesson.path.name
        links[run.lesson.name] = {
            "deck": f"../slides/{deck.name}" if deck.exists() else None,
            "student": student.resolve().as_uri(),
            "colab": here.colab(f"notebooks/student/{run.lesson.path.name}"),
        }
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    return templates.get_template("index.html.j2").render(runs=runs, links=links)
