import torch
import torch.nn.functional as F


def crispness(reconstructed, original):
    def energy(x):
        x = x.float()[:, None]
        kernels = torch.tensor([[[[-1.0, 1.0]]]]), torch.tensor([[[[-1.0], [1.0]]]])
        return sum(F.conv2d(x, kernel).square().sum() for kernel in kernels)

    return energy(reconstructed) / energy(original)
