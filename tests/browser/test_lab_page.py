"""The lab page in Chromium, below a site, against PyTorch: its graphs, its rooms, its failures."""

import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import numpy as np
import pytest
import torch

from course_tools.publish import lab_models, lab_page
from course_utils import data, metrics, models
from course_utils.layers import dense, leaky
from course_utils.objectives import discriminator_loss, generator_loss

pytestmark = pytest.mark.slow

BELOW = "my Übungen/lab"  # of the site's root
N = 100  # images for every graph
TOLERANCE = 1e-3
HANGS = 600_000  # milliseconds; a busy machine is slow, what takes longer than this does not end
ROOMS = ("draw", "walk", "generate", "train")


@pytest.fixture(scope="module")
def test():
    return data.load("auto", "test")


@pytest.fixture(scope="module")
def known(test):
    return lab_models.shipped(test.name)


@pytest.fixture(scope="module")
def site(packages, lab_folder, tmp_path_factory):
    """The folder of a site, with the page in it."""
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(lab_folder, root / BELOW)
    return root


@contextlib.contextmanager
def served(root: Path) -> Iterator[str]:
    with lab_page.server(root) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site):
    with served(site) as root:
        yield root + quote(BELOW) + "/"


@pytest.fixture(scope="module")
def lab(chromium, address):
    """A page with all models loaded, for calls; no test draws on it."""
    page = chromium.new_page()
    page.goto(address)
    page.wait_for_function("window.lab?.ready", timeout=HANGS)
    yield page
    page.close()


@pytest.fixture
def opened(watched, address):
    """Opens a room of a size: opened("walk", 1280, 900) → Watch."""

    def open_(room="draw", width=1280, height=900, at=address):
        watch = watched(width, height)
        watch.page.goto(f"{at}#{room}")
        watch.page.wait_for_function("window.lab?.ready", timeout=HANGS)
        return watch

    return open_


def text_of(values: torch.Tensor) -> str:
    return base64.b64encode(values.float().contiguous().numpy().tobytes()).decode()


def tensor_of(text: str) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), np.float32).copy())


CODEC = """
const unpack = (text) => new Float32Array(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
const pack = (values) => { const bytes = new Uint8Array(Float32Array.from(values).buffer);
  let text = ""; for (const b of bytes) text += String.fromCharCode(b); return btoa(text); };
"""


def run(page, model: str, function: str, inputs: dict) -> dict:
    """What a graph returns in the page, by the names of its outputs."""
    sent = {k: v.tolist() if k == "y" else text_of(v) for k, v in inputs.items()}
    found = page.evaluate(
        "async ([model, graph, sent]) => {" + CODEC + """
        const inputs = Object.fromEntries(Object.entries(sent).map(
          ([name, v]) => [name, typeof v === "string" ? unpack(v) : v]));
        const found = await lab.call("run", model, graph, inputs);
        return Object.fromEntries(Object.entries(found).map(([name, v]) => [name, pack(v)]));
        }""",
        [model, function, sent],
    )  # fmt: skip
    return {name: tensor_of(values) for name, values in found.items()}


def ink(locator) -> torch.Tensor:
    """The ink of a canvas in the page, (28, 28) in [0, 1]."""
    found = locator.evaluate("c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data)")
    return 1 - torch.tensor(found).view(28, 28, 4)[:, :, 0] / 255


def same_ink(locator, image: torch.Tensor) -> bool:
    """Whether a canvas shows an image, to a grey value."""
    return (ink(locator) - image.view(28, 28)).abs().max().item() <= 1.5 / 255


def eventually(condition) -> bool:
    """Whether a condition comes to hold: models answer when they can."""
    end = time.monotonic() + HANGS / 1000
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return bool(holds)


def answered(page) -> None:
    """Wait until the models have answered to what is on the sheet, with all codes for the bound."""
    page.locator(".answers[data-current=true]").wait_for(state="attached", timeout=HANGS)


def draw(page, points: list[tuple[float, float]]) -> None:
    box = page.locator(".paper").bounding_box()
    place = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*place[0])
    page.mouse.down()
    for x, y in place[1:]:
        page.mouse.move(x, y, steps=5)
    page.mouse.up()


SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]


# The models


