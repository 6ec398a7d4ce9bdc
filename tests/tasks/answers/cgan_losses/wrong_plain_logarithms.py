import torch
import torch.nn.functional as F


def cgan_losses(G, h, w, b, v, x, y, z):
    def logits(images):
        features = h(images)
        return features @ w + b + (features * v[y]).sum(1)

    labels = F.one_hot(y, len(v)).to(z.dtype)
    fake = logits(G(torch.cat([z, labels], dim=1)))
    real = logits(x)
    return torch.stack(
        [
            -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean(),
            -fake.sigmoid().log().mean(),
        ]
    )
