"""What the lessons say about their tasks: titles, questions, and what a good answer says."""

import re
from dataclasses import dataclass
from functools import cache

import latex2mathml.converter
import mistune
from markupsafe import Markup

from course_tools.grading.extract import ANSWER_HERE, THINK
from course_tools.publish import notebooks
from course_utils.exercises import TASKS

HEADING = re.compile(r"^### (Task (\d+) · (.+?))(?: \([^()]*points?[^()]*\))?$", re.MULTILINE)
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"  # in comments of HTML
OWN = re.compile(r"\*Think:\*(.*?)(?=</details>|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """What a lesson says about a task.

    Attributes:
        number: of the task in its lesson.
        title: of the task.
        question: to answer in words, in markdown.
        rubric: what the solution says about it, in markdown.
    """

    number: int
    title: str
    question: str = ""
    rubric: str = ""


@cache
def tasks() -> dict[str, Text]:
    """Return what the lessons say about every task, by its name."""
    found: dict[str, Text] = {}
    for lesson in _found():
        number, title, questions = 0, "", dict[str, tuple[str, str]]()
        for cell in lesson.read().cells:
            heading = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
            if heading:
                number, title = int(heading[2]), heading[3]
            tag = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if tag in TASKS:
                found[tag] = Text(number, title)
            elif tag.startswith(THINK):
                questions[tag.removeprefix(THINK)] = _question(cell.source)
        for name in questions.keys() & found.keys():
            found[name] = Text(found[name].number, found[name].title, *questions[name])
    return found


@cache
def lessons() -> dict[str, str]:
    """Return the titles of all lessons by number."""
    return {lesson.number: lesson.title for lesson in _found()}


def _found() -> list[notebooks.Lesson]:
    """Return the lessons; none where the course was installed without them."""
    here = any((notebooks.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return notebooks.find() if here else []


def title(task: str) -> str:
    """Return the title of a task, or of the question in words after it, or the name itself."""
    text = tasks().get(task.removeprefix(THINK))
    if not text or not text.title:
        return task
    what = (
        f"Task {text.number}" if not task.startswith(THINK) else f"Think, after task {text.number}"
    )
    return f"{what} · {text.title}"


def _question(source: str) -> tuple[str, str]:
    """Return the question of a cell of a solved lesson, and what its solution says to it."""
    question, _, solution = source.partition(f"<!-- {BEGIN} -->")
    solution = solution.partition(f"<!-- {END} -->")[0]
    own = OWN.search(solution)
    rubric = own[1] if own else re.sub(r"</?details>|<summary>.*?</summary>", "", solution)
    rubric = rubric.strip()
    question = question.replace(ANSWER_HERE, "").replace("**Think.**", "").strip()
    return question, rubric[:1].upper() + rubric[1:]


def html(markdown: str) -> Markup:
    """Return markdown with formulas, of the lessons, as HTML.

    Never for what a student wrote: the converter of formulas does not escape what it is given.

    Args:
        markdown: the text.
    """
    return Markup(_renderer()(markdown))


@cache
def _renderer() -> mistune.Markdown:
    def formula(_, text: str) -> str:
        return latex2mathml.converter.convert(text)

    def block(_, text: str) -> str:
        return latex2mathml.converter.convert(text, display="block")

    render = mistune.create_markdown(escape=True, plugins=["math", "table"])
    render.renderer.register("inline_math", formula)
    render.renderer.register("block_math", block)
    return render