def test_every_graph_equals_pytorch(lab, known, test, capsys):
    worst = 0.0
    k = {name: about["latent_dim"] for name, about in lab.evaluate("lab.manifest.models").items()}
    assert set(k) == set(known)
    for name, model in known.items():
        for function, graph in lab_models.graphs_of(model).items():
            drawn = lab_models.sample_inputs(graph, k[name], N)
            inputs = dict(zip(graph.inputs, drawn, strict=True))
            if "x" in inputs:
                inputs["x"] = test.x[:N]
                inputs |= {"y": test.y[:N]} if "y" in inputs else {}
            found = run(lab, name, function, inputs)
            expected = graph.function(*inputs.values())
            expected = expected if isinstance(expected, tuple) else (expected,)
            for output, values in zip(graph.outputs, expected, strict=True):
                off = (found[output].view_as(values) - values).abs().max().item()
                worst = max(worst, off)
                assert off <= TOLERANCE, (name, function, output, off)
    with capsys.disabled():
        print(f"\nlab page: largest difference from PyTorch {worst:.1e}")


def test_the_bound_equals_pytorchs(lab, known, test):
    """With the same noise; the conditional VAE's is on log p(x), for all labels alike."""
    x, y = test.x[:1].round(), test.y[:1]
    for name in ("vae", "vae2", "cvae"):
        vae, k = known[name], lab.evaluate(f"lab.manifest.models.{name}.latent_dim")
        given = (y,) if vae.D.n_classes else ()
        mu, log_var = vae.encode(x, *given)

        def encode(_, mu=mu, log_var=log_var):
            return mu.expand(30, -1), log_var.expand(30, -1)

        def logits(z, vae=vae, given=given):
            return vae.logits(z, *(g.expand(len(z)) for g in given))

        generator = torch.Generator().manual_seed(0)
        eps = torch.randn(30, k, generator=torch.Generator().manual_seed(0))
        draws = metrics.log_weights(encode, logits, generator=generator)
        weights = next(draws(x.expand(30, -1, -1, -1)))
        expected = weights.logsumexp(dim=0) - np.log(30) - (np.log(10) if given else 0)
        found = lab.evaluate(
            "([m, x, y, e]) => {" + CODEC + "return lab.call('bound', m, unpack(x), y, unpack(e))}",
            [name, text_of(x), y.item(), text_of(eps)],
        )
        assert abs(found - expected.item()) < 0.01


def test_centring_is_that_of_the_lessons(lab, generator):
    drawings = [torch.zeros(112, 112), torch.ones(112, 112)]
    drawings += [torch.zeros(112, 112) for _ in range(4)]
    drawings[2][5, 7] = 1  # a dot, a corner, a flat line, faint ink
    drawings[3][100:, 90:] = 1
    drawings[4][50:53, 3:110] = 0.7
    drawings[5][20:60, 20:30] = 0.2
    for _ in range(60):  # scribbles of all sizes, as thick as the pen at least
        side = torch.randint(9, 112, (2,), generator=generator).tolist()
        corner = [int(torch.randint(113 - s, (1,), generator=generator)) for s in side]
        drawing = torch.zeros(112, 112)
        values = torch.rand(*side, generator=generator)
        drawing[corner[0] : corner[0] + side[0], corner[1] : corner[1] + side[1]] = values
        drawings.append(drawing)
    for drawing in drawings:
        found = lab.evaluate(
            "(text) => {" + CODEC + "return pack(maths.centred(unpack(text), 112).image)}",
            text_of(drawing),
        )
        off = (tensor_of(found).view(1, 1, 28, 28) - data.centred(drawing)).abs().max()
        assert off < 1e-5


def test_noise_is_standard_normal(lab):
    found = tensor_of(lab.evaluate("() => {" + CODEC + "return pack(maths.normal(20000, 3))}"))
    assert abs(found.mean()) < 0.03 and abs(found.std() - 1) < 0.03
    assert abs((found[1:] * found[:-1]).mean()) < 0.03 and found.abs().max() > 3


# The rooms


def detectors_say(page, known, x: torch.Tensor) -> None:
    """Assert that the page accepts and rejects an image as PyTorch does."""
    for name, score in lab_models.scores(known).items():
        accepted = score(x).item() >= page.evaluate(f"lab.manifest.detectors.{name}.threshold")
        said = page.locator(f"[data-detector={name}] .yesno").inner_text()
        assert said == ("yes" if accepted else "no"), name


