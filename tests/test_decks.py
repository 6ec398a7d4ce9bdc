"""What stands on the slides, without a browser."""

import base64
import re

import pytest
from bs4 import BeautifulSoup

from course_tools.publish import notebooks, npm, slides
from course_utils.exercises import TASKS

LESSONS = notebooks.find()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def every_slide(lesson):
    return [slide for stack in slides.slides(lesson.read()) for slide in stack]


@every_lesson
def test_every_figure_has_a_slide_and_no_task_has_one(lesson):
    notebook = lesson.read()
    shown = "".join(slide.body for slide in every_slide(lesson))
    figures = [
        output.data["image/png"].strip()
        for cell in notebooks.code_cells(notebook)
        if cell.metadata.slideshow.slide_type != "skip"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert figures and all(figure in shown for figure in figures)
    assert all(base64.b64decode(figure).startswith(b"\x89PNG") for figure in figures)
    everything = shown + "".join("".join(slide.notes) + slide.code for slide in every_slide(lesson))
    assert "BEGIN SOLUTION" not in everything and "verify(" not in everything
    assert not [task.name for task in TASKS.values() if f"def {task.name}(" in everything]


@every_lesson
def test_the_lecture_and_the_whole_text_are_in_the_notes(lesson):
    notebook = lesson.read()
    wanted = {
        s
        for cell in notebook.cells
        if cell.metadata.slideshow.slide_type != "skip"
        for s in cell.metadata.get("lecture", [])
    }
    assert {s for slide in every_slide(lesson) for s in slide.lecture} == wanted
    notes = BeautifulSoup(
        "".join("".join(slide.notes) for slide in every_slide(lesson)), "html.parser"
    ).get_text(" ")
    said = set(re.findall(r"[A-Za-z]{4,}", notes))
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.slideshow.slide_type != "skip":
            words = re.sub(
                r"\$\$.+?\$\$|\$[^$]+\$|\]\([^)]*\)|<[^>]+>|^#.*$",
                " ",
                cell.source,
                flags=re.DOTALL | re.MULTILINE,
            )
            missing = set(re.findall(r"[A-Za-z]{4,}", words)) - said
            assert not missing, (cell.source[:60], missing)


@every_lesson
def test_a_slide_holds_one_idea(lesson):
    for slide in every_slide(lesson):
        assert slide.title and slide.kind in ("title", "text", "picture", "code")
        assert slide.body.count("<img") == (1 if slide.kind == "picture" else 0), slide.title
        if slide.kind == "picture":
            assert slide.code and "highlight" not in slide.body  # the code is folded


def test_leading_sentences():
    leads = slides.leads
    assert (
        leads(
            "One short. Two follows because the first sentence was so very short. Three does not."
        )
        == "One short. Two follows because the first sentence was so very short."
    )
    assert (
        leads(
            "The first sentence of this paragraph is long enough to stand alone. **Predict:** what"
            " now? More."
        )
        == "The first sentence of this paragraph is long enough to stand alone. **Predict:** what"
        " now?"
    )
    assert leads(
        "**What is bold.** Stays bold, and is followed by a sentence of its own that is long. End."
    ).startswith("**What is bold.** S")
    assert leads(
        "As Nalisnick et al. 2019 and Burda et al. Found in $a. B$, nothing is cut here. But here."
    ).endswith("cut here.")


def test_long_texts_take_several_slides():
    assert slides.split(["a" * 600, "b" * 600, "c" * 100]) == [["a" * 600], ["b" * 600, "c" * 100]]


def test_without_npm_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    slides.frontend.cache_clear()
    with pytest.raises(npm.NpmError, match="install Node.js"):
        slides.frontend()
    slides.frontend.cache_clear()


def test_the_lock_file_names_no_host():
    lock = (slides.FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock and lock.count('"integrity"') >= 5
