"""The weights that ship: made, measured, sampled from."""
