import math

import torch.nn.functional as F


def js_bound(real, fake):
    return (F.logsigmoid(real).mean() + (1 - fake.sigmoid()).log().mean() + math.log(4)) / 2
