"""Figures that only lesson 09 shows."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.figures.diagrams import TAXONOMY, diagram, tree
from course_utils.figures.grids import image_grid, image_rows
from course_utils.figures.style import PALETTE, show

COLORS = {"E": PALETTE[0], "D": PALETTE[1], "Dis": PALETTE[2]}


def four_models() -> None:
    """Boxes and arrows of autoencoder, VAE, GAN and VAE/GAN."""
    of_ae = [("x", "E"), ("E", "z"), ("z", "D"), ("D", "x̂")]
    of_vae = [*of_ae, ("N(0, I)", "z")]
    of_gan = [
        ("N(0, I)", "z"),
        ("z", "D"),
        ("D", "x̂"),
        ("x̂", "Dis"),
        ("x", "Dis"),
        ("Dis", "real?"),
    ]
    feeds = {"autoencoder": of_ae, "VAE": of_vae, "GAN": of_gan, "VAE/GAN": [*of_vae, *of_gan]}
    places = {
        "x": (0, 0), "E": (1.1, 0), "z": (2.2, 0), "D": (3.3, 0), "x̂": (4.4, 0),
        "N(0, I)": (2.2, 1), "Dis": (2.6, -1.2), "real?": (4.2, -1.2),
    }  # fmt: skip
    texts = {name: f"${name}$" for name in "xzED"}
    texts |= {"x̂": r"$\hat x$", "N(0, I)": r"$\mathcal{N}(0, I)$"}
    fig, axes = plt.subplots(2, 2, figsize=(10.5, 4.8), height_ratios=(2, 3))
    for ax, (model, arrows) in zip(axes.flat, feeds.items(), strict=True):
        boxes = {name: at for name, at in places.items() if any(name in arrow for arrow in arrows)}
        diagram(boxes, arrows, texts=texts, colors=COLORS, ax=ax)
        ax.set(xlim=(-0.5, 5), ylim=(-1.6 if "Dis" in boxes else -0.5, 1.4))
        ax.set_title(model, loc="left", weight="bold")
    show(
        fig,
        alt="Four diagrams of the same boxes: the autoencoder from x over E, z and D to a "
        "reconstruction; the VAE with N(0, I) above z; the GAN from N(0, I) over z and D to Dis, "
        "which also gets x; the VAE/GAN with all of these arrows.",
    )


def three_losses() -> None:
    """The VAE/GAN's networks, where each term of the losses is computed, and whom it trains."""
    places = {
        "x": (0, 0), "E": (1.2, 0), "z": (2.4, 0), "D": (3.6, 0), "x̂": (4.8, 0),
        "N(0, I)": (2.4, 1.1), "KL": (1.2, 1.1), "x again": (4.8, 2.2),
        "Dis_l": (6.2, 0), "Dis_l again": (6.2, 2.2), "distance": (6.2, 1.1),
        "rest": (7.9, 1.1), "game": (9.5, 1.1),
    }  # fmt: skip
    arrows = [
        ("x", "E"), ("E", "z"), ("N(0, I)", "z"), ("z", "D"), ("D", "x̂"), ("x̂", "Dis_l"),
        ("x again", "Dis_l again"), ("E", "KL", "dotted"), ("Dis_l", "distance", "dotted"),
        ("Dis_l again", "distance", "dotted"), ("Dis_l", "rest"), ("Dis_l again", "rest"),
        ("rest", "game", "dotted"),
    ]  # fmt: skip
    texts = {name: f"${name}$" for name in "xzED"}
    texts |= {
        "x̂": r"$\hat x$", "N(0, I)": r"$\mathcal{N}(0, I)$", "x again": "$x$",
        "Dis_l": r"$\mathrm{Dis}_l$", "Dis_l again": r"$\mathrm{Dis}_l$",
        "rest": "rest of Dis",
    }  # fmt: skip
    of_dis = dict.fromkeys(("Dis_l", "Dis_l again", "rest"), COLORS["Dis"])
    colors = {**COLORS, **of_dis, **dict.fromkeys(("KL", "distance", "game"), "0.6")}
    fig, ax = plt.subplots(figsize=(11, 3.9))
    diagram(places, arrows, texts=texts, colors=colors, ax=ax)
    ax.set_xlim(-0.5, 10.3)
    trained = {"KL": (0.7, 1.65, "E"), "distance": (4.3, 1.1, "E D"), "game": (8.8, 1.65, "D Dis")}
    for x, y, networks in trained.values():  # beside its term
        ax.text(x, y, "trains", va="center", fontsize=12)
        for i, name in enumerate(networks.split()):
            chip = {"boxstyle": "round,pad=0.25", "fc": COLORS[name], "ec": "none", "alpha": 0.5}
            said = texts.get(name, name)
            ax.text(x + 0.65 + 0.38 * i, y, said, va="center", fontsize=13, bbox=chip)
    show(
        fig,
        alt="The VAE/GAN: x goes through E to z, z or a sample of N(0, I) through D to x̂; x and x̂ "
        "go through the layer Dis_l and the rest of Dis. The KL, computed at E, trains E. The "
        "distance of the two outputs of Dis_l trains E and D. The game at the end trains D and "
        "Dis.",
    )


