"""Figures that only lesson 06 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor, cat

from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_grid, manifolds
from course_utils.figures.scatter import codes, prior
from course_utils.figures.style import PALETTE, show

BLUE, ORANGE, RED = PALETTE[0], PALETTE[1], PALETTE[2]


def moons(points: Tensor, lines: Mapping[str, Sequence[Tensor]]) -> None:
    """Data in the plane, and the lines that decoders generate.

    Args:
        points: the data (N, 2).
        lines: title of a panel → the points (M, 2) of the line under each of two labels.
    """
    fig, axes = plt.subplots(1, len(lines), figsize=(10, 4), sharex=True, sharey=True)
    for ax, (title, both) in zip(axes, lines.items(), strict=True):
        ax.scatter(*points.T, s=4, color="0.7")
        for label, (line, style) in enumerate(zip(both, ("-", "--"), strict=True)):
            ax.plot(*line.T, style, color=(BLUE, RED)[label])
        ax.set(title=title, xlabel="$x_1$", aspect="equal")
    axes[0].set_ylabel("$x_2$")
    show(
        fig,
        alt="Two half moons of grey points. Left one line runs along both and crosses the "
        "gap between them; right each has a line of its own.",
    )


def conditional_vae() -> None:
    """The VAE's diagram with the label, in red, into both networks."""
    boxes = {
        "x": (0, 0), "E": (1, 0), "μ": (2, 0.45), "σ": (2, -0.45), "z": (3.2, 0), "ε": (3.2, 1),
        "D": (4.4, 0), "x̂": (5.5, 0), "y": (2.7, -1.5),
    }  # fmt: skip
    arrows = [
        ("x", "E"), ("E", "μ"), ("E", "σ"), ("μ", "z"), ("σ", "z"), ("ε", "z", "dashed"),
        ("z", "D"), ("D", "x̂"), ("y", "E"), ("y", "D"),
    ]  # fmt: skip
    texts = {
        "x": "$x$", "μ": r"$\mu$", "σ": r"$\sigma$", "z": "$z$", "ε": r"$\varepsilon$",
        "x̂": r"$\hat{x}$", "y": "label $y$",
    }  # fmt: skip
    colors = {"y": RED, ("y", "E"): RED, ("y", "D"): RED}
    ax = diagram(boxes, arrows, texts=texts, colors=colors)
    show(
        ax.figure,  # type: ignore[arg-type]
        alt="The VAE's diagram without its two losses and with the label y, with "
        "an arrow into the encoder E and one into the decoder D.",
    )


def grids(frame_at: Callable[[int], np.ndarray]) -> Callable[[int, Axes], None]:
    """What an animation draws: decoded grids under the ten labels.

    Args:
        frame_at: step → images (10, n², 1, 28, 28).
    """

    def draw(step: int, ax: Axes) -> None:
        manifolds(frame_at(step), names=range(10), columns=5, ax=ax)
        ax.set_title(f"step {step}", loc="left")

    return draw


def codes_of(frame_at: Callable[[int], np.ndarray], y: Tensor) -> Callable[[int, Axes], None]:
    """What an animation draws: codes, coloured by label.

    While every label keeps to a spot of its own, its number stands beside the spots, with a line.

    Args:
        frame_at: step → codes (N, 2).
        y: labels (N,).
    """
    labels = y.numpy(force=True)

    def draw(step: int, ax: Axes) -> None:
        z = frame_at(step)
        within = max(z[labels == label].std(axis=0).max() for label in np.unique(labels))
        if within < 0.2:
            _spots(ax, z, labels)
        else:
            codes(z, y, legend=False, ax=ax)
        _plane(ax, f"conditional VAE, step {step}")

    return draw


def _spots(ax: Axes, z: np.ndarray, labels: np.ndarray) -> None:
    """Codes (N, 2) as large dots; the numbers stand in a circle around them, in the same order."""
    ax.scatter(*z.T, c=np.array(PALETTE)[labels], s=16, linewidths=0, zorder=3)
    names = np.unique(labels)
    spots = np.stack([np.median(z[labels == label], axis=0) for label in names])
    middle = spots.mean(axis=0)
    angles = np.arctan2(*(spots - middle).T[::-1])
    reach = max(1.2, np.linalg.norm(spots - middle, axis=1).max() + 0.4)
    evenly = np.empty(len(names))
    evenly[angles.argsort()] = 2 * np.pi * np.arange(len(names)) / len(names)
    evenly += np.angle(np.exp(1j * (angles - evenly)).mean())  # turned to where the spots lie
    for label, spot, angle in zip(names, spots, evenly, strict=True):
        at = np.clip(middle + reach * np.array([np.cos(angle), np.sin(angle)]), -3.2, 3.2)
        ax.plot(*np.stack([spot, at]).T, color=PALETTE[label], lw=1, zorder=2)
        box = {"boxstyle": "circle,pad=0.1", "fc": "white", "ec": "none"}
        ax.text(at[0], at[1], str(label), weight="bold", ha="center", va="center", bbox=box)


