"""What the lessons import. Read the modules in the order of `course_utils.LAYERS`: each may import only those before it."""

import sys

LAYERS = (
    "early", "early_start", "runtime", "files", "states", "data", "blocks", "models", "objectives", "distributed", "memory",
    "training", "snapshots", "latent", "metrics", "scoreboard", "recipes", "plots", "widgets", "pads", "animation", "exercises",
    "teaching",
)  # fmt: skip

if "IPython" in sys.modules:
    from course_utils import early

    early.listen()
