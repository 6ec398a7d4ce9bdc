import torch


def slerp(z0, z1, n):
    cosine = (z0 / z0.norm()) @ (z1 / z1.norm())
    t = torch.linspace(0, 1, n, dtype=z0.dtype).unsqueeze(1)
    if cosine.abs() > 0.9995:
        return (1 - t) * z0 + t * z1
    omega = cosine.clamp(-1, 1).acos()
    return ((1 - t) * omega).sin() / omega.sin() * z0 + (t * omega).sin() / omega.sin() * z1
