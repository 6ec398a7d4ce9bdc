import math


def ppca_log_density(x, mu, V, lam, noise):
    d, k = len(mu), len(lam)
    z = (x - mu) @ V.T
    rest = ((x - mu) ** 2).sum(1) - (z**2).sum(1)
    log_det = lam.log().sum() + (d - k) * noise.log()
    return -0.5 * ((z**2 / lam).sum(1) + rest / noise + d * math.log(2 * math.pi)) - log_det