def test_draw(opened, known):
    """By mouse; every picture is what PyTorch makes of the digit that the page shows."""
    watch = opened()
    page = watch.page
    assert page.locator(".said").inner_text().startswith("The sheet is empty")
    draw(page, SEVEN)
    answered(page)
    assert page.locator(".big").inner_text() == "7"
    x = ink(page.locator(".seen canvas")).view(1, 1, 28, 28)
    reads = known["classifier"](x).softmax(dim=1)[0]
    assert int(reads.argmax()) == 7
    y, black = torch.tensor([7]), x.round()
    expected = {
        "pca": known["pca"].decode(known["pca"].encode(x.flatten(1))).clamp(0, 1),
        "ae": known["ae"].decode(known["ae"].encode(x)),
        "vae": known["vae"].decode(known["vae"].encode(black)[0]),
        "cvae": known["cvae"].decode(known["cvae"].encode(black, y)[0], y),
        "vae_gan": known["vae_gan"].decode(known["vae_gan"].encode(x)[0]),
    }
    for name, image in expected.items():
        assert same_ink(page.locator(f".cards [data-model={name}] canvas"), image), name
    for name in ("cvae", "cvae_gan"):
        vae = known[name]
        mu = vae.encode(black if name == "cvae" else x, y)[0]
        ten = vae.decode(mu.expand(10, -1), torch.arange(10))
        for i, image in enumerate(ten):
            canvas = page.locator(f".draw .strip[data-model={name}] canvas").nth(i)
            assert same_ink(canvas, image), (name, i)
    detectors_say(page, known, x)
    nats = page.locator("[data-model=vae] .value").inner_text()
    assert re.fullmatch(r"≥ −\d+(\.\d)? nats", nats), nats
    page.locator("#codes").select_option("1")
    answered(page)
    assert page.locator("[data-model=vae] .value").inner_text() != nats
    assert not watch.errors


def test_tools_and_examples(opened, known):
    page = opened().page
    draw(page, SEVEN)
    answered(page)
    seven = ink(page.locator(".seen canvas"))
    draw(page, [(0.1, 0.5), (0.9, 0.5)])
    assert not torch.equal(ink(page.locator(".seen canvas")), seven)
    page.get_by_role("button", name="Undo").click()
    assert torch.equal(ink(page.locator(".seen canvas")), seven)
    page.get_by_role("button", name="Eraser").click()
    draw(page, [(0.2, 0.2), (0.8, 0.2)])
    assert ink(page.locator(".seen canvas")).sum() < seven.sum()
    page.get_by_role("button", name="Clear").click()
    answered(page)
    assert page.locator(".said").is_visible() and ink(page.locator(".seen canvas")).sum() == 0
    assert page.locator(".big").inner_text() == "?"
    page.get_by_role("button", name="Example: letters").click()
    answered(page)
    detectors_say(page, known, ink(page.locator(".seen canvas")).view(1, 1, 28, 28))


def test_only_the_main_button_draws_and_only_from_the_sheet(opened):
    page = opened().page
    box = page.locator(".paper").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x + 50, y)
    page.mouse.up(button="right")
    assert page.locator(".hint").is_visible()
    draw(page, SEVEN)
    seven = ink(page.locator(".seen canvas"))
    page.mouse.move(x, box["y"] - 20)  # above the sheet
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.up()
    assert torch.equal(ink(page.locator(".seen canvas")), seven)


def test_the_keyboard_draws(opened):
    watch = opened()
    page = watch.page
    page.locator(".paper").focus()
    page.keyboard.press("3")
    answered(page)
    assert page.locator(".big").inner_text() == "3"
    page.keyboard.press("c")
    for key in ["Shift+ArrowUp"] * 4 + [" "] + ["Shift+ArrowDown"] * 9 + [" "]:
        page.keyboard.press(key)
    page.keyboard.press("Shift+ArrowRight")  # lifted: no ink
    answered(page)
    assert page.locator(".big").inner_text() == "1"
    page.keyboard.press("z")
    assert page.locator(".said").is_visible()
    for key in ("1", " ", "ArrowUp", "3", "ArrowDown"):  # an example lifts the pen
        page.keyboard.press(key)
    assert page.locator(".cursor.down").count() == 0 and not watch.errors


def test_a_finger_draws(chromium, address):
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.lab?.ready", timeout=HANGS)
    page.locator(".paper").tap()
    assert ink(page.locator(".seen canvas")).sum() > 10
    context.close()


