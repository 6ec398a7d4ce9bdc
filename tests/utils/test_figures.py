"""Plots and widgets: what they draw, and what they say to those who cannot see it."""

import base64
import io
import json
import re
from itertools import pairwise

import IPython.display
import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image

from course_utils.figures import (
    animation,
    diagrams,
    grids,
    scatter,
    sketch,
    style,
    tables,
    widgets,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed, as (arguments, keywords)."""
    seen = []
    for module in (IPython.display, widgets, animation):
        monkeypatch.setattr(module, "display", lambda *args, **kwargs: seen.append((args, kwargs)))
    return seen


def sheet(ax) -> np.ndarray:
    return np.asarray(ax.images[0].get_array())


def test_the_smallest_text_is_what_is_drawn_smallest():
    fig, ax = plt.subplots(dpi=144)
    ax.set_title("Title", fontsize=10)
    ax.text(0.5, 0.5, "", fontsize=2)
    ax.text(0.5, 0.5, "hidden", fontsize=3).set_visible(False)
    ax.tick_params(labelsize=8)
    assert style.smallest_text(fig) == 16  # 8 points at 144 pixels per inch
    ax.axis("off")  # takes the labels of the ticks away
    assert style.smallest_text(fig) == 20
    ax.set_title("")
    assert style.smallest_text(fig) is None


def test_every_image_is_on_the_sheet_in_reading_order():
    x = torch.arange(6).float()[:, None, None, None].expand(6, 1, 28, 28) / 6
    grid = sheet(grids.image_grid(x, columns=3))
    assert [grid[r, c] for r in (15, 45) for c in (15, 45, 75)] == pytest.approx(
        [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]
    )


@pytest.mark.parametrize("shape", [(4, 784), (4, 28, 28), (4, 1, 28, 28)])
def test_flat_and_square_images_are_the_same(shape, generator):
    x = torch.rand(4, 784, generator=generator)
    np.testing.assert_array_equal(
        grids.as_images(x.view(shape)), x.view(4, 28, 28).double().numpy()
    )


def test_signed_pictures_have_zero_in_the_middle(generator):
    ax = grids.image_grid(torch.randn(3, 784, generator=generator), signed=True)
    assert ax.images[0].get_clim() == (-1, 1)
    assert np.nanmax(np.abs(sheet(ax))) == 1


def test_strips_name_their_rows():
    ax = grids.image_rows(
        {"first": torch.zeros(5, 784), "second": torch.ones(5, 784)}, heads=["a", "", "", "", "e"]
    )
    assert [text.get_text() for text in ax.texts] == ["first", "second", "a", "", "", "", "e"]
    assert np.nanmax(sheet(ax)[:30]) == 0 and np.nanmin(sheet(ax)[31:]) == 1


def test_manifolds_lay_tiles_out_like_a_page():
    x = torch.arange(12).float()[:, None, None].expand(12, 28, 28).reshape(3, 4, 28, 28)
    ax = grids.manifolds(x, names=range(3), columns=2)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2"]
    corners = [(round(patch.get_y() + 0.5), round(patch.get_x() + 0.5)) for patch in ax.patches]
    assert (
        corners[0][0] == corners[1][0] < corners[2][0]
        and corners[0][1] == corners[2][1] < corners[1][1]
    )
    for i, (r, c) in enumerate(corners):
        assert [sheet(ax)[r + dr, c + dc] for dr in (14, 42) for dc in (14, 42)] == [
            4 * i + j for j in range(4)
        ]


@pytest.mark.parametrize(("shape", "names"), [((2, 4, 28, 28), "a"), ((1, 5, 28, 28), "a")])
def test_manifolds_need_names_and_square_sheets(shape, names):
    with pytest.raises(ValueError, match=r"tiles each, got x of shape"):
        grids.manifolds(torch.zeros(shape), names=names)


def test_what_is_not_a_picture_is_refused():
    for wrong in (
        torch.zeros(3, 783),
        torch.zeros(0, 784),
        torch.zeros(784, 16),
        torch.zeros(2, 3, 28, 28),
    ):
        with pytest.raises(ValueError, match="expected images"):
            grids.image_grid(wrong)
    with pytest.raises(ValueError, match="as many images, got a: 5, b: 4"):
        grids.image_rows({"a": torch.zeros(5, 784), "b": torch.zeros(4, 784)})


def test_grey_levels_from_0_to_255_are_refused():
    with pytest.raises(
        ValueError, match="expected images in .0, 1., got whole numbers up to 255; divide"
    ):
        grids.image_grid(torch.full((1, 1, 28, 28), 255, dtype=torch.uint8))


def test_labels_may_be_a_tensor():
    ax = grids.image_grid(torch.zeros(2, 784), labels=torch.tensor([3, 8]))
    assert [text.get_text() for text in ax.texts] == ["3", "8"]


def badges(ax) -> list:
    """The labels that `plots.codes` writes on the codes."""
    (artist,) = (each for each in ax.get_children() if isinstance(each, scatter._Badges))
    return artist.texts


def test_codes_have_the_colour_and_the_name_of_their_label(generator):
    z, y = torch.randn(50, 2, generator=generator), torch.arange(50) % 3
    ax = scatter.codes(z, y)
    dots = ax.collections[0]
    np.testing.assert_allclose(dots.get_offsets(), z.numpy())
    expected = [matplotlib.colors.to_rgb(style.PALETTE[label]) for label in y.tolist()]
    np.testing.assert_allclose(dots.get_facecolors()[:, :3], expected)
    assert [text.get_text() for text in badges(ax)] == ["0", "1", "2"]


def test_show_needs_alt_text_and_closes_the_figure(displayed):
    fig = plt.figure()
    with pytest.raises(ValueError, match="alt text"):
        style.show(fig, alt=" ")
    style.show(fig, alt="A line.")
    (((bundle,), options),) = displayed
    assert bundle["text/plain"] == "A line." and options == {
        "metadata": {"image/png": {"alt": "A line.", "text": None}},
        "raw": True,
    }
    assert not plt.fignum_exists(fig.number)


def test_a_picture_with_few_colours_looks_the_same(generator):
    ax = grids.image_grid(torch.rand(20, 784, generator=generator), signed=True)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", bbox_inches="tight")
    full = np.asarray(Image.open(buffer).convert("RGB"), dtype=float)
    small = Image.open(io.BytesIO(base64.b64decode(style.png(ax.figure))))
    assert small.mode == "P"
    difference = np.abs(np.asarray(small.convert("RGB"), dtype=float) - full)
    assert difference.mean() < 1 and np.quantile(difference, 0.999) < 16  # of 255


def draw(value, ax):
    ax.plot([0, value])
    ax.set_title(f"value {value}")


def test_a_slider_carries_a_live_and_a_still_picture(displayed):
    widgets.slider(draw, [1, 2, 3], still=[1, 3], label="value", alt="A line.")
    (((bundle,), options),) = displayed
    assert options["raw"] and options["metadata"] == {"image/png": {"alt": "A line.", "text": 16.7}}
    assert "application/vnd.jupyter.widget-view+json" in bundle
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("L"))
    assert picture.std() > 0
    assert not plt.get_fignums()


def test_moving_the_slider_changes_the_picture_and_its_text(displayed, monkeypatch):
    built = {}
    real = widgets.ipywidgets.VBox
    monkeypatch.setattr(
        widgets.ipywidgets,
        "VBox",
        lambda parts: built.update(handle=parts[0], picture=parts[1]) or real(parts),
    )
    widgets.slider(draw, [1, 2, 3], still=[1], label="value", alt='A "line".')
    before = built["picture"].value
    built["handle"].value = 3
    after = built["picture"].value
    assert before != after and "Now: value 3." in after and "&quot;line&quot;" in after


def test_a_slider_needs_values_and_alt_text():
    with pytest.raises(ValueError, match="at least one value"):
        widgets.slider(draw, [], still=[1], label="value", alt="A line.")
    with pytest.raises(ValueError, match="alt text"):
        widgets.slider(draw, [1], still=[1], label="value", alt="")


def test_two_sliders_move_one_picture(displayed, monkeypatch):
    built, seen = {}, []
    real = widgets.ipywidgets.VBox
    monkeypatch.setattr(
        widgets.ipywidgets, "VBox", lambda parts: built.update(parts=parts) or real(parts)
    )
    widgets.sliders(
        lambda a, b, ax: seen.append((a, b)),
        {"a": [1, 2], "b": [0.5, 0.7]},
        start=(2, 0.5),
        still=[(1, 0.7)],
        alt="A line.",
    )
    first, second, picture = built["parts"]
    second.value = 0.7
    first.value = 1
    assert seen == [(2, 0.5), (1, 0.7), (2, 0.7), (1, 0.7)] and "Now: a 1, b 0.7." in picture.value


def test_a_stage_takes_turns_one_by_one_and_all_when_playing(displayed, monkeypatch):
    built, log = {}, []
    real = widgets.ipywidgets.VBox
    monkeypatch.setattr(
        widgets.ipywidgets, "VBox", lambda parts: built.update(parts=parts) or real(parts)
    )
    turns = {"one": lambda: log.append("one"), "two": lambda: log.append("two")}
    widgets.stage(
        lambda value, ax: ax.plot([0, value]), lambda: len(log), turns, still=[0, 1], alt="A line."
    )
    controls, picture = built["parts"]
    player, one, two, counter = controls.children
    before = picture.value
    two.click()
    assert log == ["two"] and counter.value == "one: 0, two: 1"
    player.value += 1
    assert log == ["two", "one", "two"] and counter.value == "one: 1, two: 2"
    assert picture.value != before
    player.value = 0  # stopped: nobody moves
    assert len(log) == 3 and one.description == "one"
    (((bundle,), options),) = displayed
    assert "image/png" in bundle and options["metadata"] == {
        "image/png": {"alt": "A line.", "text": 16.7}
    }


def test_a_turn_that_fails_shows_why(displayed, monkeypatch):
    built = {}
    real = widgets.ipywidgets.VBox
    monkeypatch.setattr(
        widgets.ipywidgets, "VBox", lambda parts: built.update(parts=parts) or real(parts)
    )

    def broken() -> None:
        raise RuntimeError("no <turn>")

    widgets.stage(draw, lambda: 1, {"go": broken}, still=[1], alt="A line.")
    controls, picture = built["parts"]
    controls.children[1].click()
    assert (
        picture.value == "<pre>RuntimeError: no &lt;turn&gt;</pre>"
        and controls.children[2].value == "go: 0"
    )


def test_a_stage_needs_turns_and_a_still():
    with pytest.raises(ValueError, match="at least one turn"):
        widgets.stage(draw, lambda: 1, {}, still=[1], alt="A line.")


def parts_of_a_stage(monkeypatch, *arguments, **options):
    """The rows of a stage's live form."""
    built = {}
    real = widgets.ipywidgets.VBox
    monkeypatch.setattr(
        widgets.ipywidgets, "VBox", lambda parts: built.update(parts=parts) or real(parts)
    )
    widgets.stage(*arguments, still=[1], alt="A line.", **options)
    return built["parts"]


def test_a_stage_has_rounds_knobs_and_a_way_back(displayed, monkeypatch):
    log, seen = [], {}
    turns = {"one": lambda: log.append("one"), "two": lambda: log.append("two")}
    controls, choices, picture = parts_of_a_stage(
        monkeypatch,
        lambda value, ax: ax.plot([0, value]),
        lambda: len(log),
        turns,
        rounds=(1, 10),
        repeats=(1, 3),
        knobs={"speed": ((1, 2), lambda value: seen.update(speed=value))},
        reset=log.clear,
    )
    *_, once, ten, reset, counter = controls.children
    of_one, of_two, speed = choices.children
    assert [button.description for button in (once, ten, reset)] == ["×1", "×10", "reset"]
    once.click()
    assert log == ["one", "two"]
    of_two.value = 3
    once.click()
    assert log[2:] == ["one", "two", "two", "two"]
    before = picture.value
    ten.click()
    assert counter.value == "one: 12, two: 34" and picture.value != before
    speed.value = 2
    assert seen == {"speed": 2} and len(log) == 46
    reset.click()
    assert not log and counter.value == "one: 0, two: 0"
    assert of_one.value == 1


def test_what_stands_beside_a_stage_is_a_square_to_draw_on(displayed, monkeypatch):
    drawn = []
    square = sketch.Sketch(drawn.append, label="draw", alt="A square to draw on.")
    _, row = parts_of_a_stage(monkeypatch, draw, lambda: 1, {"go": lambda: None}, beside=[square])
    assert row.children[1] is square
    square.points = [[0.5, -0.5], [1, 0]]
    square.points = []
    assert [points.shape for points in drawn] == [(2, 2), (0, 2)]
    with pytest.raises(ValueError, match="alt text"):
        sketch.Sketch(drawn.append, label="draw", alt=" ")


def test_a_diagram_joins_its_boxes():
    ax = diagrams.diagram(
        {"x": (0, 0), "E": (1, 0), "z": (2, 1)},
        [("x", "E"), ("E", "z", "dashed", "code")],
        texts={"E": "$E$"},
        colors={"x": "red"},
    )
    said = {text.get_text() for text in ax.texts}
    assert {"x", "$E$", "z", "code"} <= said
    arrows = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert [arrow.get_linestyle() for arrow in arrows] == ["solid", "dashed"]


def test_a_tree_names_every_node_and_says_where_the_leaves_are():
    ax = diagrams.tree(
        {"root": {"a": {"one": {}, "two": {}}, "three": {}}},
        notes={"one": "here"},
        otherwise="nowhere",
    )
    place = {
        text.get_text(): text.get_position()
        for text in ax.texts
        if text.get_text() not in ("here", "nowhere")
    }
    assert {name: x for name, (x, _) in place.items()} == {
        "root": 0,
        "a": 1,
        "one": 2,
        "two": 2,
        "three": 1,
    }
    assert place["one"][1] > place["two"][1] > place["three"][1] and place["a"][1] == pytest.approx(
        -0.5
    )
    assert [text.get_text() for text in ax.texts].count("nowhere") == 2


def film_of(displayed):
    """The page of the one film that was displayed, its frames as arrays, and its options."""
    (((bundle,), _),) = displayed
    html = bundle["text/html"]
    sources, options = re.search(r"parentNode, (\[.*?\]), (\{.*?\})\);", html).groups()
    frames = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("RGB"))
        for source in json.loads(sources)
    ]
    return html, frames, json.loads(options)


