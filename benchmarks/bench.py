"""Speed and quality, measured on this machine.

    make bench                                  all of it
    python benchmarks/bench.py loop grade       some groups; the others keep what was measured
    python benchmarks/bench.py --accept         build/bench.json goes into benchmarks/RESULTS.md

writes build/bench.json and prints a table. Ratios are medians of alternating runs in one process,
so that a machine that is slower today slows both sides. Nothing here is part of the tests.
"""

import argparse
import contextlib
import inspect
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import lab_page
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_tools.models import measure
from course_tools.publish import notebooks
from course_utils import (
    data,
    datasets,
    models,
    objectives,
    recipes,
    runtime,
    scoreboard,
    training,
    weights,
)

OUT = notebooks.ROOT / "build" / "bench.json"
ACCEPTED = Path(__file__).with_name("RESULTS.md")
REPEATS = 15


class Figure(NamedTuple):
    """A measured number: its spread is half the distance between the largest and the smallest of
    several.
    """

    value: float
    unit: str
    spread: float = 0.0
    at_least: float | None = None
    at_most: float | None = None

    @classmethod
    def of(cls, values: Sequence[float], unit: str, **bounds: float) -> "Figure":
        return cls(statistics.median(values), unit, (max(values) - min(values)) / 2, **bounds)

    @property
    def wanted(self) -> str:
        said = []
        if self.at_least is not None:
            said.append(
                f"≥ {self.at_least:g}" + (" **missed**" if self.value < self.at_least else "")
            )
        if self.at_most is not None:
            said.append(
                f"≤ {self.at_most:g}" + (" **missed**" if self.value > self.at_most else "")
            )
        return ", ".join(said)


Found = dict[str, Figure]


