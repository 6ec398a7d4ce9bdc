"""Figures that only lesson 07 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_rows, manifolds
from course_utils.figures.style import PALETTE, show

REAL, GENERATED, DIS, BEST = "0.35", PALETTE[2], PALETTE[4], "black"
DATA_AND_G = ("#94a4a2", PALETTE[2])  # densities of the data and of the generator
LOSSES = {"Dis": DIS, "G": GENERATED}
REACH = 3  # of the plane, from −3 to 3
# Dis, from 0 to 1. Few levels, so that all of them survive in images of few colours.
MAP = LinearSegmentedColormap.from_list("Dis", [PALETTE[1], "#fff8ef", "#9a54cc"], N=15)


def two_turns(norms: Mapping[tuple[str, str], float]) -> None:
    """The way of the data (grey) and of the gradient (red) in the turn of each player.

    Args:
        norms: (player whose turn it is, place) → norm of the gradient there. The places are "Dis"
            and "G" (parameters) and "x̂" (generated numbers).
    """
    places = {
        "z": (0, 0), "G": (1.3, 0), "x̂": (2.6, 0), "x": (2.6, 1), "Dis": (4.3, 0), "loss": (6, 0),
    }  # fmt: skip
    texts = {"x̂": r"$\hat x$", "x": "$x$", "z": "$z$", "G": "$G$"}
    fig, (upper, lower) = plt.subplots(2, 1, figsize=(8, 5), height_ratios=(2.4, 1.7))
    forward = [("z", "G"), ("G", "x̂"), ("Dis", "loss")]
    diagram(places, [*forward, ("x̂", "Dis", "dotted", "cut"), ("x", "Dis")], texts=texts,
            colors={"Dis": GENERATED}, ax=upper)  # fmt: skip
    _back(upper, places, [("loss", "Dis", norms["Dis", "Dis"])])
    upper.set_title("turn of Dis: the parameters of Dis move", loc="left", weight="bold")
    del places["x"]
    diagram(places, [*forward, ("x̂", "Dis")], texts=texts, colors={"G": GENERATED}, ax=lower)
    lower.text(4.3, 0.34, f"frozen: {norms['G', 'Dis']:.3f} is not stored", ha="center",
               color="0.4")  # fmt: skip
    ways = [("loss", "Dis", None), ("Dis", "x̂", norms["G", "x̂"]), ("x̂", "G", norms["G", "G"])]
    _back(lower, places, ways)
    lower.set_title("turn of G: the parameters of G move", loc="left", weight="bold")
    show(
        fig,
        alt="Two diagrams with the data going from left to right. In the turn of Dis the gradient "
        "goes back from the loss into Dis and stops there. In the turn of G it passes through Dis "
        "and the generated numbers into G.",
    )


def _back(
    ax: Axes, places: Mapping[str, tuple[float, float]], ways: Sequence[tuple[str, str, float]]
) -> None:
    """Red arrows below the boxes, from right to left, each with a norm or None."""
    ax.set_ylim(ax.get_ylim()[0] - 0.35, None)
    for start, end, norm in ways:
        (x0, y), (x1, _) = places[start], places[end]
        look = {"arrowstyle": "-|>", "color": GENERATED, "lw": 1.8, "mutation_scale": 14}
        ax.annotate("", (x1 + 0.1, y - 0.45), (x0 - 0.1, y - 0.45), arrowprops=look)
        if norm is not None:
            words = f"{norm:.4f}" if norm < 0.01 else f"{norm:.3f}"
            ax.text((x0 + x1) / 2, y - 0.52, words, ha="center", va="top", color=GENERATED)


def densities(
    places: np.ndarray, p: np.ndarray, at: Callable[[int], np.ndarray]
) -> Callable[[int, Axes], None]:
    """What a film draws: the densities, the discriminator and the best one.

    Args:
        places: (n,), where all values are known.
        p: (n,), the density of the data.
        at: step → (2, n): the density of the generator, and Dis.
    """

    def draw(step: int, ax: Axes) -> None:
        q, dis = at(step)
        anything = p + q > 0.01  # elsewhere there is nothing to tell apart
        for density, color, name in zip(
            (p, q), DATA_AND_G, (r"$p_\mathrm{data}$", "$p_G$"), strict=True
        ):
            ax.fill_between(places, density, color=color, alpha=0.45, lw=0, label=name)
        ax.plot(places, dis, color=DIS, lw=2.5, label="Dis")
        best = np.where(anything, p / (p + q + 1e-12), np.nan)
        ax.plot(places, best, color=BEST, ls="--", lw=1.8, label="Dis*")
        ax.axhline(0.5, color="0.6", lw=1, ls=":")
        ax.set(ylim=(0, 1.3), xlim=(places[0], places[-1]), xlabel="$x$", title=f"step {step}")
        ax.legend(loc="upper right", ncols=2, frameon=False)

    return draw


def saturation(logit: Tensor, slopes: Mapping[str, Tensor], norms: Mapping[str, list]) -> None:
    """The slopes of the two losses of G, and the gradients that they give a waiting G.

    Args:
        logit: (n,).
        slopes: loss → (n,), its slope at every logit.
        norms: loss → norm of the gradient in G, one after every turn of Dis.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.9))
    for (name, slope), look, color in zip(
        slopes.items(), ("--", "-"), LOSSES.values(), strict=True
    ):
        left.plot(logit, slope, look, color=color, lw=2.5, label=name)
        right.semilogy(norms[name], look, color=color, lw=2.5, label=name)
    left.set(xlabel=r"logit $\ell$ of a generated number", ylabel="slope of the loss")
    left.text(-5.8, -0.5, "Dis: generated", color="0.4", rotation=90, va="center")
    left.text(5.8, -0.5, "Dis: real", color="0.4", rotation=90, va="center", ha="right")
    right.set(xlabel="turns of Dis alone", ylabel="norm of the gradient in G")
    right.legend(frameon=False, loc="center right")
    show(
        fig,
        alt="Left: for very negative logits the minimax loss has slope 0 and the non-saturating "
        "loss slope −1. Right: while Dis learns alone, the minimax gradient in G vanishes; the "
        "non-saturating one does not.",
    )


