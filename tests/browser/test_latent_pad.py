"""The latent pad in Chromium, without a kernel: dots, zoom and the image of a clicked dot."""

import json

import pytest
import torch

from course_utils.figures import latent_pad

GREY = 0.07  # what the few grey levels of a sprite may change
CODES = torch.tensor([[1.0, 1.0], [-1.0, -0.5], [-1.0, -0.45]])


def grey(z):
    """An image for every code, the darker the farther to the right."""
    return ((z[:, 0] + 2) / 4)[:, None, None, None].expand(-1, 1, 28, 28)


@pytest.fixture
def pad(watched, tmp_path, monkeypatch):
    shown = {}
    monkeypatch.setattr(latent_pad, "display", lambda data, **options: shown.update(data))
    images = torch.tensor([0.0, 1.0, 0.5])[:, None, None, None].expand(-1, 1, 28, 28)
    labels = torch.tensor([3, 8, 5])
    latent_pad.pad(grey, CODES, images, labels, reach=2.0, alt="A plane with three codes.")
    file = tmp_path / "pad.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><body>{shown['text/html']}</body>")
    watch = watched(760, 560)
    watch.page.goto(file.as_uri())
    watch.page.wait_for_selector("[data-frames]")
    yield watch.page
    assert not watch.errors and not watch.outside


KERNEL = """
    const options = OPTIONS, el = document.body, heard = [];
    const model = {
      get: () => options,
      on: (_, f) => heard.push(f),
      send: ({ id }) => setTimeout(() => heard.forEach((f) => {
        if (id <= 8) f({ id, error: "ValueError: no " + id }, []);
        else f({ id }, [new DataView(new Uint8Array(784).fill(255).buffer)]);
      })),
    };
    live.render({ model, el });
"""


def test_a_pad_whose_kernel_fails_says_so_and_goes_on(watched, tmp_path):
    """Eight answers are errors, more than the six questions that may be under way at once: a pad
    that did not count them as answered would ask no more. The ninth is ink.
    """
    images = torch.zeros(3, 1, 28, 28)
    originals = latent_pad._sprite(latent_pad._bytes(images), latent_pad.ACROSS, 8)
    options = {
        "span": [-2, 2, -2, 2], "start": [0, 0], "alt": "A plane.", "codes": CODES.tolist(),
        "labels": [3, 8, 5], "colors": ["#333"] * 10, "badges": [], "prior": 1, "across": 40,
        "originals": originals,
    }  # fmt: skip
    script = latent_pad.Pad._esm.replace("export default", "const live =")
    script += KERNEL.replace("OPTIONS", json.dumps(options))
    file = tmp_path / "live.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><body><script>{script}</script>")
    watch = watched(760, 560)
    watch.page.goto(file.as_uri())
    plane, said = watch.page.locator("canvas").first, watch.page.locator("p")
    watch.page.get_by_text("ValueError: no 1").wait_for()
    for n in range(2, 9):
        plane.press("ArrowRight")
        watch.page.get_by_text(f"ValueError: no {n}").wait_for()
    plane.press("ArrowRight")
    watch.page.wait_for_selector("[data-frames='1']")
    assert "z = " in said.inner_text() and ink(watch.page, 1) == 1
    assert not watch.errors and not watch.outside


def click(page, code, view=(-2.0, 2.0, 4.0)) -> None:
    """Click on the place of a code, where the view has this left and upper edge and this width."""
    left, top, wide = view
    box = page.locator("canvas").first.bounding_box()
    page.mouse.click(
        box["x"] + (code[0] - left) / wide * box["width"] + 2,  # not quite on the dot
        box["y"] + (top - code[1]) / wide * box["height"] + 2,
    )


def ink(page, n: int) -> float:
    """The mean ink of the decoded image (n = 1) or of the nearest dot's (n = 2)."""
    pixels = "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data)"
    grey_values = torch.tensor(page.locator("canvas").nth(n).evaluate(pixels)).view(-1, 4)[:, 0]
    return 1 - grey_values.double().mean().item() / 255


def first_of(page) -> float:
    """z₁, as the line below the plane says it."""
    return float(page.locator("p").inner_text()[5:].split(",")[0].replace("−", "-"))


def caption(page) -> str:
    return page.locator("figcaption").last.inner_text()


def test_a_clicked_dot_shows_its_image_and_its_reconstruction(pad):
    click(pad, CODES[0].tolist())
    assert caption(pad) == "this dot's image, a 3"
    assert "z = (1.00, 1.00), the code of a 3" in pad.locator("p").inner_text()
    assert ink(pad, 1) == pytest.approx(0.75, abs=GREY) and ink(pad, 2) == pytest.approx(
        0, abs=GREY
    )


def test_zoom_parts_two_dots_that_lie_close(pad):
    click(pad, CODES[1].tolist())
    plane = pad.locator("canvas").first
    for _ in range(4):
        plane.press("+")
    wide = 4.0 / 16  # what the click chose has stayed where it was, in shares of the view
    left, top = -1 - (-1 + 2) / 4 * wide, -0.5 + (2 + 0.5) / 4 * wide
    click(pad, CODES[2].tolist(), (left, top, wide))
    assert caption(pad) == "this dot's image, a 5" and ink(pad, 2) == pytest.approx(0.5, abs=GREY)
    pad.get_by_label("Show all").click()
    click(pad, CODES[0].tolist())
    assert caption(pad) == "this dot's image, a 3"


def test_keys_move_in_smaller_steps_when_zoomed_and_the_view_follows(pad):
    plane = pad.locator("canvas").first

    def step(key: str) -> float:
        before = first_of(pad)
        plane.press(key)
        return first_of(pad) - before

    assert step("Shift+ArrowRight") == pytest.approx(0.4)
    plane.press("+")
    assert step("Shift+ArrowRight") == pytest.approx(0.2)
    for _ in range(20):
        plane.press("Shift+ArrowLeft")
    assert step("Shift+ArrowLeft") == 0 and ink(pad, 1) == pytest.approx(0, abs=GREY)
    assert caption(pad) == "the nearest dot's image, a 5"