class Dense(nn.Module):
    """The VAE of pytorch/examples: 784-400-20-400-784."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.mu, self.log_var = (
            nn.Linear(784, 400),
            nn.Linear(400, 20),
            nn.Linear(400, 20),
        )
        self.out, self.logits = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.into(x.flatten(1)).relu()
        mu, log_var = self.mu(h), self.log_var(h)
        return self.logits(self.out(models.reparameterize(mu, log_var)).relu()), mu, log_var


def as_usual(model: Dense, x: Tensor) -> Tensor:
    """The loss as it is usually written: a sigmoid, then the cross-entropy."""
    logits, mu, log_var = model(x)
    likelihood = F.binary_cross_entropy(logits.sigmoid(), x.flatten(1), reduction="sum")
    return likelihood - 0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())


def as_here(model: Dense) -> training.Objective:
    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits, mu, log_var = model(x)
        parts = {
            "reconstruction": objectives.reconstruction(logits.view_as(x), x),
            "kl": objectives.kl(mu, log_var),
        }
        return {"loss": sum(parts.values()), **parts}

    return objective


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(
    slow: Callable[[], object],
    fast: Callable[[], object],
    *,
    at_least: float | None,
    repeats: int = REPEATS,
) -> Figure:
    """slow/fast over alternating runs."""
    slow(), fast()
    return Figure.of(
        [timed(slow) / timed(fast) for _ in range(repeats)], "times", at_least=at_least
    )


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


def loop(found: Found) -> None:
    """`fit` beside the usual loop and beside one fixed batch."""
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import MNIST

    train = data.load("mnist", "train")
    steps = 200
    usual_data = DataLoader(
        MNIST(datasets.folder(), train=True, transform=transforms.ToTensor()),
        128,
        shuffle=True,
    )

    def endless() -> Iterator[Tensor]:
        while True:
            for x, _ in usual_data:
                if len(x) == 128:
                    yield x

    def usual() -> Callable[[], None]:
        model, stream = Dense(), endless()
        adam = torch.optim.Adam(model.parameters(), lr=1e-3)

        def run() -> None:
            total = 0.0
            for _ in range(steps):
                x = next(stream)
                adam.zero_grad()
                loss = as_usual(model, x)
                loss.backward()
                total += loss.item()
                adam.step()

        return run

    def fixed(size: int, fused: bool = True) -> Callable[[], None]:
        model = Dense()
        x, y = next(data.batches(train, size))
        adam, objective = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused), as_here(model)

        def run() -> None:
            for _ in range(steps * 128 // size):
                adam.zero_grad()
                objective(x, y)["loss"].backward()
                adam.step()

        return run

    def ours(size: int, *, fused: bool = True, plain: bool = False) -> Callable[[], None]:
        model, batches = Dense(), data.batches(train, size)
        adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused)
        objective = (lambda x, y: {"loss": as_usual(model, x)}) if plain else as_here(model)

        def run() -> None:
            with silence():
                training.fit(model, objective, batches, steps * 128 // size, optimizer=adam)

        return run

    def images(run: Callable[[], None]) -> Figure:
        run()
        return Figure.of([steps * 128 / timed(run) for _ in range(5)], "images/s")

    shares = {
        "the usual loop": usual(),
        "pictures in memory; same loss, Adam, batches of 128": ours(128, fused=False, plain=True),
        "and the loss on logits": ours(128, fused=False),
        "and fused Adam": ours(128),
        "and batches of 512": ours(512),
    }
    torch.set_num_threads(1)
    found["loop.vs_usual_same"] = ratio(usual(), ours(128, fused=False, plain=True), at_least=None)
    found["loop.vs_usual"] = ratio(usual(), ours(128), at_least=None)
    found["loop.vs_floor"] = ratio(fixed(128), ours(128), at_least=0.95)
    # No loop with this network can do better.
    found["loop.floor_vs_usual"] = ratio(usual(), fixed(128), at_least=None)
    for name, run in shares.items():
        found[f"loop.share_1: {name}"] = images(run)
    torch.set_num_threads(2)
    found["loop.lesson_vs_usual"] = ratio(usual(), ours(512), at_least=None)
    found["loop.lesson_floor_vs_usual"] = ratio(usual(), fixed(512), at_least=None)
    for name, run in shares.items():
        found[f"loop.share_2: {name}"] = images(run)


def fixed_batch(name: str, module: nn.Module, train: data.Images, steps: int) -> Callable[[], None]:
    """The steps of a recipe on one batch, written out: no data, no numbers kept, no guard."""
    recipe = recipes.RECIPES[name]
    players = recipe.players(module, 10_000)
    x, y = next(data.batches(train, recipe.batch_size))
    networks = [player.network for player in players.values()]

    def run() -> None:
        for _ in range(steps):
            for player in players.values():
                mine = {id(p) for group in player.optimizer.param_groups for p in group["params"]}
                for p in (p for network in networks for p in network.parameters()):
                    p.requires_grad_(id(p) in mine)
                player.optimizer.zero_grad()
                player.objective(x, y)["loss"].backward()
                player.optimizer.step()
                if player.average is not None:
                    player.average.update_parameters(player.network)
                if player.schedule is not None:
                    player.schedule.step()

    return run


def games(found: Found, device: str = "cpu", prefix: str = "games") -> None:
    """Steps of the convolutional VAE and of the games beside one fixed batch."""
    train = data.load("mnist", "train", device=torch.device(device))
    torch.set_num_threads(2)
    for name in ("vae", "gan", "cgan", "vae_gan"):
        recipe, steps = recipes.RECIPES[name], 100  # a lesson takes hundreds
        floor = fixed_batch(name, models.SHIPPED[name]().to(device), train, steps)
        players = recipe.players(models.SHIPPED[name]().to(device), 10_000)
        batches = data.batches(train, recipe.batch_size)

        def ours(players=players, batches=batches, steps=steps) -> None:
            with silence():
                training.play(players, batches, steps)

        found[f"{prefix}.{name}_vs_floor"] = ratio(floor, ours, at_least=0.95, repeats=7)
        found[f"{prefix}.{name}_images_s"] = Figure.of(
            [steps * recipe.batch_size / timed(ours) for _ in range(5)], "images/s"
        )


def steps(found: Found) -> None:
    """Steps of what lesson 10 trains."""
    train = data.load("mnist", "train")
    torch.set_num_threads(2)
    for name in ("latent_flow_label", "pixel_cnn"):
        recipe, module = recipes.RECIPES[name], models.SHIPPED[name]()
        batches = recipe.batches(module, train, recipe.batch_size, 0)
        players = recipe.players(module, 10_000)

        def run(players=players, batches=batches) -> None:
            with silence():
                training.play(players, batches, 50)

        run()
        found[f"steps.{name}_ms"] = Figure.of(
            [1e3 * timed(run) / 50 for _ in range(5)], f"ms, {recipe.batch_size} images"
        )


def build(found: Found) -> None:
    """The site and the decks, from the committed outputs."""
    with tempfile.TemporaryDirectory() as place:
        for name in ("slides", "site"):
            command = [sys.executable, "-m", "course_tools", name, "--out", f"{place}/{name}"]
            took = timed(lambda c=command: subprocess.run(c, check=True, capture_output=True))
            found[f"build.{name}_s"] = Figure(took, "s")


def size(found: Found) -> None:
    """What a training costs on more data: nothing, for its budget is steps."""
    torch.set_num_threads(2)
    whole = data.load("mnist", "train")
    for n in (1_800, len(whole), 60_000):
        chosen = torch.arange(n) % len(whole)  # beyond what is there, pictures come twice
        some = data.Images(whole.name, whole.split, whole.pixels[chosen], whole.y[chosen])
        model, batches = Dense(), data.batches(some, 128)
        seconds = []
        for _ in range(6):
            with silence():
                seconds.append(
                    timed(lambda m=model, b=batches: training.fit(m, as_here(m), b, 200))
                )
        found[f"data.{n}_images_s"] = Figure.of(seconds[1:], "s for 200 steps of 128")


ONE_LESSON = """
import json, resource, sys, time
from course_tools.publish import notebooks
(lesson,), begun = notebooks.find(sys.argv[1]), []
notebook = lesson.read()
tick = lambda n: begun.append(time.monotonic())
seconds, error = notebooks.execute(notebook, lesson.path.parent, on_cell=tick)
if error:
    raise SystemExit(error)
