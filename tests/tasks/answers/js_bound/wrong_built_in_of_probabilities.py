import math

import torch
import torch.nn.functional as F


def js_bound(real, fake):
    loss = F.binary_cross_entropy
    a = loss(real.sigmoid(), torch.ones_like(real))
    b = loss(fake.sigmoid(), torch.zeros_like(fake))
    return (math.log(4) - a - b) / 2
