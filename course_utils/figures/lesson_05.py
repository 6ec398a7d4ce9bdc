"""Figures that only lesson 05 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor

from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_grid
from course_utils.figures.scatter import codes, prior
from course_utils.figures.style import PALETTE, show

BLUE, RED = PALETTE[0], PALETTE[2]


def growing_vae() -> None:
    """The autoencoder's diagram, which becomes the VAE's in two steps."""
    boxes = {"x": (0, 0), "E": (1, 0), "z": (3.4, 0), "D": (4.6, 0), "x̂": (5.8, 0), "L": (5.8, 1)}
    arrows = [("x", "E"), ("z", "D"), ("D", "x̂"), ("x̂", "L")]
    texts = {
        "x": "$x$", "z": "$z$", "x̂": "$\\hat{x}$", "L": "cross-entropy to $x$", "μ": "$\\mu$",
        "Σ": "$\\sigma$", "KL": "$D[Q(z|X) \\| P(z)]$", "ε": "$\\varepsilon$",
    }  # fmt: skip
    sampled = boxes | {"μ": (2, 0.45), "Σ": (2, -0.45), "ε": (3.4, -1)}
    noisy = [*arrows, ("E", "μ"), ("E", "Σ"), ("μ", "z"), ("Σ", "z"), ("ε", "z", "dashed")]
    steps = [
        (boxes, [*arrows, ("E", "z")], "the autoencoder"),
        (sampled, noisy, "changed: the code is sampled"),
        (sampled | {"KL": (2.9, 1.3)}, [*noisy, ("μ", "KL"), ("Σ", "KL")], "added: the KL term"),
    ]
    fig, axes = plt.subplots(3, 1, figsize=(9, 8.4))
    for ax, (boxes_now, arrows_now, title) in zip(axes, steps, strict=True):
        colors = {"L": BLUE, "KL": RED, "μ": RED, "Σ": RED, "ε": RED}
        diagram(boxes_now, arrows_now, texts=texts, ax=ax, colors=colors)
        ax.set(xlim=(-0.5, 7), ylim=(-1.5, 1.7))
        ax.set_title(title, loc="left")
    show(
        fig,
        alt="The diagram grows in three steps: x to E to z to D to the reconstruction with "
        "one loss; then E gives mu and sigma and z is sampled; then a second loss on both.",
    )


def planes(at: Mapping[str, Callable[[int], np.ndarray]], y: Tensor) -> Callable[[int, Axes], None]:
    """What an animation draws: the codes of two models side by side.

    Args:
        at: title → a function from a step to codes (N, 2).
        y: labels (N,).
    """

    def draw(step: int, ax: Axes) -> None:
        ax.axis("off")
        for i, (title, codes_at) in enumerate(at.items()):
            part, z = ax.inset_axes((0.53 * i, 0.06, 0.47, 0.86)), codes_at(step)
            if (
                z.std(axis=0).max() < 0.8
            ):  # all in one place: ten numbers in circles would only hide it
                part.scatter(*z.T, s=16, c=np.array(PALETTE)[y.cpu()], linewidths=0)
            else:
                codes(z, y, legend=False, ax=part)
            prior(part)
            part.set(title=f"{title}, step {step}", aspect="equal", xlim=(-8, 8), ylim=(-8, 8))
            part.set(xlabel="$z_1$", ylabel="$z_2$" if i == 0 else "")

    return draw


def grids(
    at: Mapping[str, Callable[[int], np.ndarray]], codes_of_side: Tensor
) -> Callable[[int, Axes], None]:
    """What an animation draws: decoded grids of the plane of two models side by side.

    Args:
        at: title → a function from a step to images (n², 1, 28, 28), row by row from the top.
        codes_of_side: the n values of z₁ and of z₂, ascending.
    """
    low, high = (round(codes_of_side[i].item(), 1) for i in (0, -1))

    def draw(step: int, ax: Axes) -> None:
        ax.axis("off")
        for i, (title, tiles_at) in enumerate(at.items()):
            part = ax.inset_axes((0.53 * i, 0.06, 0.47, 0.86))
            _map(part, tiles_at(step), codes_of_side, [low, 0.0, high])
            part.set_title(f"{title}, step {step}")
            if i:
                part.set(ylabel="", yticks=[])

    return draw


def _map(ax: Axes, tiles, codes_of_side: Tensor, shown: Sequence[float]) -> None:
    """A decoded grid of the plane without gaps; `shown` are the codes at its ticks."""
    n = len(codes_of_side)
    page = np.asarray(tiles).reshape(n, n, 28, 28).swapaxes(1, 2).reshape(28 * n, 28 * n)
    ax.imshow(page, vmin=0, vmax=1)
    middle = np.arange(n) * 28 + 13.5
    places = np.interp(shown, codes_of_side.numpy(force=True), middle)
    texts = [f"{code:.1f}".replace("-0.0", "0.0").replace("-", "−") for code in shown]
    ax.set_xticks(places, texts)
    ax.set_yticks(28 * n - 1 - places, texts)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.tick_params(length=0)
    ax.grid(visible=False)


def losses(curves: Mapping[str, Mapping[str, Sequence[float]]], steps: Sequence[int]) -> None:
    """Reconstruction, KL and their sum on test images, one panel for each model.

    Args:
        curves: title → {"reconstruction": …, "KL": …}, nats per image at the steps.
        steps: of the training.
    """
    fig, axes = plt.subplots(1, len(curves), figsize=(10, 3.8), sharey=True)
    for ax, (title, parts) in zip(axes, curves.items(), strict=True):
        error, kl = (np.asarray(parts[name]) for name in ("reconstruction", "KL"))
        for name, values, color, look in (
            ("sum = −ELBO", error + kl, "black", "-"),
            ("reconstruction", error, BLUE, "--"),
            ("KL", kl, RED, "-."),
        ):
            ax.plot(steps, values, look, color=color, label=name)
        ax.set(title=title, xlabel="step", ylim=(0, 260))
    axes[0].set_ylabel("nats per test image")
    axes[1].legend(fontsize=11)
    show(
        fig,
        alt="Reconstruction, KL and their sum over the steps, with the KL term and without: "
        "without it the reconstruction is lower, and the KL and the sum are higher.",
    )


def manifold(tiles: Tensor, codes_of_side: Tensor) -> None:
    """A decoded grid of the plane, large, with the codes of its columns and rows at the axes.

    Args:
        tiles: images (n², 1, 28, 28), row by row from the top.
        codes_of_side: the n values of z₁ and of z₂, ascending.
    """
    n = len(codes_of_side)
    ax = plt.subplots(figsize=(8, 8))[1]
    shown = sorted({0, n // 4, n // 2, n - 1 - n // 4, n - 1})
    _map(ax, tiles.numpy(force=True), codes_of_side, codes_of_side[shown].tolist())
    show(
        ax.figure,  # type: ignore[arg-type]
        alt=f"{n} by {n} decoded codes of the plane of the VAE with two latent dimensions: "
        "regions of different digits that flow into each other.",
    )


def posterior(
    mu: Tensor, sigma: Tensor, y: Tensor, x: Tensor, sampled: Sequence[tuple[Tensor, Tensor]]
) -> Callable[[int, Axes], None]:
    """What a slider draws: Q(z|X) of one image as an ellipse, a sample of it, and its decoding.

    Args:
        mu: means of N images, (N, 2).
        sigma: standard deviations, (N, 2).
        y: their labels (N,).
        x: the images to choose from, (n, 1, 28, 28), n ≤ N.
        sampled: for each of them a code (2,) and the image (1, 28, 28) that it decodes to.
    """
    mu, sigma, reach = mu.cpu(), sigma.cpu(), 0.25

    def draw(number: int, ax: Axes) -> None:
        ax.axis("off")
        (a, b), (z, decoded) = mu[number].tolist(), sampled[number]
        left, zoom = ax.inset_axes((0, 0, 0.34, 1)), ax.inset_axes((0.4, 0.12, 0.24, 0.76))
        codes(mu, y, legend=False, ax=left)
        left.add_patch(
            plt.Rectangle(
                (a - reach, b - reach), 2 * reach, 2 * reach, fc="none", ec="black", lw=2, zorder=9
            )
        )
        left.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")
        zoom.scatter(*mu.T, c=np.array(PALETTE)[y.cpu()], s=30, alpha=0.6, linewidths=0)
        size = 4 * sigma[number].numpy()  # two standard deviations to either side
        zoom.add_patch(Ellipse((a, b), *size, fc="none", ec="black", lw=2, zorder=9))
        zoom.plot(*z.cpu(), "x", color="black", ms=9, mew=2, zorder=9)
        zoom.set(xlim=(a - reach, a + reach), ylim=(b - reach, b + reach), aspect="equal")
        zoom.set(xticks=[], yticks=[], title="enlarged")
        both = torch.stack([x[number], decoded])
        image_grid(both, labels=["X", "decoded"], ax=ax.inset_axes((0.68, 0, 0.32, 1)))

    return draw


def costs(kl: Tensor, active: int) -> None:
    """KL of each latent dimension, sorted, (k,) in nats; `active` of them are active."""
    kl = kl.sort(descending=True).values.cpu()
    ax = plt.subplots(figsize=(7, 3.2))[1]
    ax.bar(range(1, len(kl) + 1), kl, color=[BLUE if i < active else "0.7" for i in range(len(kl))])
    ax.set(xlabel=f"the {len(kl)} latent dimensions, sorted by cost", ylabel="KL (nats)")
    show(
        ax.figure,  # type: ignore[arg-type]
        alt=f"Bars of the KL of each of the {len(kl)} latent dimensions, in falling order.",
    )


def plane_of(known: Tensor, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a function that draws a map of the plane of codes with one Q(z|X) on it.

    Args:
        known: codes of test digits, (N, 2), dots in the colours of their labels.
        y: their labels (N,).

    Returns:
        (mean (2,), standard deviations (2,)) → the map as one image (1, 3, h, w), in which 1 minus
        a channel is its light. The ellipse reaches two standard deviations, and is at least a dot;
        a cross leads to it.
    """
    fig = Figure(figsize=(2.8, 2.6), dpi=160)  # not of pyplot, which would show it
    canvas, ax = FigureCanvasAgg(fig), fig.add_subplot()
    codes(known, y, legend=False, ax=ax)
    prior(ax)
    ax.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")
    cross = [line(0, color="black", lw=1, zorder=2) for line in (ax.axvline, ax.axhline)]
    ellipse = ax.add_patch(Ellipse((0, 0), 1, 1, fc="black", ec="black", lw=4, zorder=9))

    def draw(mu: Tensor, sigma: Tensor) -> Tensor:
        (a, b), (wide, high) = mu.tolist(), (4 * sigma).tolist()
        cross[0].set_xdata([a, a])
        cross[1].set_ydata([b, b])
        ellipse.set(center=(a, b), width=wide, height=high)
        canvas.draw()
        light = np.asarray(canvas.buffer_rgba())[..., :3] / 255
        return 1 - torch.from_numpy(light).float().permute(2, 0, 1)[None]

    return draw
