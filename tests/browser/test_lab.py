"""Every untouched student version in JupyterLab: Run All reaches the end, every verdict is "not
started yet", nothing complains, and what can be moved moves the picture.
"""

import re
import shutil
from pathlib import Path

import pytest

from course_tools.publish import notebooks
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import TASKS

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()
MOVING = "03"  # has all that can be moved but the turns of 07
FAILED = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']"
DONE = """([n, failed]) => document.querySelector(failed) ||
    n <= [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .filter(prompt => /\\[\\d+\\]/.test(prompt.textContent)).length"""
READY = (
    "/[|] Idle$/.test(document.querySelector('#jp-main-statusbar')?.textContent.match(/Python"
    " 3[^|]*[|] [A-Z][a-z]+/)?.[0])"
)
DRAG = Path(__file__).with_name("drag.js").read_text(encoding="utf-8")
# Milliseconds. A busy machine is slow; what takes longer than this does not end.
HANGS = 1_800_000
LIVE = "img[src^='data:image/png']"


def run_all(watch, address: str) -> None:
    """The status bar is asked: the notebook's own sign says "idle" before it has a kernel, and Run
    All is then forgotten.
    """
    from playwright.sync_api import TimeoutError

    page = watch.page
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=HANGS)
    page.wait_for_function(READY, timeout=HANGS)
    page.click(".lm-MenuBar-itemLabel:text-is('Run')")
    page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
    # A folded cell, as the first one is, shows no number when it has run.
    cells = page.locator(".jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)").count()
    try:
        page.wait_for_function(DONE, arg=[cells, FAILED], timeout=HANGS)
    except TimeoutError:
        prompts = "".join(page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents())
        pytest.fail(
            f"Run All did not reach the end: {prompts},"
            f" {page.locator('#jp-main-statusbar').text_content()}"
        )


def pixels(picture) -> str:
    """What an image or a canvas shows, as data."""
    return picture.evaluate("e => e.toDataURL ? e.toDataURL() : e.src")


def moves(page, what, act, picture) -> None:
    """Whether a picture is another one after an action; waits for it, as a reader would."""
    before = pixels(picture)
    act(what)
    for _ in range(40):
        page.wait_for_timeout(150)
        if pixels(picture) != before:
            return
    pytest.fail("the picture stayed as it was")


def stroke(sheet) -> None:
    """Draw a line across a drawing pad."""
    box = sheet.bounding_box()
    mouse = sheet.page.mouse
    mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    mouse.up()


def one_step(handle) -> None:
    at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    handle.press("ArrowLeft" if at_end else "ArrowRight")


@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(lesson, marks=[pytest.mark.exhaustive] * (lesson.number != MOVING))
        for lesson in LESSONS
    ],
    ids=lambda lesson: lesson.name,
)
def test_run_all_and_move_what_moves(lesson, lab, watched, capsys):
    shutil.copy(STUDENT / lesson.path.name, lab.folder)
    watch = watched(1300, 1000)
    page = watch.page
    run_all(watch, lab.page(lesson.path.name))
    assert not page.locator(
        ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
    ).count()
    assert not page.locator(FAILED).count(), page.locator(FAILED).first.text_content()
    said = [text.strip() for text in page.locator(".jp-OutputArea-output pre").all_text_contents()]
    names = [task.name for task in TASKS.values() if task.lesson == lesson.number]
    not_started = [text.partition(" yet")[0] for text in said if ": not started yet" in text]
    assert not_started == [f"○ {name}: not started" for name in names]
    assert (
        len([text for text in said if re.search(rf"lesson {lesson.number} +0 of \d+$", text)]) == 1
    )
    sliders = page.locator(".widget-vbox").filter(has=page.locator(".widget-hslider"))
    for i in range(sliders.count()):
        box = sliders.nth(i)
        box.scroll_into_view_if_needed()
        moves(page, box.locator(".noUi-handle").last, one_step, box.locator(LIVE).first)
    stages = page.locator(".widget-vbox").filter(
        has=page.locator(".jupyter-button", has_text="turn of")
    )
    for i in range(stages.count()):
        box = stages.nth(i)
        box.scroll_into_view_if_needed()
        moves(
            page,
            box.locator(".jupyter-button", has_text="turn of").first,
            lambda b: b.click(),
            box.locator(LIVE).first,
        )
    for film in page.locator(".film").all():  # plays without the kernel
        film.scroll_into_view_if_needed()
        handle = film.locator("input[type=range]")
        moves(page, handle, lambda slider: slider.press("ArrowRight"), film.locator("img"))
    pads = page.locator("div[data-frames]")
    for i in range(pads.count()):
        plane, picture, original = pads.nth(i).locator("canvas").all()
        plane.scroll_into_view_if_needed()
        moves(page, plane, lambda canvas: canvas.press("Shift+ArrowRight"), picture)
        moves(page, plane, lambda canvas: canvas.press("+"), plane)
        moves(page, plane, lambda canvas: canvas.click(position={"x": 60, "y": 300}), original)
        rate = pads.nth(i).evaluate(DRAG)
        with capsys.disabled():
            print(f"\n{lesson.name}: the pad follows with {rate:.0f} pictures a second")
    for sheet in page.locator("div[data-answers]").all():  # there once a first answer has come
        sheet.scroll_into_view_if_needed()
        moves(page, sheet.locator("canvas").first, stroke, sheet.locator("figure canvas").last)
    assert not [error for error in watch.errors if "favicon" not in error], watch.errors[:3]
    lab.end_kernels()
