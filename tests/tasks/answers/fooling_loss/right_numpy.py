import numpy as np


def fooling_loss(logits):
    return np.logaddexp(0, -logits.numpy()).mean()
