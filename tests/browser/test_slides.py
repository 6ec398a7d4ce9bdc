"""Every deck, step by step, in Chromium: nothing asked for, nothing cut off, everything legible."""

import re
from pathlib import Path

import pytest

from course_tools.publish import deck_source, notebooks, slides

pytestmark = pytest.mark.slow

FOLDER = notebooks.ROOT / slides.FOLDER
NAMES = [path.stem for path in sorted(FOLDER.glob("*.yaml"))]
MEASURE, DRAG = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("measure.js", "drag.js")
)


@pytest.fixture(scope="module")
def folder(packages, decks):
    return decks


def opened(watch, path):
    watch.page.goto(path.as_uri())
    watch.page.wait_for_function(
        "window.Reveal && Reveal.isReady() && document.fonts.status === 'loaded'"
    )
    return watch.page


def go(page, slide):
    """Go to a slide as it is when its last step is shown."""
    page.evaluate("n => Reveal.slide(n, 0, -1)", slide)
    while page.evaluate("Reveal.availableFragments().next"):
        page.evaluate("Reveal.nextFragment()")
    # Pictures are decoded while they are waited for; a font is loaded when text first needs it, and
    # the text beside a picture then takes another room. A film may show its next picture meanwhile,
    # and a picture that is no longer shown is not decoded.
    page.evaluate(
        """async () => {
            const images = Reveal.getCurrentSlide().querySelectorAll("img");
            await Promise.all([...images].map(image => image.decode().catch(error => {
                if (!image.closest(".film")) throw error;
            })));
            await document.fonts.ready;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        }"""
    )


def slide_with(page, selector):
    """The first slide that has something, made the current one."""
    number = page.evaluate(
        "s => Reveal.getSlides().findIndex(slide => slide.querySelector(s))", selector
    )
    assert number >= 0
    page.evaluate("n => Reveal.slide(n, 0, -1)", number)
    return page.locator("section.present")


@pytest.mark.parametrize("name", NAMES)
def test_every_slide_is_whole_and_legible(name, folder, watched):
    watch = watched(1280, 720)
    page = opened(watch, folder / f"{name}.html")
    count = page.evaluate("Reveal.getTotalSlides()")
    assert count == len(deck_source.find(FOLDER, name[:2])[0].slides)
    # Reveal lays a deck out at 1280 × 720 and scales it: that this is so, one deck shows.
    for size in [(1280, 720), (1920, 1080)][: 1 + (name == NAMES[0])]:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for slide in range(count):
            go(page, slide)
            seen = page.evaluate(MEASURE)
            assert not seen["faults"], (name, slide + 1, size, seen)
    assert not watch.outside and not watch.errors, (watch.outside, watch.errors)


def test_the_space_bar_goes_through_every_step_of_every_slide(folder, watched):
    page = opened(watched(1280, 720), folder / "04_elbo_derivation.html")
    slides_seen, steps = set(), 0
    while not page.evaluate("Reveal.isLastSlide() && !Reveal.availableFragments().next"):
        slides_seen.add(page.evaluate("Reveal.getIndices().h"))
        page.keyboard.press("Space")
        steps += 1
        assert steps < 500
    count = page.evaluate("Reveal.getTotalSlides()")
    assert slides_seen | {count - 1} == set(range(count))
    assert steps > count  # some slides are built in steps


def test_what_is_too_small_or_cut_off_is_found(folder, watched):
    page = opened(watched(1280, 720), folder / "05_vae.html")

    def faults(change):
        go(page, 1)
        page.evaluate(f"(s => {{ {change} }})(Reveal.getCurrentSlide())")
        return " ".join(page.evaluate(MEASURE)["faults"])

    assert faults("") == ""
    text = "s.querySelector('.text')"
    assert "text of 18 px" in faults(f"{text}.style.fontSize = '18px'")
    assert "sticks out" in faults(f"{text}.style.cssText = 'width: 2000px'")
    assert "lies on the text" in faults(f"{text}.style.cssText = 'margin-bottom: -300px'")
    assert "in a picture" in faults(
        f"{text}.style.cssText = ''; const i = s.querySelector('img');"
        " i.dataset.text = '16.7'; i.style.flex = '0 0 500px'"
    )
    assert "almost empty" in faults(
        f"s.querySelector('.show').remove(); {text}.textContent = 'Few'"
    )


def test_films_start_pause_and_step(folder, watched):
    page = opened(watched(1280, 720), folder / "05_vae.html")
    film = slide_with(page, ".film").locator(".film")
    said = film.locator("output")
    first = said.text_content()
    page.wait_for_function(
        "t => document.querySelector('section.present output').value !== t", arg=first
    )
    film.get_by_label("Pause").click()
    still = said.text_content()
    film.get_by_label("One step forward").click()
    assert said.text_content() != still
    film.get_by_label("One step back").click()
    assert said.text_content() == still


def test_a_formula_lights_up_and_code_unfolds(folder, watched):
    page = opened(watched(1280, 720), folder / "05_vae.html")
    here = slide_with(page, ".hot")
    lit = lambda: page.evaluate(  # noqa: E731
        "[...Reveal.getCurrentSlide().querySelectorAll('.hot')]"
        ".filter(e => getComputedStyle(e).backgroundColor !== 'rgba(0, 0, 0, 0)').length"
    )
    assert lit() == 0 and here.locator("math").first.is_visible()
    page.keyboard.press("Space")
    page.wait_for_timeout(400)  # the colour comes gradually
    assert lit() == 1 and here.locator(".step.visible").count() == 1
    code = slide_with(page, "details.code").locator("details.code")
    page.keyboard.press("c")
    assert code.get_attribute("open") is not None and code.locator(".highlight").first.is_visible()


def test_pads_follow_without_a_kernel(folder, watched, capsys):
    watch = watched(1280, 720)
    page = opened(watch, folder / "05_vae.html")
    plane, picture, _ = slide_with(page, "canvas").locator("canvas").all()
    before = picture.screenshot()
    plane.press("Shift+ArrowRight")
    page.wait_for_timeout(100)
    assert picture.screenshot() != before
    rate = page.locator("section.present div[data-frames]").evaluate(DRAG)
    with capsys.disabled():
        print(f"\ndeck: the pad follows with {rate:.0f} pictures a second")
    assert not watch.errors


def test_a_handout_has_one_page_for_each_slide(packages, chromium, tmp_path):
    deck = deck_source.find(FOLDER, "05")[0]
    slides.handouts(tmp_path, [deck])
    pdf = (tmp_path / "05_vae.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == len(deck.slides)
    sizes = {
        tuple(map(float, box)) for box in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    }
    assert len(sizes) == 1 and abs((size := sizes.pop())[0] / size[1] - 16 / 9) < 0.01


def test_the_index_leads_to_all_decks_and_says_how_long_they_take(folder, watched):
    page = watched(1280, 720).page
    page.goto((folder / "index.html").as_uri())
    links = [link.get_attribute("href") for link in page.locator("main a").all()]
    assert links == [f"{name}.html" for name in NAMES] and all(
        (folder / link).exists() for link in links
    )
    page.locator("summary").first.click()
    last = page.locator("table").first.locator("tr").last.locator("td").last
    assert float(last.text_content()) == deck_source.find(FOLDER, "00")[0].minutes
