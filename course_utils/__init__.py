"""What the lessons import. Read the modules in the order of `course_utils.LAYERS`: each may import only those before it."""

LAYERS = (
    "runtime", "files", "states", "data", "blocks", "models", "objectives", "distributed", "memory", "training", "snapshots",
    "latent", "metrics", "scoreboard", "recipes", "plots", "widgets", "pads", "animation", "exercises", "teaching",
)  # fmt: skip
