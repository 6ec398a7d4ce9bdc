import torch
import torch.nn.functional as F


def cgan_losses(G, h, w, b, v, x, y, z):
    def logits(images):
        features = h(images)
        return features @ w + b + (features * v[y]).sum(1)

    fake = logits(G(torch.cat([z, F.one_hot(y, len(v)).to(z.dtype)], dim=1)))
    real = logits(x)
    return torch.stack(
        [F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(-fake).mean()]
    )
