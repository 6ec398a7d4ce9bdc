def fooling_loss(logits):
    return -(logits.sigmoid() + 1e-300).log().mean()