def test_walk(opened, known):
    watch = opened("walk")
    page = watch.page
    plane, image = page.locator(".plane"), page.locator(".planes .huge")
    plane.focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "ArrowUp"):
        plane.press(key)
    assert page.locator(".walk .place").inner_text().startswith("z = (1.00, 0.10)")
    place = known["vae2"].decode(torch.tensor([[1.0, 0.1]]))
    assert eventually(lambda: same_ink(image, place))
    page.get_by_label("Decoded digits").check()
    assert page.locator(".behind").is_visible()
    assert page.locator(".behind").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, 420, 420).data.some(v => v < 100)"
    )
    a, b = (
        tensor_of(page.evaluate("(n) => {" + CODEC + "return pack(lab.example(n))}", n))
        .view(1, 1, 28, 28)
        for n in "49"
    )  # fmt: skip
    ae = known["ae"]
    middle = ae.decode((ae.encode(a) + ae.encode(b)) / 2)
    for name, image in {"pixels": (a + b) / 2, "ae": middle}.items():
        shown = page.locator(f".strip[data-model={name}] canvas").nth(4)
        assert eventually(lambda shown=shown, image=image: same_ink(shown, image)), name
    knob, shown = page.locator(".sliders input").first, page.locator(".walk .huge").last
    before = ink(shown)
    knob.focus()
    for _ in range(30):
        knob.press("ArrowRight")
    assert eventually(lambda: (ink(shown) - before).abs().max() > 0.1) and not watch.errors


def test_a_drawing_comes_along_on_the_walk(opened):
    page = opened().page
    draw(page, SEVEN)
    page.get_by_role("link", name="Walk").click()
    answered(page)
    home = page.get_by_role("button", name="Go to your digit")
    home.click()
    assert "0.00, 0.00" not in page.locator(".walk .place").inner_text()
    assert page.get_by_role("combobox", name="From").input_value() == "mine"
    drawn, seen = (
        page.locator(".strip[data-model=pixels] canvas").first,
        page.locator(".seen canvas"),
    )
    assert eventually(lambda: torch.equal(ink(drawn), ink(seen)))


def test_generate(opened, known):
    """The same noise through all models, and each image is PyTorch's."""
    watch = opened("generate")
    page = watch.page
    shown = "Number(document.querySelector('.generate').dataset.shown ?? 0)"
    page.wait_for_function(f"{shown} > 0")
    noise = tensor_of(page.evaluate("() => {" + CODEC + "return pack(maths.normal(240, 1))}"))
    noise, y = noise.view(10, 24), torch.arange(10)
    for name in ("pca", "ae", "vae2", "vae", "vae_gan", "gan", "cvae", "cgan", "cvae_gan"):
        z = noise[:, : page.evaluate(f"lab.manifest.models.{name}.latent_dim")]
        model = known[name]
        if hasattr(model, "draw"):
            images = model.draw(z).clamp(0, 1)
        else:
            given = (y,) if page.evaluate(f"lab.manifest.models.{name}.conditional") else ()
            decoder = model.D if isinstance(model, models.VAE) else model
            images = decoder(z, *given).sigmoid()
        for i, image in enumerate(images):
            canvas = page.locator(f".generate .strip[data-model={name}] canvas").nth(i)
            assert same_ink(canvas, image), (name, i)
    first = page.locator(".strip[data-model=gan] canvas").first
    before = ink(first)
    page.get_by_role("button", name="New noise").click()
    assert eventually(lambda: not torch.equal(ink(first), before))
    page.get_by_label("One noise for all columns").check()
    last = page.locator(".strip[data-model=gan] canvas").last
    assert eventually(lambda: torch.equal(ink(first), ink(last)))
    start = page.evaluate(shown)
    page.get_by_role("button", name="Wander").click()
    page.wait_for_function(f"{shown} > {start + 3}")
    page.get_by_role("button", name="Stop").click()
    assert not watch.errors


def test_the_flow_is_pytorchs(opened, known):
    page = opened("generate").page
    page.wait_for_function("document.querySelector('.flow .strip').dataset.films > 0")
    noise = tensor_of(page.evaluate("() => {" + CODEC + "return pack(maths.normal(240, 1))}"))
    images = known["flow"].draw(noise.view(10, 24), torch.arange(10), steps=20)
    for i, image in enumerate(images):
        assert same_ink(page.locator(".flow canvas").nth(i), image), i
    last = ink(page.locator(".flow canvas").first)
    page.locator("#step").fill("3")
    assert not torch.equal(ink(page.locator(".flow canvas").first), last)
    page.locator("#step").fill("20")
    page.locator("#guidance").fill("4")
    assert eventually(lambda: not torch.equal(ink(page.locator(".flow canvas").first), last))


