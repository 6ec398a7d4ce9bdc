"""The lecture's formulas, one free function each. Sum over pixels and latent coordinates, mean over the batch."""

from torch import Tensor


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """L(x̂, x) = ‖x̂ − x‖², summed over all dimensions but the first, averaged over it. Two tensors (B, …) → a scalar."""
    if x_hat.shape != x.shape:
        raise ValueError(f"x_hat and x must have one shape, got {tuple(x_hat.shape)} and {tuple(x.shape)}")
    return ((x_hat - x) ** 2).flatten(1).sum(dim=1).mean()
