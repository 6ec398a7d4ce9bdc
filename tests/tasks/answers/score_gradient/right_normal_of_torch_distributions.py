import torch


def score_gradient(f, z, mu, log_var):
    parameters = torch.stack([mu, log_var]).requires_grad_()
    q = torch.distributions.Normal(parameters[0], torch.exp(parameters[1] / 2))
    value = (f[:, None] * q.log_prob(z)).sum() / len(f)
    return torch.autograd.grad(value, parameters)[0]
