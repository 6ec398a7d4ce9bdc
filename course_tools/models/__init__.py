"""Train, measure and sample the models that ship."""
