import torch
import torch.nn.functional as F


def fooling_loss(logits):
    return F.binary_cross_entropy_with_logits(logits.float(), torch.ones(len(logits)))
