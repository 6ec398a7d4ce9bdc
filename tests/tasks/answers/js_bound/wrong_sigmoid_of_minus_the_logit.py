import math


def js_bound(real, fake):
    return (real.sigmoid().log().mean() + (-fake).sigmoid().log().mean() + math.log(4)) / 2