each = [after - before for before, after in zip(begun, [*begun[1:], time.monotonic()])]
ids = [cell.id for cell in notebooks.code_cells(notebook)]
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
print(json.dumps({"seconds": seconds, "GB": memory, "cells": dict(zip(ids, each))}))
"""


def one_lesson(number: str, **settings: str) -> dict:
    """One lesson in a fresh process: seconds, GB at the peak, and seconds of every code cell by its
    id.
    """
    done = subprocess.run(
        [sys.executable, "-c", ONE_LESSON, number],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2", **settings},
    )
    return json.loads(done.stdout.splitlines()[-1])


# Seconds of a lesson where the reference step takes 6 ms; all ten: 130 times that step.
LIMITS = dict.fromkeys(("01", "02", "03", "04"), 40) | {"05": 120} | dict.fromkeys(
    ("06", "07", "08", "09"), 100
)  # fmt: skip


def course(found: Found) -> None:
    """Every lesson from top to bottom, beside the reference step, measured before each."""
    train, total, steps = data.load("mnist", "train"), 0.0, []
    for lesson in notebooks.find():
        torch.set_num_threads(2)
        steps.append(measure.reference_step(train))
        ran = one_lesson(lesson.number)
        total += ran["seconds"]
        limit = LIMITS.get(lesson.number)
        found[f"course.{lesson.number}_s"] = Figure(
            ran["seconds"],
            f"s; the step took {steps[-1]:.1f} ms",
            at_most=limit and round(limit * steps[-1] / 6),
        )
        found[f"course.{lesson.number}_GB"] = Figure(ran["GB"], "GB at the peak")
    step = statistics.median(steps)
    found["course.reference_ms"] = Figure.of(steps, "ms a step of the convolutional VAE, 32 images")
    found["course.total_s"] = Figure(total, "s", at_most=round(130 * step))


def again(found: Found) -> None:
    """The second time with `COURSE_CACHE=1`; and how long an audience waits for the slowest cell,
    tasks aside.
    """
    total = 0.0
    for lesson in notebooks.find():
        one_lesson(lesson.number, COURSE_CACHE="1")
        ran = one_lesson(lesson.number, COURSE_CACHE="1")
        total += ran["seconds"]
        cells = {cell.id: cell.source for cell in notebooks.code_cells(lesson.read())}
        shown = {
            name: seconds for name, seconds in ran["cells"].items() if "verify(" not in cells[name]
        }
        slowest = max(shown, key=shown.get)
        found[f"again.{lesson.number}_s"] = Figure(ran["seconds"], "s")
        found[f"again.{lesson.number}_slowest_cell_s"] = Figure(
            shown[slowest], f"s, cell {slowest}", at_most=3
        )
    found["again.total_s"] = Figure(total, "s")


def quality(
    found: Found,
    device: torch.device | None = None,
    prefix: str = "quality",
    seeds: tuple[int, ...] = (0, 1, 2),
) -> None:
    """Every model made by its recipe, for several seeds, on the scoreboard; the reference step is
    measured before each training.
    """
    torch.set_num_threads(2)
    device = device or torch.device("cpu")
    train, test = (data.load("mnist", split, device=device) for split in ("train", "test"))
    reader = weights.pretrained("classifier", "mnist", device=device)
    real = scoreboard.Real(train, test, reader.features, reader.head)
    for name in (name for name, recipe in recipes.RECIPES.items() if recipe.draw):
        rows, seconds, steps = [], [], []
        for seed in seeds:
            steps.append(measure.reference_step(train))
            with silence():
                start = time.perf_counter()
                module = recipes.make(name, train, seed=seed)
                seconds.append(time.perf_counter() - start)
            rows.append(recipes.score(name, module, real))
        found[f"{prefix}.{name}.seconds"] = Figure.of(
            seconds, f"s of training; the step took {statistics.median(steps):.1f} ms"
        )
        for key in rows[0]:
            found[f"{prefix}.{name}.{key}"] = Figure.of(
                [row[key] for row in rows], f"{len(seeds)} seed{'s' * (len(seeds) > 1)}"
            )


FIRST = """
import time; start = time.perf_counter()
import torch, matplotlib; matplotlib.use("Agg")
from course_utils import figures, models, weights
with torch.no_grad():
    vae = weights.pretrained("vae", "mnist")
    ax = figures.image_grid(vae.decode(torch.randn(20, models.LATENT_DIMS["vae"])), columns=10)
