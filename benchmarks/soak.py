"""How firmly the lessons' claims hold: every asserted number, over many seeds, beside the range that the lesson allows.

    make soak                                       all lessons, 20 seeds, on the data set of COURSE_DATASET: hours
    python benchmarks/soak.py 05 --seeds 5          one lesson, fewer seeds: where the ranges of `expected.json` come from

runs the code cells of a lesson once for each seed, without pictures and tasks. The seed moves every seed of the lesson:
PyTorch's, NumPy's generators, and what is passed to scikit-learn as `random_state`. It prints for every claim what it found and
how much of the range is left, and ends with exit code 1 if a value lies outside. Never part of the tests.
"""

import argparse
import contextlib
import io
import re
import sys
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from course_utils import animation, data, metrics, pads, plots, widgets
from course_utils.teaching import lessons

SPACING = 1000  # seeds of two runs never meet


def measure(number: str, seed: int) -> dict[str, float]:
    """All values that lesson `number` passes to `metrics.expect`, with every seed moved by `seed`."""
    found: dict[str, float] = {}
    shift = SPACING * seed
    global_seed, numpy_generator, torch_generator = torch.manual_seed, np.random.default_rng, torch.Generator

    class Generator(torch_generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            return super().manual_seed(seed + shift)

    patches = [
        (metrics, "expect", lambda claim, value, dataset: found.update({claim: float(value)})),
        (plots, "show", lambda fig, *, alt: plt.close(fig)),
        (pads, "pad", lambda *args, **options: None),
        (widgets, "sliders", lambda *args, **options: None),
        (animation, "animate", lambda *args, **options: None),
        (torch, "manual_seed", lambda seed: global_seed(seed + shift)),
        (torch, "Generator", Generator),
        (np.random, "default_rng", lambda seed=None: numpy_generator(seed + shift if isinstance(seed, int) else seed)),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in patches]
    for module, name, patched in patches:
        setattr(module, name, patched)
    scope: dict = {}
    try:
        for cell in lessons.code_cells(lessons.find(number)[0].read()):
            if "nbgrader" not in cell.metadata:
                source = re.sub(r"random_state=(\d+)", lambda found: f"random_state={int(found[1]) + shift}", cell.source)
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    exec(source, scope)
    finally:
        for module, name, original in before:
            setattr(module, name, original)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="04", help="default: all")
    parser.add_argument("--seeds", type=int, default=20, help="how many (default: %(default)s)")
    options = parser.parse_args()
    allowed = metrics.RANGES[data.load().name]
    left = 0
    for lesson in lessons.find(*options.lessons):
        values = defaultdict(list)
        for seed in range(1, options.seeds + 1):
            for claim, value in measure(lesson.number, seed).items():
                values[claim].append(value)
        if not values:
            print(f"lesson {lesson.number} asserts no number that a seed could change")
        for claim, seen in values.items():
            if claim not in allowed:
                print(f"{claim}: {min(seen):.4g} to {max(seen):.4g}, and no range yet", flush=True)
                continue
            low, high = allowed[claim]
            outside = sum(not low <= value <= high for value in seen)
            left += outside
            margin = min(min(seen) - low, high - max(seen)) / (high - low)
            said = f"{min(seen):.4g} to {max(seen):.4g} in {low:.4g} to {high:.4g}, margin {margin:.0%}, {outside} outside"
            print(f"{claim}: {said}", flush=True)
    print(f"{left} outside" if left else "every seed within every range")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