def _plane(ax: Axes, title: str) -> None:
    prior(ax)
    ax.set(title=title, xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal",
           xlabel="$z_1$", ylabel="$z_2$")  # fmt: skip


def two_clouds(mu: Mapping[str, Tensor], y: Tensor) -> None:
    """Codes (N, 2) of the same images by two models, coloured by their labels y (N,)."""
    fig, axes = plt.subplots(1, len(mu), figsize=(10, 4.6), sharex=True, sharey=True)
    for ax, (name, z) in zip(axes, mu.items(), strict=True):
        codes(z, y, legend=ax is axes[-1], ax=ax)
        _plane(ax, name)
    show(
        fig,
        alt="Codes of two thousand test digits, coloured by label: mostly "
        "mixed in the conditional VAE, in regions that partly overlap in the VAE.",
    )


def ten_by_ten(x: Tensor, written: Tensor, *, label: int) -> None:
    """Given digits in the first column, each of them written as all ten digits beside it.

    Args:
        x: images (n, 1, 28, 28) of one label.
        written: images (n, 10, 1, 28, 28).
        label: of the given digits.
    """
    rows = cat([x[:, None], written], dim=1).flatten(0, 1)  # (11 n, 1, 28, 28)
    ax = image_grid(rows, columns=11, ax=plt.subplots(figsize=(7.5, 7))[1])
    for column, head in enumerate(["given", *range(10)]):
        ax.text(16 + 30 * column, 0, str(head), ha="center", va="bottom", weight="bold")
    ax.axvline(31, color="black", lw=1)
    show(
        ax.figure,  # type: ignore[arg-type]
        alt=f"Ten test digits of label {label} in the first column; in each row the same code "
        f"written as all ten digits, leaning as the {label} does.",
    )


def page(written: Tensor) -> None:
    """Random codes, one in each row, written as all ten digits: images (n, 10, 1, 28, 28)."""
    ax = image_grid(written.flatten(0, 1), columns=10, ax=plt.subplots(figsize=(6.8, 7))[1])
    for column in range(10):
        ax.text(16 + 30 * column, 0, str(column), ha="center", va="bottom", weight="bold")
    show(
        ax.figure,  # type: ignore[arg-type]
        alt="Ten random codes, one in each row, each decoded under the ten labels: in every column "
        "the requested digit, in every row one way of writing.",
    )


def leak(rows: Mapping[int, Mapping[str, float]], steps: Sequence[int], during: np.ndarray) -> None:
    """How well the label is read from the code, and from what is written.

    Args:
        rows: latent dimensions → the shares "linear from μ", "kNN from μ" and the two accuracies.
        steps: of the training of the largest model.
        during: the same three shares at these steps, (T, 3), the accuracies as one.
    """
    looks = {
        "label from μ, linear": ("s--", ORANGE),
        "label from μ, kNN": ("o-", RED),
        "label accuracy": ("^-", BLUE),
    }
    shares = [
        [row["linear from μ"], row["kNN from μ"],
         (row["accuracy, from 1"] + row["accuracy, from 5"]) / 2]
        for row in rows.values()
    ]  # fmt: skip
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
    for i, (name, (style, color)) in enumerate(looks.items()):
        axes[0].plot(list(rows), [row[i] for row in shares], style, color=color, label=name)
        axes[1].plot(steps, during[:, i], style, color=color)
    axes[0].set(xlabel="latent dimensions", ylabel="share", title="after 800 steps", ylim=(0, 1.05))
    axes[0].set_xscale("log", base=2)
    axes[0].set_xticks(list(rows), labels=list(rows))
    axes[1].set(xlabel="step", title=f"{max(rows)} dimensions, during training")
    for ax in axes:
        ax.axhline(0.1, color="0.5", ls=":", lw=1)
    axes[0].legend(frameon=False, fontsize=10, loc="center left", bbox_to_anchor=(0, 0.62))
    show(
        fig,
        alt="Left: with more latent dimensions both probes read the label better, the nearest "
        "neighbours far better, and fewer digits are the requested ones. Right: the same over "
        "the steps of the largest model.",
    )
