"""Grading: mark what students hand in, without trusting their code."""