def test_a_film_has_all_frames(displayed):
    animation.animate(
        draw, [1, 2, 3, 4], still=[1], label="value", alt="A line.", size=(2, 1.5), seconds=2
    )
    _, frames, options = film_of(displayed)
    assert [frame.shape for frame in frames] == [(120, 160, 3)] * 4
    assert all((frame[0, 0] == 255).all() for frame in frames)  # the paper is white
    assert all(np.abs(a.astype(float) - b).max() > 50 for a, b in pairwise(frames))
    assert options["names"] == ["value 1", "value 2", "value 3", "value 4"]
    assert (options["wait"], options["width"]) == (500, 160)


def test_a_film_has_a_still_picture_with_its_alt_text(displayed):
    animation.animate(draw, [1, 2, 3], still=[1, 3], label="value", alt='A "line".', size=(2, 2))
    html, _, _ = film_of(displayed)
    assert html.count("<img") == 1 and 'alt="A &quot;line&quot;."' in html.split("<script>")[0]
    with pytest.raises(ValueError, match="alt text"):
        animation.animate(draw, [1], still=[1], label="value", alt=" ")
    with pytest.raises(ValueError, match="still picture"):
        animation.animate(draw, [1], still=[], label="value", alt="A line.")


def test_a_slider_keeps_what_its_names_meant():
    """Later cells of a notebook may use the same names for other things; the picture of an earlier
    slider must not change.
    """
    notebook = {}
    exec(
        "film = {0: 'a'}\ndef look(step): return film[step]\n"
        "def draw(step, ax, *, end='!'): return look(step) + film[step] + end",
        notebook,
    )
    draw = widgets.pinned(notebook["draw"])
    exec("film = {1: 'b'}\ndef look(step): return 'other'", notebook)
    assert draw(0, None) == "aa!"
    with pytest.raises(KeyError):
        notebook["draw"](0, None)
    assert widgets.pinned(len) is len