ax.figure.savefig("/dev/null", format="png")
print(time.perf_counter() - start)
"""
IMPORTS = (
    "from course_utils import data, exercises, figures, metrics, models, objectives, runtime,"
    " training, weights"
)


def start(found: Found) -> None:
    """What a lesson's imports cost beyond PyTorch, and a first picture from weights that ship."""

    def seconds(code: str) -> float:
        return timed(
            lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        )

    bare = "import torch, numpy, matplotlib.pyplot"
    seconds(IMPORTS)
    beyond = [seconds(f"{bare}\n{IMPORTS}") - seconds(bare) for _ in range(REPEATS)]
    found["import.s"] = Figure.of(beyond, "s beyond torch, NumPy and pyplot", at_most=0.3)
    beyond = [seconds(f"import torch\n{IMPORTS}") - seconds("import torch") for _ in range(REPEATS)]
    found["import.beyond_torch_s"] = Figure.of(beyond, "s beyond torch alone")
    first = [
        subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, text=True)
        for _ in range(5)
    ]
    found["first_picture.s"] = Figure.of(
        [float(run.stdout) for run in first], "s, imports and weights included", at_most=3
    )


def grade(found: Found, n: int = 40) -> None:
    """Seconds per submission: ours with one and two sandboxes at a time, and nbgrader's autograde
    of the same notebooks. Each row includes the start of the grader and of PyTorch.
    """
    lesson = notebooks.find("05")[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for i in range(n):
            (folder / "in" / f"student{i:02}").mkdir(parents=True)
            shutil.copy(lesson.path, folder / "in" / f"student{i:02}")
        for jobs in (1, 2):
            command = [
                sys.executable,
                "-m",
                "course_tools",
                "grade",
                str(folder / "in"),
                "--out",
                str(folder / f"out{jobs}"),
            ]
            each = (
                timed(
                    lambda c=command, j=jobs: subprocess.run(
                        [*c, "--jobs", str(j)], check=True, capture_output=True
                    )
                )
                / n
            )
            found[f"grade.s_per_submission_{jobs}"] = Figure(
                each, f"s, {jobs} at a time", at_most=2 if jobs == 2 else None
            )
        each = nbgrader(folder / "nbgrader", lesson, 3)
        found["grade.nbgrader_s_per_submission"] = Figure(
            each, "s, autograde of the set-up and the tasks alone"
        )
        ours = found["grade.s_per_submission_2"].value
        found["grade.vs_nbgrader"] = Figure(each / ours, "times", at_least=3)


def nbgrader(folder: Path, lesson: notebooks.Lesson, n: int) -> float:
    """Seconds per submission of `nbgrader autograde`, for a notebook that holds nothing but the
    set-up and the tasks.
    """
    notebook = lesson.read()
    notebook.cells = [
        cell
        for i, cell in enumerate(notebook.cells)
        if "nbgrader" in cell.metadata
        or "verify(" in cell.source
        or (cell.cell_type == "code" and i < 8)
    ]
    (folder / "source" / "05").mkdir(parents=True)
    notebooks.write(notebook, folder / "source" / "05" / lesson.path.name)
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'x'\nc.Exchange.root = {str(folder)!r}\n"
    )

    def call(*arguments: str) -> None:
        environment = {
            **os.environ,
            "PYTHONWARNINGS": "ignore",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
            env=environment,
        )

    call("generate_assignment", "05", "--create")
    for i in range(n):
        place = folder / "submitted" / f"student{i}" / "05"
        place.mkdir(parents=True)
        notebooks.write(notebook, place / lesson.path.name)
    return timed(lambda: call("autograde", "05")) / n


