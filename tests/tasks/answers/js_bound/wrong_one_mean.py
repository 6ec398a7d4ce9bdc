import math

import torch
import torch.nn.functional as F


def js_bound(real, fake):
    return -F.softplus(torch.cat([-real, fake])).mean() + math.log(2)
