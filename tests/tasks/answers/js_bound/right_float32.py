import math

import torch
import torch.nn.functional as F


def js_bound(real, fake):
    one, zero = torch.ones(len(real)), torch.zeros(len(fake))
    loss = F.binary_cross_entropy_with_logits
    return math.log(2) - (loss(real.float(), one) + loss(fake.float(), zero)) / 2