def playing(opened):
    watch = opened("train")
    watch.page.wait_for_function("window.game", timeout=HANGS)
    return watch


@pytest.mark.parametrize("far", [1, 1000])
def test_a_turn_moves_one_player_as_pytorch_does(far, opened, generator):
    """Two turns each, with momentum: losses, gradients and Adam against PyTorch's.

    Far from the origin, the activations are so large that eˣ overflows.
    """
    page = playing(opened).page
    page.evaluate("game.momentum = 0.5")

    def network(who: str, activation) -> torch.nn.Module:
        weights = [torch.tensor(w) for w in page.evaluate(f"game.weights({who!r})")]
        copy = dense(2, 64, 64, 64, 1 if who == "D" else 2, activation=activation)
        for own, w in zip(copy.parameters(), weights, strict=True):
            own.data = w.view(*own.shape[::-1]).T.clone() if own.dim() == 2 else w
        return copy

    kinds = {"D": leaky, "G": torch.nn.SiLU}
    copies = {who: network(who, kind) for who, kind in kinds.items()}
    adams = {
        who: torch.optim.Adam(copy.parameters(), lr=2e-3, betas=(0.5, 0.9))
        for who, copy in copies.items()
    }
    for who in ("D", "G", "D", "G"):
        x, z = far * torch.randn(2, 256, 2, generator=generator)
        fake = copies["D"](copies["G"](z))
        loss = generator_loss(fake) if who == "G" else discriminator_loss(copies["D"](x), fake)
        adams[who].zero_grad()
        loss.backward()
        adams[who].step()
        found = page.evaluate(
            "([who, x, z]) => {" + CODEC + "return game.turn(who, unpack(x), unpack(z))}",
            [who, text_of(x), text_of(z)],
        )
        assert found == pytest.approx(loss.item(), rel=1e-4, abs=1e-4)
        for name, kind in kinds.items():
            moved = zip(network(name, kind).parameters(), copies[name].parameters(), strict=True)
            # Adam divides by the gradient's size: where that is tiny, rounding shows.
            assert max((a - b).abs().max().item() for a, b in moved) < 1e-3, (who, name)


def test_train(opened):
    watch = playing(opened)
    page = watch.page
    stage, said = page.locator(".stage"), page.locator(".train .place")
    before = stage.screenshot()
    page.get_by_role("button", name="One turn of D").click()
    assert eventually(lambda: re.search(r"Loss of D \d", said.inner_text()))
    assert "of G –" in said.inner_text()
    page.get_by_role("button", name="Play").click()
    for _ in range(5):  # in the middle of a picture or not, the game goes on from the start
        page.get_by_role("button", name="Start again").click()
    # After a few hundred rounds the lesson's game covers the ring.
    found = r"/found: [678] of 8/.test(document.querySelector('.train .place').textContent)"
    page.wait_for_function(found, timeout=HANGS)
    page.get_by_role("button", name="Pause").click()
    assert stage.screenshot() != before
    page.get_by_role("button", name="Start again").click()
    assert eventually(lambda: "Round 0." in said.inner_text())
    page.get_by_label("Data").select_option("square")
    assert eventually(lambda: "found" not in said.inner_text()) and not watch.errors


def test_a_game_that_diverged_says_so(opened):
    page = playing(opened).page
    page.evaluate("game.turn('D', new Float32Array(512).fill(Infinity), new Float32Array(512))")
    page.get_by_role("button", name="One turn of D").click()
    said = page.locator(".train .place")
    assert eventually(lambda: "diverged" in said.inner_text())
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="One turn of D").click()
    assert eventually(lambda: re.search(r"Loss of D \d", said.inner_text()))


# Everybody, everywhere


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_for_everybody(room, opened, packages, address):
    """On a phone and a large screen, in light and dark, without a request to anywhere else."""
    watch = opened(room)
    page = watch.page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.add_script_tag(path=packages / "axe-core" / "axe.min.js")
    answered(page)
    for width, scheme in itertools.product((1280, 375), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html]))")
        assert not found, (width, scheme)
    root = address[: address.index("/", 8)]
    outside = [url for url in watch.requests if not url.startswith((root, "blob:", "data:"))]
    assert not outside and not watch.errors, (outside, watch.errors)


