"""The latent pad: drag on the plane of two-number codes, and the decoded picture follows."""

import io
import json
from collections.abc import Callable
from html import escape
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets
from IPython.display import display
from PIL import Image
from torch import Tensor

from course_utils import latent
from course_utils.figures import grids, scatter, style, widgets

SCRIPT = (Path(__file__).parent / "latent_pad.js").read_text(encoding="utf-8")
TILES = 21  # along each side of the sprite: pictures that a page without a kernel mixes from
# Of the still picture, in shares of the plane.
PLACES = (
    (0.1, 0.9),
    (0.75, 0.75),
    (0.5, 0.5),
    (0.25, 0.25),
    (0.9, 0.1),
)


class Pad(anywidget.AnyWidget):
    """The live pad: a message {"id", "z"} is answered by {"id", "near"} and 784 bytes of ink."""

    _esm = (
        SCRIPT
        + "export default { render({ model, el }) { pad(el, model.get('options'), asking(model));"
        " } };"
    )
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, answer: Callable[[Tensor], tuple[bytes, str]], options: dict) -> None:
        super().__init__(options=options)
        self.answer = answer
        self.on_msg(self._reply)

    def _reply(self, _, message: dict, __) -> None:
        ink, near = self.answer(torch.tensor([message["z"]], dtype=torch.float32))
        self.send({"id": message["id"], "near": near}, [ink])


# What the live pad and the still one show is computed once, for both.
def pad(
    decode: Callable[[Tensor], Tensor], codes: Tensor, y: Tensor, *, reach: float, alt: str
) -> None:
    """Show a pad over the plane from −reach to reach, with the codes of known pictures behind.

    decode: codes (n, 2) → pictures (n, 1, 28, 28) with ink in [0, 1], on the device of `codes`.
    codes (N, 2) and their labels y (N,) are drawn behind, and the nearest of them is named. One
    output carries all: with a kernel the pad asks `decode`; on a page or in a deck it mixes tiles
    that were decoded now; where no script may run a still picture makes the same point.
    """
    style.described(alt)
    if codes.ndim != 2 or codes.shape[1] != 2 or len(codes) != len(y):
        raise ValueError(
            f"expected codes (N, 2) and N labels, got {tuple(codes.shape)} and {tuple(y.shape)}"
        )

    @torch.no_grad()
    def ink(z: Tensor) -> np.ndarray:
        return (255 * decode(z.to(codes.device)).clamp(0, 1)).byte().flatten(1).numpy(force=True)

    def near(z: Tensor) -> list[str]:
        return [f"a {label}" for label in y[torch.cdist(z.to(codes), codes).argmin(dim=1)].tolist()]

    span = [-reach, reach, -reach, reach]
    options = {
        "span": span,
        "start": [0.0, 0.0],
        "alt": alt,
        "behind": _data_uri(_plane(codes, y, reach)),
    }
    grid = latent.grid(torch.tensor([-reach, -reach]), torch.tensor([reach, reach]), TILES)
    tiles = (
        ink(grid)
        .reshape(TILES, TILES, 28, 28)
        .transpose(0, 2, 1, 3)
        .reshape(28 * TILES, 28 * TILES)
    )
    sprite = Image.fromarray(255 - tiles).quantize(16, dither=Image.Dither.NONE)
    still = _still(lambda z: ink(z).reshape(-1, 28, 28) / 255, codes, y, reach)
    offline = {**options, "n": TILES, "sprite": _data_uri(sprite), "near": near(grid)}
    live = Pad(lambda z: (ink(z).tobytes(), near(z)[0]), options)
    # Where scripts run, the pad takes the place of the still picture; where they do not, it stays.
    page = (
        f'<div class="latent-pad"><img src="data:image/png;base64,{still}"'
        f' alt="{escape(alt)}"><script>(() => {{ {SCRIPT}\nconst el ='
        f" document.currentScript.parentNode, options = {json.dumps(offline)};\nlooking(options,"
        " (ask) => { el.replaceChildren(); pad(el, options, ask); }); })();</script></div>"
    )
    display({**widgets.view(live), "text/html": page, "text/plain": alt}, raw=True)


def _plane(codes: Tensor, y: Tensor, reach: float) -> Image.Image:
    """The codes from edge to edge, without axes, and the prior's circle that holds 95 % of its
    draws.
    """
    fig = plt.figure(figsize=(3.8, 3.8), dpi=150, layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    _paint(ax, codes, y, reach)
    ax.axis("off")
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png")
    plt.close(fig)
    return Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE)


def _paint(ax: plt.Axes, codes: Tensor, y: Tensor, reach: float) -> None:
    scatter.codes(codes, y, legend=False, ax=ax)
    for color, width, look in (("white", 4, "-"), ("black", 2, "--")):  # seen on dots and labels
        ax.add_patch(
            plt.Circle((0, 0), 5.991**0.5, fill=False, ls=look, lw=width, color=color, zorder=4)
        )
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


def _still(pictures: Callable[[Tensor], np.ndarray], codes: Tensor, y: Tensor, reach: float) -> str:
    """The plane with five marked places, and the picture of each beside it."""
    fig, (ax, side) = plt.subplots(1, 2, figsize=(8, 3.8), width_ratios=(1, 1))
    _paint(ax, codes, y, reach)
    z = reach * (2 * torch.tensor(PLACES) - 1)
    for letter, (x, up) in zip("abcde", z.tolist(), strict=True):
        box = {"boxstyle": "round", "fc": "white", "ec": "black"}
        ax.plot(x, up, "+", color="black", ms=9, mew=2, zorder=9)
        ax.annotate(
            letter,
            (x, up),
            (0, 14),
            textcoords="offset points",
            ha="center",
            va="center",
            weight="bold",
            zorder=9,
            bbox=box,
        )
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    grids.image_grid(pictures(z), labels=list("abcde"), ax=side)
    return style.png(fig)


def _data_uri(picture: Image.Image) -> str:
    return f"data:image/png;base64,{style.base64_of(picture)}"
