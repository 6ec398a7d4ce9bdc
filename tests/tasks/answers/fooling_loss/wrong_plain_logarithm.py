def fooling_loss(logits):
    return -logits.sigmoid().log().mean()
