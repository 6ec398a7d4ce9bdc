import math

import torch


def js_bound(real, fake):
    sp = torch.nn.functional.softplus
    return ((-sp(-real).mean() - sp(fake).mean() + math.log(4)) / 2).clamp(min=0)
