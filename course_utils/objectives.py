"""The lecture's formulas, one free function each.

Sum over pixels and latent coordinates, mean over the batch.
"""

import torch.nn.functional as F
from torch import Tensor


def reconstruction(logits: Tensor, x: Tensor) -> Tensor:
    """Cross-entropy between pixels x in [0, 1] and the ink σ(logits), in nats: summed over pixels,
    averaged over images.

    −[x log σ(l) + (1 − x) log(1 − σ(l))]. Two tensors (B, …) → a scalar. On grey pixels it is a
    loss, not a likelihood.
    """
    if logits.shape != x.shape:
        raise ValueError(
            f"logits and x must have one shape, got {tuple(logits.shape)} and {tuple(x.shape)}"
        )
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """L(x̂, x) = ‖x̂ − x‖², summed over all dimensions but the first, averaged over it.

    Two tensors (B, …) → a scalar.
    """
    if x_hat.shape != x.shape:
        raise ValueError(
            f"x_hat and x must have one shape, got {tuple(x_hat.shape)} and {tuple(x.shape)}"
        )
    return ((x_hat - x) ** 2).flatten(1).sum(dim=1).mean()


def kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """D[N(μ, σ²) ‖ N(0, 1)] = ½ Σ (σ² + μ² − 1 − log σ²) in nats: summed over the code, averaged
    over the batch.

    mu, log_var = log σ²: two tensors (B, k) → a scalar (Kingma & Welling 2014, appendix B).
    """
    if mu.shape != log_var.shape:
        raise ValueError(
            f"mu and log_var must have one shape, got {tuple(mu.shape)} and {tuple(log_var.shape)}"
        )
    return 0.5 * (log_var.exp() + mu**2 - 1 - log_var).flatten(1).sum(dim=1).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """−E log D(x) − E log(1 − D(G(z))) with D = σ(logit), in nats: minus the game's value V
    (Goodfellow et al. 2014, eq. 1).

    real, fake: logits (B,) of real and of generated pictures → a scalar. At the optimum, where D =
    ½ everywhere, it is log 4.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor, *, saturating: bool = False) -> Tensor:
    """−E log D(G(z)), the non-saturating loss; `saturating`: E log(1 − D(G(z))), the generator's
    part of the game's value V.

    fake: logits (B,) of generated pictures → a scalar, in nats. Both want D(G(z)) to be large;
    where D is sure that it is small, the saturating one hardly has a gradient (Goodfellow et al.
    2014, section 3).
    """
    return -F.softplus(fake).mean() if saturating else F.softplus(-fake).mean()


def feature_distance(h_hat: Tensor, h: Tensor, *, variance: float = 1.0) -> Tensor:
    """‖h − ĥ‖² / 2s², summed over features, averaged over images: −log N(h; ĥ, s² I) up to a
    constant, in nats.

    h, h_hat: what a layer says to pictures and to their copies, two tensors (B, …) → a scalar.
    variance: s² (Larsen et al. 2016, eqs. 6 and 7, with s² = 1).
    """
    return squared_error(h_hat, h) / (2 * variance)
