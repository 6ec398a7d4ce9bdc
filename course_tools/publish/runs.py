"""`course run`: run every lesson, say which of them hold on this machine, and build the site."""

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_tools.publish import notebooks, site
from course_utils.training.progress import ProgressBar


@dataclass(frozen=True)
class Run:
    """The run of one lesson.

    Attributes:
        lesson: the lesson.
        notebook: as it was executed.
        seconds: its duration.
        error: what went wrong; None if nothing did.
    """

    lesson: notebooks.Lesson
    notebook: NotebookNode
    seconds: float
    error: str | None


def course(out: Path, *numbers: str) -> int:
    """Run the lessons, build the site from them, and return the exit code.

    Args:
        out: the folder for the site.
        numbers: run only these lessons; the pages of the others show the committed outputs.
    """
    site.check(out)  # before the minutes that the lessons take
    runs = run(notebooks.find(*numbers))
    failed = site.build(
        out, executed={run.lesson.number: run.notebook for run in runs}, report=report(runs)
    )
    for each in runs:
        print(
            f"{each.lesson.number} {each.lesson.title}: {each.seconds:.0f} s, "
            + (f"FAILED in {each.error}" if each.error else "ok")
        )
    total = sum(each.seconds for each in runs)
    print(f"{len(runs)} lesson(s) in {total:.0f} s; the table is on the page report.html")
    return 1 if failed or any(each.error for each in runs) else 0


def run(lessons: list[notebooks.Lesson]) -> list[Run]:
    """Run lessons one after the other, with one progress bar for all of their cells."""
    read = [(lesson, lesson.read()) for lesson in lessons]
    counts = [len(list(notebooks.code_cells(notebook))) for _, notebook in read]
    runs = []
    with ProgressBar(total=sum(counts), unit="cell") as bar:
        for (lesson, notebook), cells in zip(read, counts, strict=True):
            before, name = bar.n, f"{lesson.number} {lesson.title}"

            def on_cell(n: int, name=name, cells=cells, before=before) -> None:
                bar.set_description_str(f"{name}, cell {n}/{cells}", refresh=False)
                bar.update(before + n - 1 - bar.n)
                bar.refresh()

            def on_slow(n: int, name=name, cells=cells) -> None:
                bar.write(f"{name}: cell {n} of {cells} has taken {notebooks.SLOW} s so far")

            seconds, error = notebooks.execute(notebook, lesson.path.parent, on_cell, on_slow)
            bar.update(before + cells - bar.n)
            runs.append(Run(lesson, notebook, seconds, error))
    return runs


def report(runs: list[Run]) -> str:
    """Return the table of results, in markdown."""
    rows = ["| lesson | seconds | result |", "|---|---|---|"]
    for each in runs:
        title = f"[{each.lesson.number} · {each.lesson.title}](notebooks/{each.lesson.path.name})"
        # A bar would end the cell of the table, and a bracket begin a link.
        error = "".join(f"\\{c}" if c in "\\|[]<>*_`$" else c for c in each.error or "")
        result = f"✗ {' '.join(error.split())}" if error else "✓"
        rows.append(f"| {title} | {each.seconds:.0f} | {result} |")
    return "\n".join(["The lessons were run for this site, with these results:", "", *rows])
