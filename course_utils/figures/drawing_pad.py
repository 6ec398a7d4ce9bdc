"""The drawing pad: draw a digit, and the models of a lesson answer."""

from collections.abc import Callable, Mapping
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets
from IPython.display import display
from PIL import Image
from torch import Tensor

from course_utils import data
from course_utils.figures import grids, style, widgets

SCRIPT = (Path(__file__).parent / "drawing_pad.js").read_text(encoding="utf-8")
SIDE = 112  # of the drawing that the script sends, in pixels
STILL = 3  # examples that the still picture shows

Answer = Callable[[Tensor], Mapping[str, Tensor]]


class DrawingPad(anywidget.AnyWidget):
    """The live pad: {"id"} and a drawing of SIDE × SIDE bytes are answered by images as bytes."""

    _esm = SCRIPT
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, answer: Answer, options: dict) -> None:
        super().__init__(options=options)
        self.answer = answer
        self.on_msg(self._reply)

    def _reply(self, _, message: dict, buffers: list) -> None:
        ink = np.frombuffer(buffers[0], np.uint8).reshape(SIDE, SIDE) / 255
        try:
            rows = self.answer(data.centred(torch.from_numpy(ink).float()))
        except Exception as error:  # a front end shows nothing of what a callback raises
            said = f"{type(error).__name__}: {error}"
            self.send({"id": message["id"], "error": said, "rows": []})
            return
        images = torch.cat([x.detach().flatten() for x in rows.values()])
        shapes = [[caption, *x.shape] for caption, x in rows.items()]
        ink = (255 * images.clamp(0, 1)).round().byte().numpy(force=True)
        self.send({"id": message["id"], "rows": shapes}, [ink.tobytes()])


def drawing(answer: Answer, examples: Tensor, *, alt: str) -> None:
    """Show a sheet to draw a digit on, and beside it what `answer` makes of the digit.

    The drawing is centred as MNIST's digits were (`data.centred`). A row of examples stands below
    the sheet, for readers who do not draw. Without a kernel a still picture shows the first three.

    Args:
        answer: from an image (1, 1, 28, 28) in [0, 1] to images (n, 1, h, w), by their captions.
            Several images, n > 1, are 28 × 28 pixels each. A single one may have three channels:
            the ink of a coloured picture, 1 minus its red, green and blue.
        examples: images (N, 1, 28, 28).
        alt: describes the picture for readers who cannot see it.
    """
    style.described(alt)
    if examples.shape[1:] != (1, 28, 28) or not len(examples):
        raise ValueError(f"expected examples (N, 1, 28, 28), got {tuple(examples.shape)}")
    answer = widgets.pinned(answer)
    thumbs = (255 - 255 * examples[:, 0]).byte().numpy(force=True)
    sources = [
        f"data:image/png;base64,{style.base64_of(Image.fromarray(image))}" for image in thumbs
    ]
    live = DrawingPad(lambda x: answer(x.to(examples.device)), {"alt": alt, "examples": sources})
    still = _still([answer(x[None]) for x in examples[:STILL]])
    about = {"alt": alt, "text": style.smallest_text(still)}
    bundle = {**widgets.view(live), "image/png": style.png(still), "text/plain": alt}
    display(bundle, metadata={"image/png": about}, raw=True)


def _still(answers: list[Mapping[str, Tensor]]) -> plt.Figure:
    """One row for each example, with one panel for each caption."""
    panels = list(answers[0].values())
    columns = [min(len(x), 10 // max(1, sum(len(x) > 1 for x in panels))) for x in panels]
    # Width and height of each panel, in tiles; a coloured picture may have letters.
    shares = [
        (1.7, 1.7) if x.shape[1] > 1 else (n, -(-len(x) // n))
        for x, n in zip(panels, columns, strict=True)
    ]
    total = sum(across for across, _ in shares)
    tile = min(1.8, 10 / total)
    fig, axes = plt.subplots(
        len(answers),
        len(columns),
        figsize=(tile * total, len(answers) * (0.5 + tile * max(tall for _, tall in shares))),
        width_ratios=[across for across, _ in shares],
        squeeze=False,
    )
    for rows, line in zip(answers, axes, strict=True):
        for (caption, x), n, ax in zip(rows.items(), columns, line, strict=True):
            if len(x) > 1:
                grids.image_grid(x, columns=n, ax=ax)
            else:
                ink = x[0].permute(1, 2, 0).numpy(force=True)
                ax.imshow(ink if len(x[0]) == 1 else 1 - ink, vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set(visible=len(x[0]) == 1, color="0.8")
                ax.grid(visible=False)
            ax.set_title(caption, size=9)
    return fig
