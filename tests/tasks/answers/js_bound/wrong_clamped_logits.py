import math

import torch.nn.functional as F


def js_bound(real, fake):
    real, fake = real.clamp(-100, 100), fake.clamp(-100, 100)
    return (-F.softplus(-real).mean() - F.softplus(fake).mean() + math.log(4)) / 2
