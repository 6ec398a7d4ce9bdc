"""A training step beside other work on the same cores, for several ways of waiting.

    python benchmarks/busy.py              all of it, some 10 minutes; prints a table
    python benchmarks/busy.py --rounds 1   a quick look

OpenMP splits a layer over its threads, and at the end of each layer the threads wait for each
other. libgomp, which PyTorch brings along on Linux, lets them spin: they keep their core busy until
the partner arrives. That is meant for an idle machine. Beside other programs the partner may not be
running at all, and then the spinning thread holds the very core that its partner waits for.

Not in the table: `OMP_DYNAMIC=true`, with which PyTorch 2.15 hangs where two threads are asked for
and OpenMP gives it one.

One process per way of waiting, each given a moment in turn, so that a machine that is slower now is
slower for all of them.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, redirect_stdout
from typing import IO

from course_utils import training

# What to wait like, and with how many threads. The first row is libgomp's own way.
WAYS: dict[str, tuple[int, dict[str, str]]] = {
    "spin 300,000, as libgomp has it": (2, {"GOMP_SPINCOUNT": "300000"}),
    **{
        f"spin {rounds:,}": (2, {"GOMP_SPINCOUNT": str(rounds)})
        for rounds in (30_000, 10_000, 3_000, 1_000)
    },
    "one thread": (1, {"GOMP_SPINCOUNT": "300000"}),
}
MODELS = {
    "dense": "dense VAE, 128 images",
    "vae": "VAE, 32",
    "gan": "GAN, 64",
    "vae_gan": "VAE/GAN, 32",
}
LOADS = (0, 1, 2)  # endless loops beside it
MOMENT = 1.0  # seconds of steps at a time
CHUNK = 10  # steps between two looks at the clock


def work() -> None:
    """Answer every line `model` with the milliseconds of a step, in this process."""
    import bench
    import torch

    from course_utils import data, models, recipes

    torch.set_flush_denormal(bool(os.environ.get("FLUSH_DENORMAL")))
    with redirect_stdout(sys.stderr):  # which data set it is; stdout is for the answers
        train = data.load("auto", "train")
    ready = {}
    for name in MODELS:
        torch.manual_seed(0)
        if name == "dense":
            dense = bench.Dense()
            adam = torch.optim.Adam(dense.parameters(), lr=1e-3, fused=True)
            players, size = {"": training.Player(dense, bench.as_here(dense), adam)}, 128
        else:
            recipe = recipes.RECIPES[name]
            players, size = recipe.players(models.SHIPPED[name](), 1_000_000), recipe.batch_size
        ready[name] = players, data.batches(train, size)
    for line in sys.stdin:
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < MOMENT:
            with bench.silence():
                training.play(*ready[line.strip()], CHUNK)
            steps += CHUNK
        print(json.dumps(1000 * (time.perf_counter() - start) / steps), flush=True)


def ask(worker: subprocess.Popen, model: str) -> float:
    into: IO[str]
    into, out = worker.stdin, worker.stdout
    into.write(f"{model}\n")
    into.flush()
    return json.loads(out.readline())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work()
        return
    found: dict[tuple, list[float]] = {}
    with ExitStack() as stack:

        def start(*command: str, **environment: str) -> subprocess.Popen:
            here = {**os.environ, **environment}
            process = subprocess.Popen(
                [sys.executable, *command],
                env={name: value for name, value in here.items() if value},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        workers = {
            way: start(__file__, "--work", OMP_NUM_THREADS=str(threads), **environment)
            for way, (threads, environment) in WAYS.items()
        }
        for worker in workers.values():
            for model in MODELS:
                ask(worker, model)
        for load in LOADS:
            loops = [start("-c", "while True: pass") for _ in range(load)]
            for _ in range(chosen.rounds):
                for way, worker in random.sample(
                    list(workers.items()), len(workers)
                ):  # whoever comes after a spinning one
                    for model in MODELS:
                        found.setdefault((way, model, load), []).append(ask(worker, model))
            for loop in loops:
                loop.kill()
    usual = next(iter(WAYS))
    print("| waiting | " + " | ".join(f"{said} | +1 loop | +2" for said in MODELS.values()) + " |")
    print("|---|" + "---|" * 3 * len(MODELS))
    for way in workers:
        cells = []
        for model in MODELS:
            pairs = zip(found[way, model, 0], found[usual, model, 0], strict=True)
            cells.append(f"{statistics.median(ours / theirs for ours, theirs in pairs):.2f} ×")
            idle = statistics.median(found[way, model, 0])
            cells += [
                f"{statistics.median(found[way, model, load]) / idle:.1f} ×" for load in LOADS[1:]
            ]
        print(f"| {way} | " + " | ".join(cells) + " |")
    idle = ", ".join(
        f"{said}: {statistics.median(found[usual, model, 0]):.1f} ms"
        for model, said in MODELS.items()
    )
    print(
        f"\nIdle: against the first row, where a step takes {idle}. Then against its own idle step."
    )


if __name__ == "__main__":
    main()
