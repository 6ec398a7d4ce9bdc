"""The pages of `make course`, in Chromium: readable on a phone and for everybody."""

import pytest

from course_tools.publish import notebooks, site

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pages as the committed lessons make them: nothing is run."""
    out = tmp_path_factory.mktemp("site")
    for lesson in LESSONS:
        (out / f"{lesson.name}.html").write_text(
            site.page(lesson.read(), f"{lesson.number} · {lesson.title}"), encoding="utf-8"
        )
    (out / "index.html").write_text(
        site.index([site.Run(lesson, 1.0, None) for lesson in LESSONS], out), encoding="utf-8"
    )
    return out


@pytest.mark.parametrize("name", [*(lesson.name for lesson in LESSONS), "index"])
def test_a_page_is_whole_and_for_everybody(name, folder, packages, watched):
    watch = watched(375, 800)
    page = watch.page
    page.goto((folder / f"{name}.html").as_uri())
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375, (
        "it scrolls sideways on a phone"
    )
    assert page.evaluate("[...document.images].every(i => i.alt.length > 20)")
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])"
    )
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    page.add_script_tag(path=packages / "axe-core" / "axe.min.js")
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"
    )
    serious = [
        (v["id"], v["nodes"][0]["html"][:200])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not serious, serious
    assert not watch.outside and not watch.errors, (watch.outside, watch.errors)


@pytest.mark.parametrize("lesson", ["03_autoencoders", "05_vae"])
def test_a_pad_works_on_a_page(lesson, folder, watched):
    watch = watched(1000, 900)
    watch.page.goto((folder / f"{lesson}.html").as_uri())
    plane, picture = watch.page.locator(".latent-pad canvas").all()
    plane.scroll_into_view_if_needed()
    before = picture.screenshot()
    for _ in range(3):
        plane.press("Shift+ArrowUp")
    watch.page.wait_for_timeout(100)
    assert picture.screenshot() != before and not watch.errors
