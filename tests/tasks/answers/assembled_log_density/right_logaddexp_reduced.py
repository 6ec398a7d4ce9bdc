import numpy as np
import torch


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    prior = np.logaddexp.reduce(log_y_given_draws.numpy(), axis=0) - np.log(len(log_y_given_draws))
    return torch.from_numpy(log_y_given_x.numpy() - prior[None]) + log_p_x[:, None]
