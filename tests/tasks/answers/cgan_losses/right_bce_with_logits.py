import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import embedding, one_hot


def cgan_losses(G, h, w, b, v, x, y, z):
    x_hat = G(torch.cat([z, one_hot(y, v.shape[0]).double()], dim=-1))
    both = h(torch.cat([x, x_hat]))
    logits = both @ w + b + torch.einsum("bc,bc->b", both, embedding(y.repeat(2), v))
    real, fake = logits.chunk(2)
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    return torch.stack([bce(real, ones) + bce(fake, zeros), bce(fake, ones)])