def pad(found: Found) -> None:
    """Pictures a second of the latent pad in JupyterLab and in a deck, as the browser tests print
    them.
    """
    tests = [f"tests/browser/{name}.py" for name in ("test_lab", "test_slides")]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-s", "-k", "03 or without_a_kernel", *tests],
        cwd=notebooks.ROOT,
        capture_output=True,
        text=True,
    ).stdout
    for where, rate in re.findall(r"(.*): the pad follows with (\d+) pictures a second", said):
        live = where != "deck"
        found["pad.fps_live" if live else "pad.fps_deck"] = Figure(
            float(rate), "pictures/s", at_least=30 if live else 60
        )


def lab_page_speed(found: Found) -> None:
    """The lab page in Chromium, from localhost: sizes, seconds until all models are loaded, answers
    a second while one draws, and images a second, ten at a time, on one thread.
    """
    bounds: dict[str, dict[str, float]] = {
        "page_mb": {"at_most": 20},
        "models_mb": {"at_most": 4},
        "load_s": {"at_most": 3},
        "answers_s": {"at_least": 30},
        "flow_s": {"at_most": 1},
    }
    units = {"mb": "MB", "images_s": "images/s", "answers_s": "answers/s"}
    for name, values in lab_page.measure().items():
        unit = next((unit for end, unit in units.items() if name.endswith(end)), "s")
        limits = {"at_least": 10.0} if unit == "images/s" else bounds[name]
        found[f"lab_page.{name}"] = Figure.of(values, unit, **limits)


