import math

import torch


def js_bound(real, fake):
    return (
        real.sigmoid().log().mean() - torch.nn.functional.softplus(fake).mean() + math.log(4)
    ) / 2