def test_no_two_labels_of_codes_hide_each_other(generator):
    """Measured on the drawn picture, with limits that were set afterwards: also where all medians
    are one place.
    """
    for spread in (0.0, 0.1, 3.0):
        y = torch.arange(10).repeat(50)
        z = spread * (
            torch.randn(10, 2, generator=generator)[y] + torch.randn(500, 2, generator=generator)
        )
        ax = scatter.codes(z, y)
        ax.set(xlim=(-20, 20), ylim=(-20, 20))
        ax.figure.canvas.draw()
        boxes = [text.get_bbox_patch().get_window_extent() for text in badges(ax)]
        centres = np.array([[(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2] for box in boxes])
        distant = np.linalg.norm(centres[:, None] - centres, axis=2)[np.triu_indices(10, 1)]
        assert distant.min() >= 0.85 * max(box.width for box in boxes), (
            spread,
            distant.min(),
            boxes[0].width,
        )
        moved = centres - ax.transData.transform(
            [np.median(z[y == label], axis=0) for label in range(10)]
        )
        assert np.linalg.norm(moved, axis=1).max() < 2.2 * boxes[0].width, (
            "ten circles fit into one of three times their width"
        )
        plt.close(ax.figure)


def test_a_figure_keeps_the_ten_colours_and_the_greys(generator):
    """Also beside a large grey picture, which wants all colours for itself."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5))
    left.imshow(torch.rand(300, 300, generator=generator).numpy(), cmap="gray", vmin=0, vmax=1)
    scatter.codes(torch.randn(200, 2, generator=generator), torch.arange(200) % 10, ax=right)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", bbox_inches="tight")
    before = np.asarray(Image.open(buffer).convert("RGB")).astype(int)
    after = Image.open(io.BytesIO(base64.b64decode(style.png(fig))))
    assert after.mode == "P"
    pixels = np.asarray(after.convert("RGB")).astype(int)
    for color in style.PALETTE:
        rgb = np.rint(255 * np.array(matplotlib.colors.to_rgb(color)))
        here = (before == rgb).all(axis=2)  # the legend's dots; those of the codes are see-through
        assert here.sum() > 20 and (pixels[here] == rgb).all()
    assert np.abs(pixels - before).mean() < 1


def test_a_table_says_which_value_is_best(displayed):
    rows = {
        "VAE": {"bound": -98.2, "Fréchet": 12.0, "energy": 0.6},
        "GAN & co": {"Fréchet": 3.5, "energy": 1.3, "note": "a < b"},
    }
    tables.table(rows, best={"Fréchet": "least", "energy": 1.0, "bound": "most"})
    (((data,), _),) = displayed
    page = BeautifulSoup(data["text/html"], "html.parser")
    heads = [th.get_text() for th in page.thead.find_all("th")]
    assert heads == ["bound ↑", "Fréchet ↓", "energy → 1", "note"]
    cells = [[td.get_text() for td in tr.find_all("td")] for tr in page.tbody.find_all("tr")]
    assert cells == [["-98.20", "12.00", "0.60", "–"], ["–", "3.50", "1.30", "a < b"]]
    assert [b.get_text() for b in page.find_all("b")] == ["-98.20", "3.50", "1.30"]
    assert data["text/plain"].splitlines()[1].split() == ["VAE", "-98.20", "12.00", "0.60", "–"]


def test_arrays_and_formats_in_a_table(displayed):
    tables.table({"a": {"x": np.array([0.1, 0.25]), "n": 7}}, formats={"x": ".1%", "n": "d"})
    (((data,), _),) = displayed
    assert data["text/plain"].split() == ["x", "n", "a", "10.0%", "25.0%", "7"]
