"""The pages for instructors and the feedback, in Chromium: readable for everybody, and safe."""

import pytest
import simulated_class
from simulated_class import FIRST, mark, settled

from course_tools.classroom import due, overrides, report, similarity, statistics, think
from course_tools.grading.mark import ANSWERED, NO_ANSWER

pytestmark = pytest.mark.slow

TAG = f"think-{FIRST[0].name}"


def written(out, grades):
    report.write(out, grades, safe=True)
    statistics.write(out / "statistics.html", grades)
    similarity.write(out / "similarity.html", grades)
    think.write(out, grades)
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All pages of a class with every kind of mark."""
    long = simulated_class.ANSWERS / "both_turns" / "right_frozen.py"
    marks = []
    for i, name in enumerate(("Ada Lovelace", "Alan Turing", "Emmy Noether")):
        marks += [
            mark(name, task.name, (task.points, 0.5, 0)[(i + n) % 3], source=long.read_text())
            for n, task in enumerate(FIRST)
        ]
        marks.append(mark(name, TAG, None, status=ANSWERED, source=f"Because of {i}."))
        marks.append(mark(name, f"think-{FIRST[1].name}", 0, status=NO_ANSWER))
    hour = simulated_class.timedelta(hours=7)
    papers = [
        simulated_class.paper(name, "x", time=simulated_class.NOW + i * hour)
        for i, name in enumerate("ab")
    ]
    return written(tmp_path_factory.mktemp("class"), settled(marks, papers=papers))


PAGES = ("statistics.html", "similarity.html", think.PAGE, "feedback/Ada Lovelace.html")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(name, colours, folder, packages, chromium):
    # The page itself forbids other scripts, and that of the test, too.
    page = chromium.new_page(
        viewport={"width": 375, "height": 800}, color_scheme=colours, bypass_csp=True
    )
    page.goto((folder / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.add_script_tag(path=packages / "axe-core" / "axe.min.js")
    found = page.evaluate("axe.run(document).then(r => r.violations)")
    page.close()
    serious = [
        (v["id"], v["nodes"][0]["html"][:200])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious, serious


def test_nothing_of_a_student_runs(tmp_path, watched):
    written(tmp_path, simulated_class.hostile())
    for path in tmp_path.rglob("*.html"):
        watch = watched(1000, 800)
        asked = []
        watch.page.on("dialog", lambda dialog, asked=asked: asked.append(dialog.message))
        watch.page.goto(path.as_uri())
        watch.page.wait_for_timeout(200)
        assert not asked and not watch.outside and not watch.errors, (path.name, watch.errors)
        assert watch.page.locator("img").count() == 0


def test_answers_are_marked_and_saved(tmp_path, watched):
    """Points by click, a comment used again, a draft kept, and a table that the grader takes."""
    names = ("=Ada", 'Bob "B", jr', "Cyd", "Dan")
    texts = ("It falls.", "it  FALLS.", "It grows.", "No idea.")
    marks = [
        mark(name, TAG, None, status=ANSWERED, source=text)
        for name, text in zip(names, texts, strict=True)
    ]
    out = written(tmp_path, settled(marks))
    watch = watched(1200, 900)
    page = watch.page
    page.goto((out / think.PAGE).as_uri())
    assert "0 of 4 marked" in page.inner_text("#progress")
    assert not page.get_by_text("=Ada").is_visible()
    falls = page.locator(".answer", has_text="It falls.")
    grows = page.locator(".answer", has_text="It grows.")
    falls.get_by_role("button", name="1", exact=True).click()
    falls.get_by_placeholder("Comment").fill("Yes, and why?")
    falls.get_by_placeholder("Comment").blur()
    grows.get_by_role("button", name="Yes, and why?").click()
    grows.get_by_placeholder("of 1").fill("0.25")
    assert "3 of 4 marked · not saved" in page.inner_text("#progress")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    assert "3 of 4 marked" in page.inner_text("#progress")
    page.get_by_label("only what is not marked").check()
    assert page.locator(".answer:visible").all_inner_texts()[0].startswith("No idea.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save think.csv").click()
    download.value.save_as(out / overrides.MARKED)
    given = overrides.read(out, due.Due())
    assert {key[0]: (each.points, each.reason) for key, each in given.items()} == {
        "=Ada": (1, "Yes, and why?"),
        'Bob "B", jr': (1, "Yes, and why?"),
        "Cyd": (0.25, "Yes, and why?"),
    }
    grades = settled(marks, given=given)
    assert [grades.points(name, "01") for name in names] == [1, 1, 0.25, 0]
    think.write(out, grades)
    page.goto((out / think.PAGE).as_uri())
    assert (
        page.locator(".answer", has_text="It grows.").get_by_placeholder("of 1").input_value()
        == "0.25"
    )
    assert not watch.errors and not watch.outside


def test_a_draft_stays_with_its_student_and_words(tmp_path, watched):
    """A new answer with the same words joins a group; it must not cost what was typed before."""

    def grades(**said):
        return settled([mark(n, TAG, None, status=ANSWERED, source=t) for n, t in said.items()])

    def value(text):
        return page.locator(".answer", has_text=text).get_by_placeholder("of 1").input_value()

    out = written(tmp_path, grades(Ada="It falls.", Bob="It falls.", Cyd="No."))
    page = watched(1200, 900).page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto((out / think.PAGE).as_uri())
    first = page.locator(".answer", has_text="It falls.")
    first.get_by_role("button", name="1", exact=True).click()
    think.write(out, grades(Ada="it falls.", Bob="It grows.", Cyd="No.", Dan="It falls."))
    page.reload()
    assert (value("it falls."), value("It grows."), value("No.")) == ("1", "", "")
    assert "2 of 4 marked" in page.inner_text("#progress")
