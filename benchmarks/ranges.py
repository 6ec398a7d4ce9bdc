"""Where the ranges of `expected.json` come from: a lesson's claims, measured over several seeds.

    COURSE_DATASET=mnist python benchmarks/ranges.py 05 --seeds 1 2 3 4 5

runs the code cells of the lesson once for each seed, without pictures and tasks, and prints every claim with its values. The
seed changes what is drawn: initial weights, batches, noise, and every generator that the lesson seeds.
"""

import argparse
import contextlib
import io
import os
from collections import defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch

from course_utils import animation, data, metrics, plots, runtime, widgets
from course_utils.teaching import lessons

SPACING = 1000  # seeds of two runs never meet


def measure(number: str, seed: int) -> dict[str, float]:
    """All values that lesson `number` passes to `metrics.expect`, with every seed moved by `seed`."""
    found: dict[str, float] = {}
    shift = SPACING * seed
    real = {
        "seed": runtime.seed_everything, "batches": data.batches, "torch": torch.manual_seed,
        "generator": torch.Generator.manual_seed, "non_digits": data.non_digits,
    }  # fmt: skip

    class Generator(torch.Generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            return real["generator"](self, seed + shift)

    patches = [
        (metrics, "expect", lambda claim, value, dataset: found.update({claim: float(value)})),
        (plots, "show", lambda fig, *, alt: plt.close(fig)),
        (widgets, "sliders", lambda *args, **options: None),
        (animation, "animate", lambda *args, **options: None),
        (runtime, "seed_everything", lambda seed=0: real["seed"](seed + shift)),
        (data, "batches", lambda images, size, *, seed=0: real["batches"](images, size, seed=seed + shift)),
        (data, "non_digits", lambda x, *, seed=0: real["non_digits"](x, seed=seed + shift)),
        (torch, "manual_seed", lambda seed: real["torch"](seed + shift)),
        (torch, "Generator", Generator),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in patches]
    for module, name, patched in patches:
        setattr(module, name, patched)
    scope: dict = {}
    try:
        for cell in lessons.code_cells(lessons.find(number)[0].read()):
            if "nbgrader" not in cell.metadata:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    exec(cell.source, scope)
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
