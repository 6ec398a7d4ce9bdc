"""The course's look, and how a figure is shown. Importing the module sets the look."""

import base64
import io
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from PIL import Image

# Ten colours chosen to stay apart for colour-blind readers (Petroff 2021, arXiv:2107.02270): the
# digits 0 … 9, everywhere. Of his two greys, which are hard to tell apart as dots, the lighter one
# is nearly black here.
PALETTE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#2b2b2b",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)

plt.rcParams.update(
    {
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "font.size": 12,
        "axes.titlesize": 12,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": 2,
        "axes.prop_cycle": plt.cycler(color=PALETTE),
        "image.cmap": "gray_r",
        "image.interpolation": "nearest",
    }
)


def show(fig: Figure, *, alt: str) -> None:
    """Display a figure with its text for those who cannot see it, and close it.

    The output's metadata hold that text, and the size of the smallest letters in the picture: a
    slide must not make them smaller than can be read.

    Raises ValueError without that text.
    """
    from IPython.display import display

    described(alt)
    about = {"alt": alt, "text": smallest_text(fig)}
    display({"image/png": png(fig), "text/plain": alt}, metadata={"image/png": about}, raw=True)


def smallest_text(fig: Figure) -> float | None:
    """The font size of the smallest text of a figure, in pixels of its picture; None without."""
    sizes = []

    # Only what is really drawn gets here: not the labels of an axis that is switched off.
    def note(gc, x, y, s, font, *more, **named) -> None:
        sizes.append(font.get_size())

    renderer = RendererAgg(fig.bbox.width, fig.bbox.height, fig.dpi)
    renderer.draw_text = note  # type: ignore[method-assign, assignment]
    fig.draw(renderer)
    return round(min(sizes) * fig.dpi / 72, 1) if sizes else None


def png(fig: Figure, *, fast: bool = False) -> str:
    """The figure as PNG in base64, with 256 colours: a third of the space. Closes it.

    fast: keep all colours, which takes half the time; for pictures that nobody stores.
    """
    from PIL import Image

    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", bbox_inches="tight")
    plt.close(fig)
    if fast:
        return base64.b64encode(drawn.getvalue()).decode()
    return base64_of(limited(Image.open(drawn).convert("RGB"), 256))


def base64_of(image: "Image.Image") -> str:
    """An image as PNG in base64."""
    out = io.BytesIO()
    image.save(out, format="png", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def limited(image: "Image.Image", colors: int) -> "Image.Image":
    """An RGB image with so many colours, among them exactly those of PALETTE, black and white.

    Pillow alone would merge some of the ten: it merges what is near and rare, as the dots of a
    legend are beside a large picture.
    """
    from PIL import Image

    pixels = np.asarray(image)
    kept = [np.rint(255 * np.array(to_rgb(name))) for name in (*PALETTE, "black", "white")]
    reduced = image.quantize(colors - len(kept), dither=Image.Dither.NONE)
    index = np.array(reduced)
    own = (reduced.getpalette() or [])[: 3 * (colors - len(kept))]
    for n, color in enumerate(kept):
        index[(pixels == color).all(axis=2)] = len(own) // 3 + n
    limited = Image.fromarray(index)  # its palette makes it one of colours
    limited.putpalette([*own, *np.concatenate(kept).astype(int).tolist()])
    return limited


def described(alt: str) -> str:
    """`alt`, after making sure that there is one."""
    if not alt.strip():
        raise ValueError("a figure needs alt text: say in a sentence what it shows")
    return alt
