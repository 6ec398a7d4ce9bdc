import math

import torch.nn.functional as F


def js_bound(real, fake):
    V = F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean()
    return 0.5 * (V + 2 * math.log(2))
