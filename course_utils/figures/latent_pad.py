"""The latent pad: drag on a plane of codes, and the decoded image follows."""

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

SCRIPT, LIVE = (
    (Path(__file__).parent / name).read_text(encoding="utf-8")
    for name in ("latent_pad.js", "latent_pad_live.js")
)
TILES = 21  # along each side of the sprite: images that a page without a kernel mixes from
ACROSS = 40  # originals in a row of their sprite
# Of the still picture, in shares of the plane: wanted places, how far above its cross a letter
# stands, how far badges are from each other, and how near a letter or a cross may come to one.
PLACES = (
    (0.1, 0.9),
    (0.75, 0.75),
    (0.5, 0.5),
    (0.25, 0.25),
    (0.9, 0.1),
)
ABOVE, BADGE, CLEAR = 0.06, 0.083, 0.09


class Pad(anywidget.AnyWidget):
    """The live pad: a message {"id", "z"} is answered by {"id"} and 784 bytes of ink, or by {"id",
    "error"}.
    """

    _esm = SCRIPT + LIVE
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, decoded: Callable[[Tensor], bytes], options: dict) -> None:
        super().__init__(options=options)
        self.decoded = decoded
        self.on_msg(self._reply)

    def _reply(self, _, message: dict, __) -> None:
        try:
            ink = self.decoded(torch.tensor([message["z"]], dtype=torch.float32))
        except Exception as error:  # a front end shows nothing of what a callback raises
            said = f"{type(error).__name__}: {error}"
            self.send({"id": message["id"], "error": said}, [])
            return
        self.send({"id": message["id"]}, [ink])


# What the live pad and the still one show is computed once, for both.
def pad(
    decode: Callable[[Tensor], Tensor],
    codes: Tensor,
    images: Tensor,
    y: Tensor,
    *,
    reach: float,
    alt: str,
) -> None:
    """Show a plane of codes to drag on, and beside it the image decoded from the chosen place.

    The codes of known images are dots on the plane. The nearest one is ringed, and its image is
    shown, too. One output carries all: with a kernel the pad asks `decode`; on a page or in a deck
    it mixes tiles that were decoded now; where no script may run, a still picture shows five
    places.

    Args:
        decode: codes (n, 2) → images (n, 1, 28, 28) with ink in [0, 1], on the device of `codes`.
        codes: (N, 2), of known images.
        images: (N, 1, 28, 28), these images.
        y: (N,), their labels.
        reach: the plane goes from −reach to reach in both dimensions.
        alt: describes the pad for readers who cannot see it.

    Raises:
        ValueError: where the shapes do not fit, or `alt` is empty.
    """
    style.described(alt)
    if codes.ndim != 2 or codes.shape[1] != 2 or not len(codes) == len(images) == len(y):
        raise ValueError(
            "expected codes (N, 2), N images and N labels, got"
            f" {tuple(codes.shape)}, {tuple(images.shape)} and {tuple(y.shape)}"
        )

    @torch.no_grad()
    def ink(z: Tensor) -> np.ndarray:
        return _bytes(decode(z.to(codes.device)))

    corner = torch.tensor([reach, reach])
    options = {
        "span": [-reach, reach, -reach, reach],
        "start": [0.0, 0.0],
        "alt": alt,
        "codes": [[round(value, 3) for value in code] for code in codes.tolist()],
        "labels": y.tolist(),
        "colors": list(style.PALETTE),
        "badges": _badges(codes, y, reach / 8),  # of a plane 380 pixels wide: 24 pixels
        "prior": scatter.PRIOR_RADIUS,
        "across": ACROSS,
        "originals": _sprite(_bytes(images), ACROSS, 8),
    }
    tiles = _sprite(ink(latent.grid(-corner, corner, TILES)), TILES, 16)
    still = _still(lambda z: ink(z).reshape(-1, 28, 28) / 255, codes, y, reach)
    offline = {**options, "n": TILES, "sprite": tiles}
    live = Pad(lambda z: ink(z).tobytes(), options)
    # Where scripts run, the pad takes the place of the still picture; where they do not, it stays.
    page = (
        f'<div class="latent-pad"><img src="data:image/png;base64,{still}"'
        f' alt="{escape(alt)}"><script>(() => {{ {SCRIPT}\nconst el ='
        f" document.currentScript.parentNode, options = {json.dumps(offline)};\nlooking(options,"
        " (ask) => { el.replaceChildren(); pad(el, options, ask); }); })();</script></div>"
    )
    display({**widgets.view(live), "text/html": page, "text/plain": alt}, raw=True)


def _bytes(images: Tensor) -> np.ndarray:
    """Return the ink of images (n, 1, 28, 28) as (n, 784), from 0 to 255."""
    return (255 * images.clamp(0, 1)).byte().flatten(1).numpy(force=True)


def _sprite(ink: np.ndarray, across: int, greys: int) -> str:
    """Return images (n, 784) as tiles of one PNG, `across` of them in a row, as an address."""
    rows = -(-len(ink) // across)
    tiles = np.zeros((rows * across, 28, 28), np.uint8)
    tiles[: len(ink)] = ink.reshape(-1, 28, 28)
    side_by_side = tiles.reshape(rows, across, 28, 28).transpose(0, 2, 1, 3)
    picture = Image.fromarray(255 - side_by_side.reshape(28 * rows, 28 * across))
    small = picture.quantize(greys, dither=Image.Dither.NONE)
    return f"data:image/png;base64,{style.base64_of(small)}"


def _badges(codes: Tensor, y: Tensor, least: float) -> list[tuple[float, float, int]]:
    """Return the place of every label: its median code, moved where two are nearer than `least`."""
    labels = y.unique().tolist()
    medians = np.stack([codes[y == label].median(dim=0).values.tolist() for label in labels])
    places = scatter.spread(medians, least)
    return [
        (round(x, 3), round(up, 3), label)
        for (x, up), label in zip(places.tolist(), labels, strict=True)
    ]


def _paint(ax: plt.Axes, codes: Tensor, y: Tensor, reach: float) -> None:
    scatter.codes(codes, y, legend=False, ax=ax)
    for color, width, look in (("white", 4, "-"), ("black", 2, "--")):  # seen on dots
        ax.add_patch(
            plt.Circle(
                (0, 0), scatter.PRIOR_RADIUS, fill=False, ls=look, lw=width, color=color, zorder=2
            )
        )
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


def _free(wanted: np.ndarray, badges: np.ndarray) -> np.ndarray:
    """The place nearest to the wanted one where neither cross nor letter hides a badge, (2,)."""
    steps = np.linspace(-0.3, 0.3, 31)
    places = wanted + np.stack(np.meshgrid(steps, steps), axis=2).reshape(-1, 2)
    away = [np.linalg.norm(at[:, None] - badges, axis=2) for at in (places, places + [0, ABOVE])]
    hides = (np.minimum(*away) < CLEAR).any(axis=1)
    return places[(np.linalg.norm(places - wanted, axis=1) + 10 * hides).argmin()]


def _still(pictures: Callable[[Tensor], np.ndarray], codes: Tensor, y: Tensor, reach: float) -> str:
    """The plane with five marked places, and the picture of each beside it."""
    fig, (ax, side) = plt.subplots(1, 2, figsize=(8, 3.8), width_ratios=(1, 1))
    _paint(ax, codes, y, reach)
    badges = np.array([place for *place, _ in _badges(codes, y, 2 * reach * BADGE)])
    free = [_free(np.array(place), (badges / reach + 1) / 2) for place in PLACES]
    z = reach * (2 * torch.tensor(np.array(free), dtype=torch.float32) - 1)
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
