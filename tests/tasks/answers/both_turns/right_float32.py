import torch
from torch.nn.functional import softplus


def both_turns(Dis, G, x, z, z_new, lr):
    w, b, U, c = own = [v.float().requires_grad_() for v in (Dis.W, Dis.b, G.W, G.b)]
    real, codes, new = x.float(), z.float(), z_new.float()
    loss = softplus(-(real @ w + b)).mean() + softplus((codes @ U + c).detach() @ w + b).mean()
    loss.backward()
    torch.optim.SGD([w, b], lr).step()
    loss = softplus(-((new @ U + c) @ w.detach() + b.detach())).mean()
    loss.backward()
    torch.optim.SGD([U, c], lr).step()
    return torch.cat([v.detach().flatten() for v in (*own, *(p.grad for p in own))])
