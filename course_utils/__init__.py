"""What the lessons import. Read the modules in the order of `course_utils.LAYERS`: each may import only those before it."""

import os
import sys

# OpenMP splits each layer of a network over its threads, and they wait for each other by spinning.
# libgomp, which PyTorch's packages for Linux bring along, lets them spin 300,000 rounds: longer than
# the system gives other programs at a time. So beside a busy program the thread that spins holds the
# core that its partner needs. A third of that costs an idle machine nothing, and a busy one half as
# much: benchmarks/busy.py measures it, benchmarks/RESULTS.md has the table. It is read once, when
# PyTorch is loaded, so the lessons import this package first.
os.environ.setdefault("GOMP_SPINCOUNT", "100000")

LAYERS = (
    "early", "early_start", "runtime", "files", "states", "data", "blocks", "models", "objectives", "distributed", "memory",
    "training", "snapshots", "latent", "metrics", "scoreboard", "recipes", "plots", "widgets", "pads", "animation", "exercises",
    "teaching",
)  # fmt: skip

if "IPython" in sys.modules:
    from course_utils import early

    early.listen()
