"""Where the ranges of `expected.json` come from: a lesson's claims, measured over several seeds.

    COURSE_DATASET=mnist python benchmarks/ranges.py 05 --seeds 1 2 3 4 5

runs the code cells of the lesson once for each seed, without pictures and tasks, and prints every claim with its values. The
seed moves every seed of the lesson: PyTorch's, NumPy's generators, and what is passed to scikit-learn as `random_state`.
"""

import argparse
import contextlib
import io
import os
import re
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from course_utils import animation, metrics, pads, plots, widgets
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", help="its number, e.g. 05")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    options = parser.parse_args()
    values = defaultdict(list)
    for seed in options.seeds:
        for claim, value in measure(options.lesson, seed).items():
            values[claim].append(value)
    print(f"lesson {options.lesson}, {os.environ.get('COURSE_DATASET', 'auto')}, seeds {options.seeds}")
    for claim, seen in values.items():
        print(f"{claim}: {min(seen):.4g} to {max(seen):.4g}  ({', '.join(f'{value:.4g}' for value in seen)})")


if __name__ == "__main__":
    main()
