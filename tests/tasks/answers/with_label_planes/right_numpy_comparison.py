import numpy as np


def with_label_planes(x, y, n_classes):
    labels = (y.numpy()[:, None] == np.arange(n_classes)).astype(float)
    planes = np.broadcast_to(labels[:, :, None, None], (len(x), n_classes, *x.shape[2:]))
    return np.concatenate([x.numpy(), planes], axis=1)
