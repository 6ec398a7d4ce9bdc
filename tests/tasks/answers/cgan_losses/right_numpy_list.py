import numpy as np


def cgan_losses(G, h, w, b, v, x, y, z):
    n = v.shape[0]
    labels = (y.numpy()[:, None] == np.arange(n)).astype(float)
    code = np.concatenate([z.numpy(), labels], axis=1)
    fake_h = (code @ G.W.numpy() + G.b.numpy()) @ h.W.numpy() + h.b.numpy()
    real_h = x.numpy() @ h.W.numpy() + h.b.numpy()
    u = w.numpy() + labels @ v.numpy()
    real, fake = ((features * u).sum(axis=1) + b.item() for features in (real_h, fake_h))
    L_Dis = np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()
    return np.array([L_Dis, np.logaddexp(0, -fake).mean()])
