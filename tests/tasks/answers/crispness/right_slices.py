def crispness(reconstructed, original):
    def energy(x):
        right = ((x[:, :, 1:] - x[:, :, :-1]) ** 2).sum()
        down = ((x[:, 1:] - x[:, :-1]) ** 2).sum()
        return right + down

    return energy(reconstructed) / energy(original)
