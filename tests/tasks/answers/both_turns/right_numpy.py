import numpy as np


def both_turns(Dis, G, x, z, z_new, lr):
    sigmoid = lambda l: 1 / (1 + np.exp(-l))
    w, b, U, c = (v.numpy().copy() for v in (Dis.W, Dis.b, G.W, G.b))
    x, fake, codes = x.numpy(), z.numpy() @ U + c, z_new.numpy()
    real_slope, fake_slope = sigmoid(x @ w + b) - 1, sigmoid(fake @ w + b)
    dw = (x * real_slope).mean(axis=0)[:, None] + (fake * fake_slope).mean(axis=0)[:, None]
    db = real_slope.mean(axis=0) + fake_slope.mean(axis=0)
    w, b = w - lr * dw, b - lr * db
    slope = (sigmoid((codes @ U + c) @ w + b) - 1) @ w.T
    dU, dc = np.einsum("nk,nd->kd", codes, slope) / len(codes), slope.mean(axis=0)
    return np.concatenate([v.ravel() for v in (w, b, U - lr * dU, c - lr * dc, dw, db, dU, dc)])
