import math


def js_bound(real, fake):
    p, q = real.sigmoid(), fake.sigmoid()
    return ((p + 1e-12).log().mean() + (1 - q + 1e-12).log().mean() + math.log(4)) / 2
