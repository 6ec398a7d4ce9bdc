import torch
from torch.nn.functional import softplus


def both_turns(Dis, G, x, z, z_new, lr):
    of_Dis, of_G = [Dis.W, Dis.b], [G.W, G.b]
    for parameter in of_Dis + of_G:
        parameter.requires_grad_(True)
    optimizer_Dis, optimizer_G = torch.optim.SGD(of_Dis, lr), torch.optim.SGD(of_G, lr)
    loss_Dis = softplus(-Dis(x)).mean() + softplus(Dis(G(z).detach())).mean()
    loss_G = softplus(-Dis(G(z_new))).mean()
    optimizer_Dis.zero_grad()
    optimizer_G.zero_grad()
    loss_Dis.backward()
    loss_G.backward()
    optimizer_Dis.step()
    optimizer_G.step()
    parameters = of_Dis + of_G
    held = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return torch.cat([v.detach().flatten() for v in (*parameters, *held)])
