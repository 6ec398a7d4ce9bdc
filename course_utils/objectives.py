"""The lecture's loss functions, one function each.

They sum over pixels and latent dimensions and average over the batch.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor


def reconstruction(logits: Tensor, x: Tensor) -> Tensor:
    """Compute the cross-entropy between pixels and the decoder's σ(logits).

    −[x log σ(l) + (1 − x) log(1 − σ(l))], summed over pixels, averaged over images. For black and
    white pixels this is −log p(x|z); for grey pixels it is a loss, but no likelihood.

    Args:
        logits: the decoder's logits l, (B, …).
        x: pixels in [0, 1], of the same shape.

    Returns:
        The loss in nats per image, a scalar.

    Raises:
        ValueError: where the shapes differ.
    """
    if logits.shape != x.shape:
        raise ValueError(
            f"logits and x must have one shape, got {tuple(logits.shape)} and {tuple(x.shape)}"
        )
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """Compute L(x̂, x) = ‖x̂ − x‖², summed over pixels, averaged over images.

    Args:
        x_hat: reconstructions, (B, …).
        x: images, of the same shape.

    Returns:
        The error per image, a scalar.

    Raises:
        ValueError: where the shapes differ.
    """
    if x_hat.shape != x.shape:
        raise ValueError(
            f"x_hat and x must have one shape, got {tuple(x_hat.shape)} and {tuple(x.shape)}"
        )
    return ((x_hat - x) ** 2).flatten(1).sum(dim=1).mean()


def kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """Compute the KL divergence D[N(μ, σ²) ‖ N(0, I)] = ½ Σ (σ² + μ² − 1 − log σ²).

    It is summed over the latent dimensions and averaged over the batch.

    Args:
        mu: means μ, (B, k).
        log_var: log σ², (B, k).

    Returns:
        The divergence in nats per image, a scalar.

    Raises:
        ValueError: where the shapes differ.

    Source: Kingma & Welling 2014, appendix B.
    """
    if mu.shape != log_var.shape:
        raise ValueError(
            f"mu and log_var must have one shape, got {tuple(mu.shape)} and {tuple(log_var.shape)}"
        )
    return 0.5 * (log_var.exp() + mu**2 - 1 - log_var).flatten(1).sum(dim=1).mean()


def kl_with_free_bits(kl: Tensor, floor: float) -> Tensor:
    """Compute the KL term with free bits: each latent dimension costs at least `floor`.

    Args:
        kl: the divergence of each latent dimension, (B, k).
        floor: λ, in nats.

    Returns:
        Σᵢ max(λ, mean over the batch of KLᵢ), in nats per image, a scalar. It is at least the KL
        term, so that minus the loss is still a bound.

    Source: Kingma et al. 2016, appendix C.
    """
    above = F.relu(kl.mean(dim=0) - floor)  # (k,)
    return floor * kl.shape[1] + above.sum()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Compute the discriminator's loss −E log D(x) − E log(1 − D(G(z))), with D = σ(logit).

    This is minus the value V of the game. At the optimum, where D = ½ everywhere, it is log 4.

    Args:
        real: logits of real images, (B,).
        fake: logits of generated images, (B,).

    Returns:
        The loss in nats, a scalar.

    Source: Goodfellow et al. 2014, eq. 1.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor, *, saturating: bool = False) -> Tensor:
    """Compute the generator's loss; by default the non-saturating one, −E log D(G(z)).

    Both losses fall as D(G(z)) rises. Where the discriminator is sure that an image is generated,
    the saturating loss has almost no gradient, and the non-saturating one has a large one.

    Args:
        fake: logits of generated images, (B,).
        saturating: take E log(1 − D(G(z))) instead, the generator's part of the game's value V.

    Returns:
        The loss in nats, a scalar.

    Source: Goodfellow et al. 2014, section 3.
    """
    return -F.softplus(fake).mean() if saturating else F.softplus(-fake).mean()


def feature_distance(h_hat: Tensor, h: Tensor, *, variance: float = 1.0) -> Tensor:
    """Compute ‖h − ĥ‖² / 2s², summed over features, averaged over images.

    Up to a constant this is −log N(h; ĥ, s² I): a Gaussian likelihood of one layer's features.

    Args:
        h_hat: features of reconstructions, (B, …).
        h: features of the original images, of the same shape.
        variance: s².

    Returns:
        The distance in nats per image, a scalar.

    Source: Larsen et al. 2016, eqs. 6 and 7, where s² = 1.
    """
    return squared_error(h_hat, h) / (2 * variance)


def flow_matching(
    velocity: Callable[..., Tensor], x0: Tensor, x1: Tensor, t: Tensor, y: Tensor | None = None
) -> Tensor:
    """Compute the loss of conditional flow matching: E ‖velocity(x_t, t) − (x₁ − x₀)‖².

    x_t = (1 − t) x₀ + t x₁ lies on the straight way from noise to data. The field that minimises
    the loss is the mean of x₁ − x₀ over all ways through a place. The loss is no likelihood, and it
    does not fall to 0.

    Args:
        velocity: places (B, d), times (B,) and, where y is given, labels (B,) → (B, d).
        x0: noise, (B, d).
        x1: data, (B, d).
        t: times from 0 to 1, (B,).
        y: labels, (B,).

    Returns:
        The squared error, summed over dimensions and averaged over the batch, a scalar.

    Source: Lipman et al. 2023, equations 9 and 23; Liu et al. 2023.
    """
    if not x0.shape == x1.shape or t.shape != x0.shape[:1]:
        raise ValueError(
            "expected noise and data of one shape (B, d) and times (B,), got"
            f" {tuple(x0.shape)}, {tuple(x1.shape)} and {tuple(t.shape)}"
        )
    x_t = (1 - t[:, None]) * x0 + t[:, None] * x1
    labels = () if y is None else (y,)
    return squared_error(velocity(x_t, t, *labels), x1 - x0)