def test_which_weights_are_which_is_shown(opened):
    page = opened().page
    page.get_by_text("Which models are these?").click()
    rows = page.locator(".which tbody tr").all_inner_texts()
    about = page.evaluate("Object.values(lab.manifest.models)")
    assert len(rows) == len(about)
    for row, model in zip(rows, about, strict=True):
        assert model["weights"] in row and model["recipe"] in row


# What goes wrong


@pytest.fixture
def damaged(site, tmp_path, chromium):
    """A page built whole, then changed: damaged(change, script) → the page, opened."""
    with served(tmp_path) as root, contextlib.closing(chromium.new_page()) as page:

        def open_(change, script=""):
            shutil.copytree(site / BELOW, tmp_path / "lab")
            change(tmp_path / "lab")
            page.add_init_script(script)
            page.goto(root + "lab/")
            return page

        yield open_


def model_file(folder: Path, name: str) -> Path:
    return next((folder / "models").glob(f"{name}*.z"))


def removed(name: str):
    return lambda folder: model_file(folder, name).unlink()


def changed(name: str):
    return lambda folder: model_file(folder, name).write_bytes(b"x" * 1000)


@pytest.mark.parametrize(
    ("change", "said"),
    [(removed("ae.decode"), "its file ae.decode"), (changed("ae.decode"), "checksum differs")],
    ids=["missing", "changed"],
)
def test_a_file_that_fails_costs_its_model_alone(change, said, damaged):
    page = damaged(change)
    page.wait_for_function("window.lab?.ready", timeout=HANGS)
    problem = page.locator(".problems").inner_text()
    assert problem.startswith("Autoencoder does not answer") and said in problem
    draw(page, SEVEN)
    answered(page)
    assert page.locator(".big").inner_text() == "7"
    assert ink(page.locator(".cards [data-model=vae] canvas")).sum() > 10
    assert ink(page.locator(".cards [data-model=ae] canvas")).sum() == 0


def test_a_call_that_fails_is_shown(opened):
    page = opened().page
    assert page.locator(".problems").inner_text() == ""
    page.evaluate("void lab.call('run', 'no model', 'decode', {})")
    page.locator(".problems .notice").wait_for()
    said = page.locator(".problems").inner_text()
    assert said.startswith("That did not work") and "no model.decode has not loaded" in said


def without_manifest(folder: Path) -> None:
    (folder / "models" / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("change", "script", "said"),
    [
        (lambda folder: None, "delete window.WebAssembly", "cannot run WebAssembly"),
        (removed("runtime"), "", "The runtime of the models"),
        (without_manifest, "", "models/manifest.json"),
    ],
    ids=["no WebAssembly", "no runtime", "no manifest"],
)
def test_without_models_one_can_still_draw(change, script, said, damaged):
    page = damaged(change, script)
    page.locator(".problems .notice").wait_for()
    assert said in page.locator(".problems").inner_text()
    draw(page, SEVEN)
    assert ink(page.locator(".seen canvas")).sum() > 10


def test_opened_as_a_file_it_says_why_it_cannot_run(site, chromium):
    page = chromium.new_page()
    page.goto((site / BELOW / "index.html").as_uri())
    assert "course lab-page" in page.locator("#from-file").inner_text()
    page.close()


def test_without_a_script_it_says_so(address, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert "JavaScript" in page.locator("noscript").inner_text()
    context.close()


def test_it_is_small_and_well_typed(site):
    sizes = [path.stat().st_size for path in (site / BELOW).rglob("*") if path.is_file()]
    assert sum(sizes) <= 20e6
    manifest = json.loads((site / BELOW / "models" / "manifest.json").read_text(encoding="utf-8"))
    graphs = [graph for model in manifest["models"].values() for graph in model["graphs"].values()]
    assert 0 < sum(graph["bytes"] for graph in graphs) <= 4e6
    assert manifest["runtime"]["bytes"] < 5e6
    lab_page.npm.run(lab_page.notebooks.ROOT / "build" / "lab_frontend", "run", "--silent", "check")


def test_the_command_serves_it(packages, tmp_path):
    pytest.importorskip("onnxscript", reason="needs the extra `site`")
    command = [
        sys.executable,
        "-u",
        "-m",
        "course_tools",
        "lab-page",
        "--out",
        str(tmp_path / "lab"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = next(
                filter(None, (re.search(r"http://localhost:\d+/", s) for s in process.stdout))
            )
            assert b"Draw a digit" in urlopen(found[0]).read()
        finally:
            process.terminate()
