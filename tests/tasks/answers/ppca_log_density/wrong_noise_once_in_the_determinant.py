import math


def ppca_log_density(x, mu, V, lam, noise):
    d = len(mu)
    z = (x - mu) @ V.T
    rest = ((x - mu) ** 2).sum(1) - (z**2).sum(1)
    logs = lam.log().sum() + noise.log() + d * math.log(2 * math.pi)
    return -0.5 * ((z**2 / lam).sum(1) + rest / noise + logs)
