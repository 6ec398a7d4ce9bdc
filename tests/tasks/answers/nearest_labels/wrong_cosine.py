import torch.nn.functional as F


def nearest_labels(z, y, z_new, k):
    a, b = F.normalize(z_new, dim=1), F.normalize(z, dim=1)
    return y[(a @ b.T).topk(k).indices].mode(1).values
