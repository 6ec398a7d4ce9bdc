"""Every deck, slide by slide, in Chromium: nothing asked for, nothing cut off, formulas drawn,
films playing.
"""

from pathlib import Path

import pytest

from course_tools.publish import notebooks, slides

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()
MEASURE, DRAG = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("measure.js", "drag.js")
)


@pytest.fixture(scope="module")
def folder(packages, decks):
    return decks


def steps(page):
    """Go through a deck from its first to its last step."""
    seen = set()
    while (place := str(page.evaluate("Reveal.getIndices()"))) not in seen:
        seen.add(place)
        yield place
        page.keyboard.press("Space")
        page.wait_for_timeout(40)


def opened(watch, path):
    watch.page.goto(path.as_uri())
    watch.page.wait_for_function(
        "window.Reveal && Reveal.isReady() && document.fonts.status === 'loaded'"
    )
    watch.page.wait_for_timeout(200)
    return watch.page


# Reveal lays a deck out at 1280 × 720 and scales it: that this is so, one deck shows.
SHOWN = [(lesson, (1280, 720)) for lesson in LESSONS] + [(LESSONS[0], (1920, 1080))]


@pytest.mark.parametrize(
    ("lesson", "size"),
    SHOWN,
    ids=[f"{lesson.name}-{width}x{height}" for lesson, (width, height) in SHOWN],
)
def test_every_slide_is_whole(lesson, size, folder, watched):
    watch = watched(*size)
    page = opened(watch, folder / f"{lesson.name}.html")
    found = 0
    for place in steps(page):
        seen = page.evaluate(MEASURE)
        assert not seen["out"] and seen["over"] <= 1 and seen["wide"] <= 1, (place, seen)
        assert seen["math"] and seen["pictures"], (place, seen)
        assert seen["smallest"] >= 10, (place, seen)
        found += 1
    assert found >= sum(map(len, slides.slides(lesson.read())))
    assert not watch.outside and not watch.errors, (watch.outside, watch.errors)


def test_films_play(folder, watched):
    page = opened(watched(1280, 720), folder / "05_vae.html")
    for _ in steps(page):
        film = page.locator("section.present section.present .film img")
        if film.count():
            break
    first = film.first.screenshot()
    for _ in range(30):
        page.wait_for_timeout(200)
        if film.first.screenshot() != first:
            return
    pytest.fail("the film stands still")


def test_a_derivation_builds_up_and_code_unfolds(folder, watched):
    page = opened(watched(1280, 720), folder / "04_elbo_derivation.html")
    for _ in steps(page):
        if (
            page.locator("section.present section.present")
            .locator("h1, h2")
            .text_content()
            .startswith("Line 3")
        ):
            break
    here = page.locator("section.present section.present")
    assert (
        here.locator(".before math").count() == 2 and not here.locator(".fragment.visible").count()
    )
    page.keyboard.press("Space")
    assert here.locator(".fragment.visible math").count() == 1
    for _ in steps(page):
        if page.locator("section.present section.present details.code").count():
            break
    code = page.locator("section.present section.present details.code")
    page.keyboard.press("c")
    assert code.get_attribute("open") is not None and code.locator(".highlight").is_visible()


def test_pads_follow_without_a_kernel(folder, watched, capsys):
    watch = watched(1280, 720)
    page = opened(watch, folder / "05_vae.html")
    for _ in steps(page):
        if page.locator("section.present section.present canvas").count():
            break
    plane, picture = page.locator("section.present section.present canvas").all()
    before = picture.screenshot()
    plane.press("Shift+ArrowRight")
    page.wait_for_timeout(100)
    assert picture.screenshot() != before
    rate = page.locator("section.present section.present div[data-frames]").evaluate(DRAG)
    with capsys.disabled():
        print(f"\ndeck: the pad follows with {rate:.0f} pictures a second")
    assert not watch.errors


def test_the_index_leads_to_all_decks(folder, watched):
    page = watched(1280, 720).page
    page.goto((folder / "index.html").as_uri())
    links = [link.get_attribute("href") for link in page.locator("a").all()]
    assert links == [f"{lesson.name}.html" for lesson in LESSONS] and all(
        (folder / link).exists() for link in links
    )
