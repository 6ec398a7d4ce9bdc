def crispness(copied, original):
    def energy(x):
        right = ((x[:, :, 1:] - x[:, :, :-1]) ** 2).sum()
        down = ((x[:, 1:] - x[:, :-1]) ** 2).sum()
        return right + down

    return energy(copied) / energy(original)
