def intrinsic_dimension(x):
    D = ((x[:, None] - x) ** 2).sum(-1).sort(dim=1).values
    return 1 / (D[:, 2] / D[:, 1]).log().mean()