def draw_game(state: Mapping[str, object], ax: Axes) -> None:
    """A game on the plane: the map of Dis with all points, and beside it the losses and the key.

    Args:
        state: "title"; "real" (N, 2), "fake" (n, 2), "pull" (n, 2): minus the gradient of G's loss
            at every generated point; "grid" (m², 2): a grid of z as G maps it; "map" (s², ): Dis on
            a grid of the plane; "losses": player → numbers.
    """
    ax.axis("off")
    plane = ax.inset_axes((0, 0, 0.5, 1))
    image = _map_of_dis(state, plane)
    losses = ax.inset_axes((0.61, 0.62, 0.37, 0.31))
    _loss_curves(state["losses"], losses)
    key = ax.inset_axes((0.59, 0, 0.4, 0.44))
    key.axis("off")
    dots = [
        plt.Line2D([], [], ls="", marker="o", ms=5, color=REAL, label="real points"),
        plt.Line2D([], [], ls="", marker="o", ms=5, color=GENERATED, label="generated points"),
        plt.Line2D([], [], color=GENERATED, lw=2, label="→ where Dis says more “real”"),
        plt.Line2D([], [], color="black", lw=0.7, label="grid of $z$, mapped by $G$"),
    ]
    key.legend(handles=dots, loc="upper left", frameon=False, fontsize=11, borderpad=0)
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((0.63, 0.0, 0.33, 0.035)),
                             orientation="horizontal", ticks=(0.1, 0.5, 0.9))  # fmt: skip
    bar.ax.set_xticklabels(["generated", "Dis = ½", "real"])
    bar.ax.xaxis.set_ticks_position("top")


def _map_of_dis(state: Mapping, ax: Axes) -> object:
    """Dis as colours, the points, the arrows and the grid. Returns the image."""
    side, lines = (round(len(state[name]) ** 0.5) for name in ("map", "grid"))
    surface = np.asarray(state["map"]).reshape(side, side).T
    extent = (-REACH, REACH, -REACH, REACH)
    image = ax.imshow(surface, extent=extent, origin="lower", cmap=MAP, vmin=0.1, vmax=0.9,
                      interpolation="bilinear", interpolation_stage="data")  # fmt: skip
    grid = np.asarray(state["grid"]).reshape(lines, lines, 2)
    ax.plot(*grid.transpose(2, 0, 1), color="black", lw=0.4)
    ax.plot(*grid.transpose(2, 1, 0), color="black", lw=0.4)
    ax.scatter(*np.asarray(state["real"]).T, s=7, color=REAL, lw=0)
    fake, pull = np.asarray(state["fake"]), np.asarray(state["pull"])
    arrows = pull / (np.linalg.norm(pull, axis=1).max() + 1e-12)
    ax.scatter(*fake.T, s=14, color=GENERATED, lw=0)
    ax.quiver(*fake.T, *arrows.T, color=GENERATED, angles="xy", scale=9, width=0.005)
    ax.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], aspect="equal",
           title=state["title"])  # fmt: skip
    ax.spines[:].set(visible=True, color="0.8")
    ax.grid(False)
    return image