def gradients(
    norms: Mapping[tuple[str, str], float],
    weight: Mapping[tuple[str, str], float],
    rows: Sequence[str],
) -> None:
    """A table of gradient norms, those that are used in colour.

    Args:
        norms: (term, network) → norm; 0 where there is no gradient.
        weight: (term, network) → weight in the network's loss, for the gradients that are used.
        rows: the terms in their order.
    """
    columns = list(COLORS)
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    for (term, network), norm in norms.items():
        row, column, used = rows.index(term), columns.index(network), weight.get((term, network))
        text = _number(norm) if norm else "none"
        if norm and not used:
            text += ", dropped"
        elif used not in (None, 1):
            text = f"γ · {text} = {_number(used * norm)}"
        color = COLORS[network] if used else "0.85" if norm else "white"
        ax.add_patch(plt.Rectangle((column - 0.45, row - 0.4), 0.9, 0.8, alpha=0.5, color=color))
        weighty = "bold" if used else None
        ax.text(column, row, text, va="center", ha="center", fontsize=10.5, weight=weighty)
    ax.set(xlim=(-0.5, 2.5), ylim=(3.5, -0.5), xticks=range(3), yticks=range(4))
    ax.set_title("gradient norms, networks untrained")
    ax.set_xticklabels(["$E$", "$D$", "Dis"])
    ax.set_yticklabels(rows)
    ax.grid(False)
    show(
        fig,
        alt="Gradient norms, four terms by three networks. Used: KL for E, distance "
        "for E and D, fool for D, tell apart for Dis. Two pairs have none; five are dropped.",
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def layer_sees(
    images: Mapping[str, Tensor], share: Mapping[str, Sequence[float]], kinds: Sequence[str]
) -> None:
    """Changed images, and how far each change is for several measures.

    Args:
        images: kind of change → images; the first row shows the originals.
        share: measure → distance of every kind, divided by that of another image.
        kinds: of change, in this order.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), width_ratios=(1, 1.5))
    image_rows(images, ax=left)
    for i, (measure, values) in enumerate(share.items()):
        heights = np.arange(len(kinds)) + 0.15 * (i - 1.5)
        right.plot(values, heights, "osD^"[i], ms=9, label=measure)
    right.axvline(1, color="0.4", ls=":", lw=1.5)
    right.text(0.9, -0.9, "another image", ha="right")
    right.set(
        xscale="log", yticks=range(len(kinds)), yticklabels=kinds, ylim=(len(kinds) - 0.4, -1.4),
        xlabel="squared distance ÷ that of another image",
    )  # fmt: skip
    right.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    show(
        fig,
        alt="Left: digits moved, cut and blurred. Right: how far each change is, in "
        "pixels, in our layer and the last layer of the discriminator, and in the classifier.",
    )


def rewritten(x: Tensor, written: Mapping[str, Tensor]) -> None:
    """Given digits, one a row, and beside them each written as all ten digits by several models.

    Args:
        x: images (N, 1, 28, 28).
        written: model → images (N, 10, 1, 28, 28).
    """
    widths, height = [32, *(302 for _ in written)], 30 * len(x) + 2  # as `image_grid` draws
    size = (13, 13 * (height + 36) / (sum(widths) + 20))
    fig, axes = plt.subplots(1, 1 + len(written), figsize=size, width_ratios=widths)
    image_grid(x, columns=1, ax=axes[0])
    axes[0].text(16, 0, "given", ha="center", va="bottom")
    for ax, (model, images) in zip(axes[1:], written.items(), strict=True):
        image_grid(images.flatten(0, 1), columns=10, ax=ax)
        ax.text(151, -16, model, ha="center", va="bottom", weight="bold")
        for y in range(10):
            ax.text(16 + 30 * y, 0, str(y), ha="center", va="bottom")
    for ax in axes:
        ax.set_ylim(height, -34)
    show(
        fig,
        alt="Ten test digits from thin to bold, one a row, and each of them written as all ten "
        "digits: softly, and with its thickness, by the conditional VAE; crisply, and only in part "
        "with its thickness, by the conditional VAE/GAN.",
    )


def walk(rows: Mapping[str, Tensor], ax: Axes) -> None:
    """Rows of eleven images: an original, nine steps, the other original."""
    image_rows(rows, heads=["original", *[""] * 9, "original"], ax=ax)


def samples_of(conditional: Mapping[str, Tensor], unconditional: Mapping[str, Tensor]) -> None:
    """Ten samples of each model: above those with a requested label, below the others."""
    heights = (len(conditional) + 0.4, len(unconditional))
    fig, (above, below) = plt.subplots(2, 1, figsize=(7.5, 6.6), height_ratios=heights)
    image_rows(conditional, heads=[str(y) for y in range(10)], ax=above)
    image_rows(unconditional, ax=below)
    show(
        fig,
        alt="Ten samples of each model: under ten training images 0 to 9 the conditional "
        "models; then the models that generate any digit.",
    )


def map_of_models(notes: Mapping[str, str]) -> None:
    """Goodfellow's tree, with what each trained leaf can do: leaf → text."""
    fig, ax = plt.subplots(figsize=(15.5, 5))
    tree(TAXONOMY, notes=notes, otherwise="no lesson", ax=ax)
    show(
        fig,
        alt="Lesson 01's tree of generative models; beside each trained leaf the Fréchet distance "
        "of its samples and what else it can do.",
    )
