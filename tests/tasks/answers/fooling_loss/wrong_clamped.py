def fooling_loss(logits):
    return -logits.sigmoid().clamp(min=1e-12).log().mean()
