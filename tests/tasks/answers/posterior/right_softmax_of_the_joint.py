import torch


def posterior(log_p_x_given_y, p_y):
    return torch.softmax(log_p_x_given_y + torch.log(p_y), dim=-1)
