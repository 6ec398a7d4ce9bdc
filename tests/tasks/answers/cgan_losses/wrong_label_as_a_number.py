import torch
import torch.nn.functional as F


def cgan_losses(G, h, w, b, v, x, y, z):
    def logits(images):
        features = h(images)
        return features @ w + b + (features * v[y]).sum(1)

    labels = y[:, None].to(z.dtype).expand(-1, len(v))
    fake = logits(G(torch.cat([z, labels], dim=1)))
    real = logits(x)
    return torch.stack(
        [F.softplus(-real).mean() + F.softplus(fake).mean(), F.softplus(-fake).mean()]
    )
