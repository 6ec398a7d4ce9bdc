import math

import torch.nn.functional as F


def js_bound(real, fake):
    return (-F.softplus(-real).mean() - F.softplus(fake).mean() - math.log(4)) / 2
