"""What the lessons import.

Read the modules in the order of `course_utils.LAYERS`: each may import only those before it.
"""

import os
import sys

# OpenMP splits each layer of a network over its threads, and they wait for each other by spinning.
# libgomp, which PyTorch's packages for Linux bring along, lets them spin 300,000 rounds before they
# sleep: longer than the system gives other programs at a time. So beside a busy program the thread
# that spins holds the core that its partner needs, and a step takes ten times as long, at worst
# seventy. With 10,000 rounds it takes about four times as long, and on an idle machine up to a
# third longer. Fewer rounds make two threads no faster than one there: benchmarks/busy.py measures
# it, benchmarks/RESULTS.md has the table. The variable is read once, when PyTorch is loaded, so the
# lessons import this package first.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

LAYERS = (
    "errors",
    "names",
    "name_errors",
    "kernel_start",
    "runtime",
    "atomic",
    "tensor_io",
    "datasets",
    "data",
    "layers",
    "flows",
    "models",
    "weights",
    "objectives",
    "training",
    "latent",
    "metrics",
    "claims",
    "scoreboard",
    "recipes",
    "figures",
    "exercises",
)

if "IPython" in sys.modules:
    from course_utils import name_errors

    name_errors.listen()
