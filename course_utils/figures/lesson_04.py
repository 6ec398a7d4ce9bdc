"""Figures that only lesson 04 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from torch import Tensor

from course_utils.figures.diagrams import diagram
from course_utils.figures.style import PALETTE, show

BLUE, ORANGE, RED = PALETTE[:3]


def shortfall(samples: Sequence[int], short: Mapping[int, Sequence[float]]) -> None:
    """How far the averaged estimate is below log P(X); between −1 and 1 the axis is linear.

    Args:
        samples: numbers of codes.
        short: latent dimension → nats below the truth, one for every number of codes.
    """
    fig, ax = plt.subplots(figsize=(7.5, 4))
    ax.axhspan(-1, 1, color="0.94", zorder=0)
    for (k, gap), color, mark in zip(short.items(), PALETTE, "osD^", strict=False):
        ax.semilogx(samples, gap, f"{mark}-", color=color, ms=8, label=f"k = {k}")
    ax.axhline(0, color="0.2", lw=1)
    ax.set_yscale("symlog", linthresh=1)
    ax.set_yticks([-1, 0, 1, 10, 100, 1000], ["−1", "0", "1", "10", "100", "1,000"])
    ax.minorticks_off()
    ax.set(xlabel="number of codes $n$ from $P(z)$", ylim=(-1.2, 2 * max(map(max, short.values()))))
    ax.set_ylabel("nats below the true $\\log P(X)$\n(grey: linear from −1 to 1)")
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], names[::-1], frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    show(
        fig,
        alt="Nats below the true log P(X) against the number of codes, one line per latent "
        "dimension: near 0 for 2, still large for 16 after a hundred thousand codes.",
    )


def bound_levels(
    levels: Callable[[float, float, float], tuple[float, float, float]], v: float
) -> Callable[[float, float, float, Axes], None]:
    """What the sliders draw: three densities over z, and beside them log P(X) and the ELBO.

    Args:
        levels: (μ, σ, b₁) → mean of the posterior, log P(X), ELBO.
        v: variance of the posterior.
    """
    z, low, high = np.linspace(-4, 4, 401), -10.5, -1.0

    def density(mean: float, std: float) -> np.ndarray:
        return np.exp(-0.5 * ((z - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))

    def draw(mu: float, sigma: float, b_1: float, ax: Axes) -> None:
        mean, top, now = levels(mu, sigma, b_1)
        ax.axis("off")
        curves, lines = ax.inset_axes((0, 0.16, 0.56, 0.8)), ax.inset_axes((0.7, 0.16, 0.3, 0.8))
        curves.fill_between(z, density(mean, v**0.5), color="0.82", label="posterior $P(z|X)$")
        curves.plot(z, density(0, 1), "--", color="0.45", lw=1.2, label="prior $P(z)$")
        curves.plot(z, density(mu, sigma), color=BLUE, label="$Q$")
        curves.set(xlabel="$z$", xlim=(-4, 4), ylim=(0, 1.35), yticks=[])
        curves.legend(fontsize=10, loc="upper left", frameon=False)
        curves.text(3.9, 1.22, f"$b_1 = {b_1:g}$", ha="right")
        lines.axhline(top, color="black")
        lines.axhline(max(now, low), color=BLUE, ls="-" if now > low else ":")
        lines.text(0.98, top + 0.2, r"$\log P(X)$", va="bottom", ha="right")
        lines.text(0.98, max(now, low + 1.8) - 0.2, "ELBO", va="top", ha="right", color=BLUE)
        if top - now > 0.5:
            arrow = {"arrowstyle": "<->", "color": RED, "shrinkA": 0, "shrinkB": 0}
            lines.annotate("", (0.08, max(now, low)), (0.08, top), arrowprops=arrow)
        lines.text(0.14, min((top + now) / 2, top - 1), f"gap {top - now:.2f}", va="center",
                   color=RED)  # fmt: skip
        lines.set(xlim=(0, 1), ylim=(low, high), xticks=[], ylabel="nats")

    return draw


def touching_bounds(
    side: Sequence[float],
    along: Sequence[float],
    bounds: Sequence[Sequence[float]],
    tops: Sequence[float],
    path: Sequence[tuple[float, float, float]],
) -> None:
    """log P(X) over a parameter of the decoder, and the ELBO of some fixed Q that touch it.

    Args:
        side: values of b₁, (S,).
        along: log P(X) at these values, (S,).
        bounds: for each of T turns, the ELBO of that turn's Q at these values, (T, S).
        tops: the highest ELBO of each of these Q; it lies at the next turn's b₁, (T,).
        path: for these turns and the next one b₁, the mean of Q, and log P(X), (T + 1, 3).
    """
    fig, ax = plt.subplots(figsize=(8, 4.6))
    ax.plot(side, along, color="black", lw=2.5, label=r"$\log P(X)$")
    arrow = {"arrowstyle": "->", "color": "0.3", "lw": 1.5, "shrinkA": 3, "shrinkB": 4}
    for i, (bound, top, color) in enumerate(zip(bounds, tops, PALETTE, strict=False)):
        ax.plot(side, bound, color=color, label=f"ELBO, $Q$ of turn {i}")
        b_1, _, level = path[i + 1]
        ax.plot(b_1, top, "^", ms=7, color=color, zorder=4)
        ax.annotate("", (b_1, level), (b_1, top), zorder=3, arrowprops=arrow)
    for i, ((b_1, _, level), color) in enumerate(zip(path, PALETTE, strict=False)):
        ax.plot(b_1, level, "o", ms=7, color=color, zorder=4)
        ax.annotate(f"turn {i}", (b_1, level), (-6, 8), textcoords="offset points", ha="right")
    ax.set(xlabel="$b_1$", ylabel="nats", xlim=(side[0], side[-1]), ylim=(-6.3, -2))
    ax.legend(loc="upper left", frameon=False)
    show(
        fig,
        alt="A black curve, log P(X) over b₁, and two coloured curves below it, the ELBO of two "
        "fixed Q. Each touches the black curve in one point; from its highest point an arrow goes "
        "up to the black curve, where the next turn begins.",
    )


def jensen(rho: Tensor, gap: float) -> None:
    """Weights on the curve of the logarithm, the logarithm of their mean, and the mean of their
    logarithms.

    Args:
        rho: importance weights of some codes, divided by P(X), (n,).
        gap: the ELBO minus log P(X).
    """
    fig, ax = plt.subplots(figsize=(7.5, 4.4))
    top = 1.08 * max(rho.max().item(), 2)
    curve = np.linspace(0.01, top, 400)
    ax.plot(curve, np.log(curve), color="0.6", lw=1.5)
    ax.plot(rho, rho.log(), "o", ms=6, color=ORANGE, alpha=0.55, mec="none", label="sampled codes")
    for height, color, name in ((0, "black", r"$\log \mathbb{E}[\rho]$"),
                                (gap, BLUE, r"$\mathbb{E}[\log \rho]$, the ELBO")):  # fmt: skip
        ax.plot([0, 1], [height] * 2, ":", color=color, lw=1.5)
        ax.plot(1, height, "o", ms=11, color=color, label=name, zorder=4)
    arrow = {"arrowstyle": "<->", "color": RED, "lw": 1.8, "shrinkA": 6, "shrinkB": 6}
    ax.annotate("", (1, gap), (1, 0), arrowprops=arrow)
    ax.annotate("the gap", (1.05, gap / 2), color=RED, va="center")
    ax.set(xlabel=r"$\rho\, /\, P(X)$", ylabel=r"$\log \rho - \log P(X)$", xlim=(0, top),
           ylim=(-4.2, 1.2))  # fmt: skip
    ax.legend(loc="lower right", frameon=False)
    show(
        fig,
        alt="The curve of the logarithm with dots for sampled codes. Above the mean weight 1 lie "
        "two points: the logarithm of the mean, and below it the mean of the logarithms.",
    )


def sampling_errors(sizes: Tensor, errors: Tensor, typical: Tensor, spread: Tensor) -> None:
    """Errors of sampled estimates against the number of samples.

    Args:
        sizes: numbers of samples, (S,).
        errors: absolute errors of repeated runs, (S, runs).
        typical: their root mean square, (S,).
        spread: standard deviation of one sample.
    """
    fig, ax = plt.subplots(figsize=(7.5, 4))
    ax.loglog(sizes, errors, ".", color="0.75", ms=6)
    ax.plot([], [], ".", color="0.75", ms=8, label="single runs")
    ax.loglog(sizes, spread / sizes.sqrt(), color=ORANGE, label=r"standard deviation $/\,\sqrt{n}$")
    ax.loglog(sizes, typical, "o", ms=8, color=BLUE, label="root mean square of the runs")
    ax.set(xlabel="number of samples $n$", ylabel="error (nats)", ylim=(1e-4, 5))
    ax.legend(loc="lower left", frameon=False)
    show(
        fig,
        alt="Errors of 50 runs for each number of samples, on logarithmic axes; their root mean "
        "square lies on a straight line that falls like one over the root of n.",
    )


def two_graphs() -> None:
    """Where the gradient stops, and where it passes."""
    same = {
        "in": r"$\mu, \sigma$", "middle": r"$z \sim \mathcal{N}(\mu, \sigma^2)$", "f": "$f(z)$",
        "ε": r"$\varepsilon \sim \mathcal{N}(0, 1)$", "from": "", "to": "",
    }  # fmt: skip
    line = {"in": (0, 0), "middle": (1.6, 0), "f": (3.2, 0), "from": (3.2, -0.7)}
    forward = [("in", "middle"), ("middle", "f"), ("from", "to", "dotted", "gradient")]
    fig, axes = plt.subplots(1, 2, figsize=(11, 3))
    diagram(
        line | {"to": (1.75, -0.7)},
        forward,
        ax=axes[0],
        texts=same | {"to": "✗"},
        colors={"middle": RED, ("from", "to"): RED},
    )
    diagram(
        line | {"to": (0, -0.7), "ε": (1.6, 1)},
        [*forward, ("ε", "middle", "dashed")],
        texts=same | {"middle": r"$z = \mu + \sigma \varepsilon$"},
        ax=axes[1],
        colors={"ε": RED, "middle": BLUE, ("from", "to"): BLUE},
    )
    axes[0].set(ylim=axes[1].get_ylim())
    axes[0].set_title("z is sampled: the gradient stops there")
    axes[1].set_title("ε is sampled: the gradient passes")
    show(
        fig,
        alt="Left: mean and width go into a sample of z, then f; a red gradient comes back only to "
        "the sample. Right: epsilon is sampled aside; a blue gradient comes back to both.",
    )


def variances(dimensions: Sequence[int], values: Mapping[str, Sequence[float]]) -> None:
    """Variance of one sample of a gradient against the latent dimension, by its kind."""
    fig, ax = plt.subplots(figsize=(7.5, 4))
    for (name, rows), color, mark in zip(values.items(), (RED, ORANGE, BLUE), "os^", strict=True):
        ax.loglog(dimensions, rows, f"{mark}-", color=color, ms=8, label=name)
    ax.set_xticks(dimensions, [str(k) for k in dimensions])
    ax.minorticks_off()
    ax.set(xlabel="latent dimension $k$", ylabel="variance of the gradient\nfrom one sample")
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.45, 1), ncol=3, fontsize=11)
    show(
        fig,
        alt="Variance of the gradient from one sample against the latent dimension: the score "
        "function lies far above reparametrization; a baseline closes a part of the distance.",
    )


def climbs(gaps: Mapping[str, Sequence[float]]) -> None:
    """The gap of the bound after every step of gradient ascent, by the kind of gradient."""
    fig, ax = plt.subplots(figsize=(7.5, 4))
    for (name, values), color in zip(gaps.items(), (ORANGE, BLUE), strict=True):
        ax.semilogy(values, color=color, label=name)
    ax.set(xlabel="step", ylabel=r"gap $D[Q\,\|\,P(z|X)]$ (nats)", xlim=(0, len(values)))
    ax.legend(frameon=False)
    show(
        fig,
        alt="The gap in nats, on a logarithmic axis, over the steps of training: with "
        "reparametrization it falls much lower than with the score function.",
    )


def two_directions(grid: Tensor, P: Tensor, fitted: Mapping[tuple[str, float], Tensor]) -> None:
    """A density with two bumps, and the Gaussians that two divergences fit to it.

    Args:
        grid: places, (M,).
        P: the density there, (M,).
        fitted: (direction, start) → density of the Gaussian there, (M,).
    """
    names = {"reverse": r"reverse, $D[Q\,\|\,P]$", "forward": r"forward, $D[P\,\|\,Q]$"}
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
    for ax, direction in zip(axes, names, strict=True):
        ax.fill_between(grid, P, color="0.82", label="$P$")
        for (which, start), density in fitted.items():
            if which == direction:
                look = {"color": BLUE} if start < 0 else {"color": ORANGE, "ls": "--"}
                ax.plot(grid, density, **look, label=rf"$Q$, started at $\mu = {start:.0f}$")
        ax.set(title=names[direction], xlabel="$z$", yticks=[], xticks=range(-4, 5, 2),
               xlim=(-6.5, 6.5), ylim=(0, 1))  # fmt: skip
        ax.legend(fontsize=11, frameon=False)
    show(
        fig,
        alt="A density with two bumps. Reverse: each Q sits on one bump, which one depends on the "
        "start. Forward: one wide Gaussian covers both bumps and the region between them.",
    )


def four_posteriors(
    points: Tensor,
    curve: Tensor,
    four: Tensor,
    z: Tensor,
    posteriors: Tensor,
    densities: Sequence[Tensor],
    lost: Sequence[Tensor],
) -> None:
    """Points of a curved model in the plane, and the posteriors of four of them.

    Args:
        points: samples of the model, (N, 2).
        curve: the decoder's curve, (C, 2), and four: the chosen points, (4, 2).
        z: places, (M,), and posteriors: the densities there, (4, M).
        densities: of the best Gaussian and of the encoder's, (4, M) each.
        lost: nats below log P(X) of these two, (4,) each.
    """
    fig, axes = plt.subplot_mosaic(
        [["plane", "A", "B"], ["plane", "C", "D"]], figsize=(12, 5), width_ratios=(1.45, 1, 1)
    )
    _marked_plane(axes.pop("plane"), points, curve, four)
    both = {"best Gaussian": BLUE, "encoder": ORANGE}
    for i, (letter, ax) in enumerate(axes.items()):
        ax.fill_between(z, posteriors[i], color="0.82", label="posterior")
        for n, (name, color) in enumerate(both.items()):
            ax.plot(z, densities[n][i], color=color, label=name)
            said = f"loses {lost[n][i]:.2f}"
            ax.text(0.03, 0.9 - 0.13 * n, said, color=color, transform=ax.transAxes)
        ax.set_title(letter, color=RED, weight="bold")
        ax.set(xlim=(-3.6, 3.6), ylim=(0, 5.4), yticks=[], xlabel="$z$" if letter in "CD" else "")
    handles, labels = axes["A"].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower right", ncol=3, frameon=False)
    show(
        fig,
        alt="Left: samples along a circle, with four marked points. Right, for each point, its "
        "posterior over z, the best Gaussian and the encoder's: near each other at A and B; at C "
        "the posterior has two bumps, the best Gaussian takes one; at D the encoder misses both.",
    )


def _marked_plane(ax: Axes, points: Tensor, curve: Tensor, four: Tensor) -> None:
    """The plane with samples, the curve, and four points named A to D."""
    ax.plot(*points.T, ".", ms=4, color="0.75")
    ax.plot(*curve.T, color="0.35", lw=1.5)
    for point, letter in zip(four, "ABCD", strict=True):
        last = letter == "D"  # near C: another mark, and its name inside the circle
        ax.plot(*point, "oD"[last], ms=8, mec=RED, mfc="white" if last else RED, mew=2)
        x, y = (point * (0.7 if last else 1.35)).tolist()
        ax.text(x, y, letter, color=RED, weight="bold", ha="center", va="center", fontsize=14)
    ax.set(aspect="equal", xlim=(-3.3, 3.3), ylim=(-3.3, 3.3), xlabel="$X_1$", ylabel="$X_2$")


def gap_maps(side: Tensor, maps: Tensor) -> None:
    """log P(X), approximation gap and amortisation gap in the plane.

    Args:
        side: coordinates, (S,).
        maps: the three, (3, S, S), NaN where hardly any points are generated.
    """
    titles = (r"$\log P(X)$", "approximation gap", "amortisation gap")
    fig, axes = plt.subplots(1, 3, figsize=(12, 4), sharey=True)
    for ax, title, values in zip(axes, titles, maps.numpy(), strict=True):
        if ax is axes[0]:
            shades = ax.pcolormesh(side, side, values, cmap="Greys", vmin=-6)
            fig.colorbar(shades, ax=ax, shrink=0.8, label="nats")
            ax.text(0, 0, "hardly any\npoints", ha="center", va="center", fontsize=11)
        else:
            shades = ax.pcolormesh(
                side, side, np.clip(values, 1e-3, None), cmap="YlOrRd", norm=LogNorm(0.01, 10)
            )
        ax.set(title=title, aspect="equal", xlabel="$X_1$")
        ax.grid(False)
        ax.set_facecolor("#dfe6ee")  # no shade of the two maps: empty must not look like low
    axes[0].set_ylabel("$X_2$")
    bar = fig.colorbar(shades, ax=axes[1:], shrink=0.8, label="nats", extend="both")
    bar.set_ticks([0.01, 0.1, 1, 10], labels=["0.01", "0.1", "1", "10"])
    show(
        fig,
        alt="Three maps of the plane. log P(X) is high along a circle. Both gaps are small around "
        "the circle and large in a sector at its bottom, the amortisation gap larger. Blue-grey: "
        "hardly any points.",
    )


def estimates(panels: Mapping[str, Mapping[int, Tensor]]) -> None:
    """Histograms of estimates minus log P(X): title → {K: (runs,)}."""
    fig, axes = plt.subplots(1, len(panels), figsize=(13, 4), sharex=True, sharey=True)
    for ax, (title, values_of) in zip(axes, panels.items(), strict=True):
        for (K, values), color in zip(values_of.items(), (BLUE, ORANGE, RED), strict=True):
            values = values.cpu()
            ax.hist(values, bins=80, range=(-13, 5), histtype="step", lw=2, color=color,
                    label=f"K = {K}")  # fmt: skip
            ax.axvline(values.mean().item(), color=color, ls=":", lw=1.8)
        ax.axvline(0, color="black", lw=1.5)
        ax.set(title=f"$Q$ {title}", xlabel=r"estimate minus $\log P(X)$ (nats)", xlim=(-13, 5))
    axes[0].plot([], [], color="0.3", ls=":", label="mean")
    axes[0].set_ylabel("number of runs")
    axes[0].legend(loc="upper left", frameon=False)
    show(
        fig,
        alt="Histograms of the estimates for K = 1, 5 and 50, with their means as dotted lines, "
        "for a Q that is too wide and two that are too narrow: with larger K they come nearer to "
        "the truth, for the narrowest Q only a part of the way.",
    )
