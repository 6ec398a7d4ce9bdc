import torch


def cgan_losses(G, h, w, b, v, x, y, z):
    L_Dis = L_G = 0.0
    for i in range(len(x)):
        label = torch.zeros(len(v), dtype=torch.float64)
        label[y[i]] = 1
        fake_h, real_h = h(G(torch.cat([z[i], label]))), h(x[i])
        real, fake = (torch.dot(w + v[y[i]], features) + b for features in (real_h, fake_h))
        zero = torch.zeros_like(real)
        L_Dis += torch.logaddexp(zero, -real) + torch.logaddexp(zero, fake)
        L_G += torch.logaddexp(zero, -fake)
    return torch.tensor([L_Dis, L_G]) / len(x)
