"""Marking what students hand in, without trusting one of them."""