def processes(found: Found) -> None:
    """One training under `torchrun`, one thread to a process; and what a step sends, on paper."""
    steps, rates = 200, {}
    with tempfile.TemporaryDirectory() as place:
        for n in (1, 2):
            weights = str(Path(place) / f"{n}.safetensors")
            command = [
                sys.executable,
                "-m",
                "torch.distributed.run",
                "--nproc-per-node",
                str(n),
                "-m",
                "course_tools",
                "train",
                "vae",
            ]
            seconds = []
            for count in (steps, 2 * steps):  # their difference is without the start
                run = [*command, "--steps", str(count), "--out", weights]
                seconds.append(
                    timed(
                        lambda r=run: subprocess.run(
                            r,
                            check=True,
                            capture_output=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1"},
                        )
                    )
                )
            rates[n] = (seconds[1] - seconds[0]) / steps
            found[f"processes.{n}_ms"] = Figure(
                1e3 * rates[n], "ms a step of the convolutional VAE, the same global batch"
            )
    found["processes.2_vs_1"] = Figure(rates[1] / rates[2], "times")
    size = sum(p.numel() for p in models.SHIPPED["vae"]().parameters()) * 4
    for n in (2, 16):
        sent = 2 * (n - 1) / n * size  # bytes that each process sends in a ring all-reduce
        found[f"processes.ring_{n}_ms"] = Figure(
            1e3 * sent / 125e6, f"ms to send {sent / 1e6:.1f} MB a step over 1 Gbit/s, on paper"
        )


def gpu(found: Found) -> None:
    """The same on a CUDA device, where there is one."""
    if not torch.cuda.is_available():
        return
    games(found, "cuda", "gpu")
    quality(found, torch.device("cuda"), "gpu.quality", (0,))


GROUPS = {
    "loop": loop,
    "games": games,
    "steps": steps,
    "data": size,
    "start": start,
    "grade": grade,
    "pad": pad,
    "lab_page": lab_page_speed,
    "build": build,
    "processes": processes,
    "course": course,
    "again": again,
    "quality": quality,
    "gpu": gpu,
}


def machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "",
    )
    versions = (
        f"Python {platform.python_version()}, torch {torch.__version__}, course"
        f" {time.strftime('%Y-%m-%d')}"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model or platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB; {versions}"


def table(found: Found) -> str:
    lines = ["| key | value | ± | unit | must hold |", "|---|---|---|---|---|"]
    for key, figure in found.items():
        spread = f"{figure.spread:.2g}" if figure.spread else ""
        lines.append(
            f"| `{key}` | {figure.value:.4g} | {spread} | {figure.unit} | {figure.wanted} |"
        )
    return "\n".join(lines)


def accept(kept: dict[str, dict]) -> None:
    """Write the groups that were measured here into RESULTS.md, between its marks; the others stay
    as they stand there.
    """
    before, mark, rest = ACCEPTED.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    stood, end, after = rest.partition("<!-- end -->\n")
    if not (mark and end):
        raise SystemExit(f"{ACCEPTED}: expected the lines <!-- measured --> and <!-- end -->")
    parts = {part.split("\n", 1)[0]: f"## {part.strip()}\n" for part in stood.split("## ")[1:]}
    for group, (on, found) in kept.items():
        if found:
            about = inspect.getdoc(GROUPS[group])
            parts[group] = f"## {group}\n\n{about}\n\n{on}\n\n{table(found)}\n"
    chosen = [parts[group] for group in GROUPS if group in parts]
    ACCEPTED.write_text(
        before + mark + "\n" + "\n".join(chosen) + "\n" + end + after, encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} (default: all)"
    )
    parser.add_argument(
        "--accept", action="store_true", help="measure only the named groups, then write RESULTS.md"
    )
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(
            f"there is no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}"
        )
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    kept = {
        group: (on, {key: Figure(*figure) for key, figure in found.items()})
        for group, (on, found) in kept.items()
    }
    for group in options.groups or ([] if options.accept else GROUPS):
        found: Found = {}
        GROUPS[group](found)
        kept[group] = (machine(), found)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")
        print(f"\n{group}\n{table(found)}", flush=True)
    if options.accept:
        accept(kept)


if __name__ == "__main__":
    runtime.seed_everything(0)
    main()
