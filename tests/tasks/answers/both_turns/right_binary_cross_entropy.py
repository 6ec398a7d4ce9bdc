import torch


def both_turns(Dis, G, x, z, z_new, lr):
    of_Dis, of_G = [Dis.W, Dis.b], [G.W, G.b]
    for parameter in of_Dis + of_G:
        parameter.requires_grad_(True)
    optimizer_Dis, optimizer_G = torch.optim.SGD(of_Dis, lr), torch.optim.SGD(of_G, lr)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    real, fake = Dis(x), Dis(G(z).detach())
    loss = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    optimizer_Dis.zero_grad()
    loss.backward()
    optimizer_Dis.step()
    for parameter in of_Dis:
        parameter.requires_grad_(False)
    fake = Dis(G(z_new))
    loss = bce(fake, torch.ones_like(fake))
    optimizer_G.zero_grad()
    loss.backward()
    optimizer_G.step()
    parameters = of_Dis + of_G
    held = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return torch.cat([v.detach().flatten() for v in (*parameters, *held)])
