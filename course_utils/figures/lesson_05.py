"""Figures that only lesson 05 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from torch import Tensor

from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_grid, manifolds
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


def grids(at: Mapping[str, Callable[[int], np.ndarray]]) -> Callable[[int, Axes], None]:
    """What an animation draws: decoded grids (n², 1, 28, 28) of two models side by side."""

    def draw(step: int, ax: Axes) -> None:
        tiles = np.stack([tiles_at(step) for tiles_at in at.values()])
        manifolds(tiles, names=list(at), columns=2, ax=ax)
        ax.set_title(f"step {step}", loc="left")

    return draw


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
    page = tiles.numpy(force=True).reshape(n, n, 28, 28).swapaxes(1, 2).reshape(28 * n, 28 * n)
    ax.imshow(page, vmin=0, vmax=1)
    shown = sorted({0, n // 4, n // 2, n - 1 - n // 4, n - 1})
    middle = np.arange(n) * 28 + 13.5
    texts = [f"{codes_of_side[i]:.1f}".replace("-0.0", "0.0") for i in shown]
    ax.set_xticks(middle[shown], texts)
    ax.set_yticks(middle[::-1][shown], texts)
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    ax.tick_params(length=0)
    ax.grid(visible=False)
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


def plane_of(mu: Tensor, sigma: Tensor, known: Tensor, side: int = 112) -> Tensor:
    """A small map of the plane from −3.5 to 3.5: known codes in grey, an ellipse in black.

    Args:
        mu: centre of the ellipse, (2,).
        sigma: its standard deviations, (2,); the border lies at two of them.
        known: codes (N, 2).
        side: of the map, in pixels.

    Returns:
        One image (1, 1, side, side); 1 is black.
    """

    def place(z: Tensor) -> Tensor:  # codes → columns and rows
        return ((z.cpu() + 3.5) / 7 * (side - 1)).round().long().clamp(0, side - 1)

    page = torch.zeros(side, side)
    column, row = place(mu).tolist()
    page[side - 1 - row], page[:, column] = 0.2, 0.2  # a cross, for ellipses can be tiny
    at = place(known)
    page[side - 1 - at[:, 1], at[:, 0]] = 0.5
    line = torch.linspace(-3.5, 3.5, side)
    z1, z2 = line[None, :], line.flip(0)[:, None]
    wide = sigma.clamp_min(0.03)  # at least a dot
    page[((z1 - mu[0]) / wide[0]) ** 2 + ((z2 - mu[1]) / wide[1]) ** 2 < 4] = 1
    return page[None, None]
