"""How firmly the lessons' claims hold: every assertion, over many seeds, and for every asserted
number how much room is left.

    make soak                                  all lessons, 20 seeds: an hour
    python benchmarks/soak.py 05 --seeds 5     one lesson, fewer: for the ranges of `expected.json`

runs the code cells of a lesson once for each seed, without pictures and tasks, one process and one
thread to a lesson. The seed
moves every seed of the lesson: PyTorch's, NumPy's generators, and what is passed to scikit-learn as
`random_state`. What was found is kept in build/soak.json, known by the lesson's code, and not found
again: after a break the same command goes on. Ends with exit code 1 if an assertion failed or a
number lies outside its range. Never part of the tests.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

from course_tools.publish import notebooks
from course_utils import atomic, claims, data, figures

SPACING = 1000  # seeds of two runs never meet
KEPT = notebooks.ROOT / "build" / "soak.json"


def cells(number: str) -> list:
    """What is run of a lesson: all code but the tasks."""
    return [
        cell
        for cell in notebooks.code_cells(notebooks.find(number)[0].read())
        if "nbgrader" not in cell.metadata
    ]


def measure(number: str, seed: int) -> dict[str, dict]:
    """Lesson `number` with every seed moved by `seed`: "values" passed to `claims.expect`, by
    claim; "failed", by cell id.
    """
    values: dict[str, float] = {}
    failed: dict[str, str] = {}
    shift = SPACING * seed
    global_seed, numpy_generator, torch_generator = (
        torch.manual_seed,
        np.random.default_rng,
        torch.Generator,
    )

    class Generator(torch_generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            return super().manual_seed(seed + shift)

    patches = [
        (claims, "expect", lambda claim, value, dataset: values.update({claim: float(value)})),
        (figures, "show", lambda fig, *, alt: plt.close(fig)),
        (figures, "pad", lambda *args, **options: None),
        (figures, "slider", lambda *args, **options: None),
        (figures, "sliders", lambda *args, **options: None),
        (figures, "animate", lambda *args, **options: None),
        (torch, "manual_seed", lambda seed: global_seed(seed + shift)),
        (torch, "Generator", Generator),
        (
            np.random,
            "default_rng",
            lambda seed=None: numpy_generator(seed + shift if isinstance(seed, int) else seed),
        ),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in patches]
    for module, name, patched in patches:
        setattr(module, name, patched)
    scope: dict = {}
    try:
        for cell in cells(number):
            source = re.sub(
                r"random_state=(\d+)",
                lambda found: f"random_state={int(found[1]) + shift}",
                cell.source,
            )
            try:
                with (
                    contextlib.redirect_stdout(io.StringIO()),
                    contextlib.redirect_stderr(io.StringIO()),
                ):
                    exec(source, scope)
            except Exception as error:  # what follows may hold all the same
                failed[cell.id] = f"{type(error).__name__}: {error}"[:300]
    finally:
        plt.close("all")
        for module, name, original in before:
            setattr(module, name, original)
    return {"values": values, "failed": failed}


def known_as(number: str, seed: int, dataset: str) -> str:
    code = hashlib.sha256("\0".join(cell.source for cell in cells(number)).encode()).hexdigest()
    return f"{number} {dataset} {seed} {code[:16]}"


def report(number: str, runs: list[dict], allowed: dict) -> int:
    """Print what a lesson's claims gave. Returns how many did not hold."""
    left, found = 0, defaultdict(list)
    for run in runs:
        for claim, value in run["values"].items():
            found[claim].append(value)
    bare = sum("assert " in cell.source for cell in cells(number))
    print(f"\nlesson {number}, {len(runs)} seeds; {bare} cells with assertions of their own")
    for claim, seen in found.items():
        if claim not in allowed:
            print(f"  {claim}: {min(seen):.4g} to {max(seen):.4g}, and no range yet")
            continue
        low, high = allowed[claim]
        outside = sum(not low <= value <= high for value in seen)
        left += outside
        margin = min(min(seen) - low, high - max(seen)) / (high - low)
        print(
            f"  {claim}: {min(seen):.4g} to {max(seen):.4g} in {low:.4g} to {high:.4g}, margin"
            f" {margin:.0%}, {outside} outside"
        )
    for run in runs:
        for cell, error in run["failed"].items():
            left += 1
            print(f"  FAILED, cell {cell}: {error}")
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="04", help="default: all")
    parser.add_argument("--seeds", type=int, default=20, help="how many (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="lessons at a time (default: %(default)s)"
    )
    options = parser.parse_args()
    dataset, chosen = (
        data.load().name,
        [lesson.number for lesson in notebooks.find(*options.lessons)],
    )
    wanted = {
        known_as(n, seed, dataset): (n, seed)
        for seed in range(1, options.seeds + 1)
        for n in chosen
    }
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    for name in ("COURSE_CACHE", "COURSE_PRETRAINED"):  # every training is done
        os.environ.pop(name, None)
    with ProcessPoolExecutor(
        options.jobs, get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        running = {
            pool.submit(measure, *what): name for name, what in wanted.items() if name not in kept
        }
        for i, done in enumerate(as_completed(running), 1):
            kept[running[done]] = done.result()
            atomic.write(KEPT, json.dumps(kept, indent=1, ensure_ascii=False).encode())
            print(f"\r{i} of {len(running)}", end="", file=sys.stderr, flush=True)
    allowed = claims.RANGES.get(dataset, {})
    left = sum(
        report(n, [kept[name] for name, (of, _) in wanted.items() if of == n], allowed)
        for n in chosen
    )
    print(f"\n{left} did not hold" if left else "\nevery claim held with every seed")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