def _loss_curves(losses: Mapping[str, Sequence[float]], ax: Axes) -> None:
    """Losses of both players, and the values that they have where Dis says ½ to everything."""
    for name, values in losses.items():
        ax.plot(values, color=LOSSES[name], lw=1.2, label=name)
        ax.axhline(np.log(4 if name == "Dis" else 2), color="black", ls=":", lw=1, zorder=3)
    behind = {"fc": "white", "ec": "none", "alpha": 0.8, "pad": 0}
    for value in (2, 4):
        ax.annotate(f"log {value}", (1, np.log(value)), xycoords=("axes fraction", "data"),
                    xytext=(-3, 2), textcoords="offset points", ha="right", va="bottom",
                    fontsize=10, bbox=behind)  # fmt: skip
    ax.set(ylim=(0, 3), xlabel="turns of the player", title="losses")
    ax.set_xlim(0, max([10, *map(len, losses.values())]))
    ax.legend(frameon=False, loc="upper right", ncols=2, fontsize=10, borderpad=0)


def divergences(
    places: np.ndarray, values: Mapping[str, np.ndarray], x: np.ndarray, density: np.ndarray
) -> None:
    """Distances of a narrow density to the data, over the place where it stands.

    Args:
        places: (n,), means of the narrow density.
        values: name → distance at every place, (n,), one panel for each.
        x: (m,), numbers. density: (m,), of the data there, shaded below.
    """
    fig, axes = plt.subplots(1, len(values), figsize=(11, 3.2))
    for ax, (name, distance) in zip(axes, values.items(), strict=True):
        top = 1.1 * distance.max()
        ax.fill_between(x, density / density.max() * 0.4 * top, color="0.88", lw=0)
        ax.plot(places, distance, color=GENERATED, lw=2.5)
        ax.set(title=name, xlabel="mean of the generated density", ylim=(0, top),
               xlim=(places[0], places[-1]))  # fmt: skip
    edge = x[density > 0.05 * density.max()][-1]
    for ax in axes:
        ax.text(edge + 0.2, 0.05 * ax.get_ylim()[1], "the data", fontsize=12, color="0.4")
    show(
        fig,
        alt="Two curves over the place of a narrow generated density, with the density of the data "
        "shaded. The Jensen-Shannon divergence is flat outside the data. The Wasserstein distance "
        "falls straight towards the data from both sides.",
    )


def rings(
    samples: Mapping[str, np.ndarray], counts: Mapping[str, tuple[float, float]], centres: Tensor,
    radius: float
) -> None:  # fmt: skip
    """Points of several runs at their end, with the circles of good points.

    Args:
        samples: run → (N, 2).
        counts: run → modes found, share of good points.
        centres: (m, 2).
        radius: of a circle.
    """
    columns = 3
    rows = -(-len(samples) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(10.5, 3.9 * rows))
    for ax in axes.flat[len(samples) :]:
        ax.axis("off")
    for ax, (name, points) in zip(axes.flat, samples.items(), strict=False):
        for centre in centres.tolist():
            ax.add_patch(plt.Circle(centre, radius, fill=False, ec="0.3", lw=1.2))
        ax.scatter(*np.asarray(points).T, s=6, color=GENERATED, lw=0, alpha=0.6)
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="0.8")
        ax.set_title(name, weight="bold")
        ax.set_xlabel(f"{counts[name][0]:.0f} modes, {counts[name][1]:.0%} good")
    show(
        fig,
        alt="Points of several runs and the eight circles of the ring. With one turn each, and "
        "with more turns of Dis, all circles have points. With more turns of G, or with momentum "
        "0.9 and the same budget, most circles are empty.",
    )


def sheet(at: Callable[[int], np.ndarray]) -> Callable[[int, Axes], None]:
    """What a film draws: one sheet of images (n², 1, 28, 28) after every step."""

    def draw(step: int, ax: Axes) -> None:
        manifolds(at(step)[None], names=[f"step {step}"], ax=ax)

    return draw


def progress(
    losses: Mapping[str, np.ndarray], steps: Sequence[int], distances: np.ndarray, best: float
) -> None:
    """The losses of both players, and the Fréchet distance.

    Args:
        losses: player → (N,), one per step.
        steps: where the distance was measured.
        distances: (n,), of generated to real images.
        best: distance of real images to other real images.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.9))
    _loss_curves(losses, left)
    left.set(xlabel="step", ylabel="nats")
    right.semilogy(steps, distances, "o-", color=PALETTE[0], ms=7)
    right.axhline(best, color="0.4", ls="--", lw=1.5)
    right.text(steps[-1], best, "real to real", va="bottom", ha="right", color="0.4")
    right.set(xlabel="step", title="Fréchet distance to real digits")
    show(
        fig,
        alt="Left: both losses soon reach log 4 and log 2 and stay near. Right: the Fréchet "
        "distance falls during training and stays above that of two sets of real digits.",
    )


def samples(images: Mapping[str, Tensor], alt: str) -> None:
    """Rows of images, ten of each model."""
    ax = image_rows(images)
    show(ax.figure, alt=alt)
