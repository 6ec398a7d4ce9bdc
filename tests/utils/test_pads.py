"""The latent pad, without a browser: what it answers, and what it carries for readers without a
kernel.
"""

import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import data
from course_utils.figures import drawing_pad, latent_pad


def corner(z):
    """A picture that says where it is: the ink is (z₁ + 2) / 4 in the left half and (z₂ + 2) / 4 in
    the right one.
    """
    left, right = ((z[:, i, None, None, None] + 2) / 4 for i in (0, 1))
    return torch.cat([left.expand(-1, 1, 28, 14), right.expand(-1, 1, 28, 14)], dim=3)


@pytest.fixture
def bundle(monkeypatch):
    shown = {}
    monkeypatch.setattr(latent_pad, "display", lambda data, **options: shown.update(data))
    codes = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    latent_pad.pad(
        corner,
        codes,
        corner(codes),
        torch.tensor([3, 8]),
        reach=2.0,
        alt="A plane with two codes, and the picture at a place.",
    )
    return shown


def test_it_answers_with_ink():
    sent = []
    live = latent_pad.Pad(lambda z: (255 * corner(z)).byte().numpy().tobytes(), {})
    live.send = lambda message, buffers: sent.append((message, buffers))
    live._reply(None, {"id": 7, "z": [1.0, -2.0]}, [])
    ((message, (ink,)),) = sent
    assert message == {"id": 7} and len(ink) == 784
    picture = np.frombuffer(ink, np.uint8).reshape(28, 28)
    assert (picture[:, :14] == 191).all() and (picture[:, 14:] == 0).all()


def test_a_decoder_that_fails_is_said():
    sent = []
    live = latent_pad.Pad(lambda z: 1 / 0, {})
    live.send = lambda message, buffers: sent.append((message, buffers))
    live._reply(None, {"id": 8, "z": [0.0, 0.0]}, [])
    assert sent == [({"id": 8, "error": "ZeroDivisionError: division by zero"}, [])]


def test_one_output_carries_all(bundle):
    assert "application/vnd.jupyter.widget-view+json" in bundle
    page = bundle["text/html"]
    assert page.count("<img") == 1 and "two codes" in re.search(r'<img[^>]*alt="([^"]*)"', page)[1]
    assert "src=" not in page.split("<script>")[1] or "http" not in page


def options_of(page: str) -> dict:
    return json.loads(re.search(r"options = (\{.*?\});\n", page)[1])


def ink_of(address: str) -> np.ndarray:
    """The ink of a sprite, from 0 to 255."""
    drawn = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return 255 - np.asarray(drawn.convert("L"), dtype=float)


def shows(tile: np.ndarray, z1: float, z2: float) -> bool:
    """Whether a tile is the image of `corner` at a place, up to the sprite's grey levels."""
    found, expected = (tile[:, :14].mean(), tile[:, 14:].mean()), np.array([z1 + 2, z2 + 2]) / 4
    return bool(np.allclose(found, 255 * expected, atol=16))


def test_the_tiles_of_a_page_are_what_the_decoder_says(bundle):
    options = options_of(bundle["text/html"])
    n, ink = options["n"], ink_of(options["sprite"])
    assert ink.shape == (28 * n, 28 * n)
    for row, column in ((0, 0), (0, n - 1), (n - 1, 0), (n // 2, n // 2)):
        tile = ink[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        assert shows(tile, -2 + 4 * column / (n - 1), 2 - 4 * row / (n - 1))  # from the top


def test_every_dot_has_its_image_and_every_label_its_place(bundle):
    options = options_of(bundle["text/html"])
    ink = ink_of(options["originals"])
    assert options["codes"] == [[1, 1], [-1, -1]] and options["labels"] == [3, 8]
    assert shows(ink[:28, :28], 1, 1) and shows(ink[:28, 28:56], -1, -1)
    assert np.allclose(options["badges"], [[1, 1, 3], [-1, -1, 8]], atol=0.02)


def test_bad_input_is_said():
    images, y = torch.zeros(5, 1, 28, 28), torch.zeros(5)
    with pytest.raises(ValueError, match=r"N images and N labels, got \(5, 3\), \(5, 1, 28, 28\)"):
        latent_pad.pad(corner, torch.zeros(5, 3), images, y, reach=1.0, alt="A plane.")
    with pytest.raises(ValueError, match=r"got \(5, 2\), \(4, 1, 28, 28\)"):
        latent_pad.pad(corner, torch.zeros(5, 2), images[:4], y, reach=1.0, alt="A plane.")
    with pytest.raises(ValueError, match="alt text"):
        latent_pad.pad(corner, torch.zeros(5, 2), images, y, reach=1.0, alt=" ")


def reversed_and_doubled(x):
    return {"negative": 1 - x, "twice\nthe same": x.expand(2, -1, -1, -1)}


@pytest.fixture
def sheet(monkeypatch):
    shown = {}
    monkeypatch.setattr(drawing_pad, "display", lambda data, **options: shown.update(data))
    examples = torch.zeros(4, 1, 28, 28)
    examples[:, :, 10:18, 12:16] = 1
    drawing_pad.drawing(reversed_and_doubled, examples, alt="A sheet, and two answers.")
    return shown


def asked(answer, drawing):
    """What the live sheet sends back for a drawing."""
    sent = []
    live = drawing_pad.DrawingPad(answer, {})
    live.send = lambda message, buffers=(): sent.append((message, buffers))
    live._reply(None, {"id": 3}, [memoryview(drawing.numpy().tobytes())])
    return sent[0]


def test_a_drawing_is_answered_by_images_with_captions():
    drawing = torch.zeros(112, 112, dtype=torch.uint8)
    drawing[5:60, 80:90] = 255
    message, (ink,) = asked(reversed_and_doubled, drawing)
    shapes = [["negative", 1, 1, 28, 28], ["twice\nthe same", 2, 1, 28, 28]]
    assert message == {"id": 3, "rows": shapes}
    images = np.frombuffer(ink, np.uint8).reshape(3, 28, 28)
    expected = data.centred(drawing / 255)[0, 0].numpy()
    assert np.allclose(images[1], 255 * expected, atol=1) and (images[1] == images[2]).all()
    assert (images[0] == 255 - images[1]).all()


def test_an_answer_that_fails_is_said():
    def broken(x):
        raise RuntimeError("no weights")

    message, _ = asked(broken, torch.zeros(112, 112, dtype=torch.uint8))
    assert message == {"id": 3, "error": "RuntimeError: no weights", "rows": []}


def test_the_sheet_carries_a_still_picture(sheet):
    assert "application/vnd.jupyter.widget-view+json" in sheet
    still = Image.open(io.BytesIO(base64.b64decode(sheet["image/png"])))
    assert min(still.size) > 300


def test_a_sheet_without_examples_is_refused():
    with pytest.raises(ValueError, match=r"examples \(N, 1, 28, 28\), got \(0, 1, 28, 28\)"):
        drawing_pad.drawing(reversed_and_doubled, torch.zeros(0, 1, 28, 28), alt="A sheet.")
