def intrinsic_dimension(x):
    squares = ((x[:, None] - x) ** 2).sum(-1)
    r = squares.kthvalue(2, dim=1).values, squares.kthvalue(3, dim=1).values
    return len(x) / (0.5 * (r[1].log() - r[0].log())).sum().item()
