"""Speed and quality, measured on this machine.

    make bench                                  all of it: about an hour on two cores
    python benchmarks/bench.py loop grade       some groups: loop games data course quality start grade pad gpu

writes build/bench.json and prints the table that stands, as last accepted, in benchmarks/RESULTS.md. Ratios are medians of
alternating runs in one process, so that a machine that is slower today slows both sides. Nothing here is part of the tests.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import data, files, models, objectives, recipes, runtime, scoreboard, training
from course_utils.teaching import lessons

OUT = lessons.ROOT / "build" / "bench.json"
REPEATS = 15
Found = dict[str, tuple[float, str, str]]  # key → value, unit, what must hold


class Dense(nn.Module):
    """The VAE of pytorch/examples: 784-400-20-400-784."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.mu, self.log_var = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
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
        parts = {"reconstruction": objectives.reconstruction(logits.view_as(x), x), "kl": objectives.kl(mu, log_var)}
        return {"loss": sum(parts.values()), **parts}

    return objective


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(slow: Callable[[], object], fast: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    """Median of slow/fast over alternating runs, and the spread of it: (largest − smallest)/2."""
    slow(), fast()
    found = [timed(slow) / timed(fast) for _ in range(repeats)]
    return statistics.median(found), (max(found) - min(found)) / 2


def silent(work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with open(os.devnull, "w") as nowhere:
            before, sys.stderr = sys.stderr, nowhere
            try:
                work()
            finally:
                sys.stderr = before

    return run


def loop(found: Found) -> None:
    """`fit` beside the usual loop and beside one fixed batch."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    train = data.load("mnist", "train")
    steps = 100
    usual_data = DataLoader(datasets.MNIST(files.folder(), train=True, transform=transforms.ToTensor()), 128, shuffle=True)

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
        written = as_here(model)
        objective = (lambda x, y: {"loss": as_usual(model, x)}) if plain else written
        return silent(lambda: training.fit(model, objective, batches, steps * 128 // size, optimizer=adam))

    def images(run: Callable[[], None]) -> float:
        return steps * 128 / statistics.median(timed(run) for _ in range(5))

    torch.set_num_threads(1)
    found["loop.vs_usual_same"] = (*ratio(usual(), ours(128, fused=False, plain=True)), "same loss and optimizer")
    found["loop.vs_usual"] = (*ratio(usual(), ours(128)), "≥ 2.2")
    found["loop.vs_floor"] = (*ratio(fixed(128), ours(128)), "≥ 0.95")
    torch.set_num_threads(2)
    found["loop.usual_2"] = (images(usual()), 0.0, "images/s")
    found["loop.lesson_vs_usual"] = (*ratio(usual(), ours(512)), "≥ 4")
    for name, run in {
        "same loss and optimizer, batch 128": ours(128, fused=False, plain=True),
        "and the loss on logits": ours(128, fused=False),
        "and fused Adam": ours(128),
        "and batch 512": ours(512),
    }.items():
        found[f"loop.share: {name}"] = (images(run), 0.0, "images/s")
    found["loop.share: the last on 1 thread"] = (0.0, 0.0, "images/s")
    torch.set_num_threads(1)
    found["loop.share: the last on 1 thread"] = (images(ours(512)), 0.0, "images/s")


def fixed_batch(name: str, module: nn.Module, train: data.Images, steps: int) -> Callable[[], None]:
    """The steps of a recipe on one batch, written out: no data, no numbers kept, no guard."""
    recipe = recipes.RECIPES[name]
    players = recipe.players(module, 10_000)
    x, y = next(data.batches(train, recipe.size))
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
        recipe, steps = recipes.RECIPES[name], 20 if device == "cpu" else 100
        floor = fixed_batch(name, models.SHIPPED[name]().to(device), train, steps)
        players = recipe.players(models.SHIPPED[name]().to(device), 10_000)
        batches = data.batches(train, recipe.size)
        ours = silent(lambda players=players, batches=batches, steps=steps: training.play(players, batches, steps))
        found[f"{prefix}.{name}_vs_floor"] = (*ratio(floor, ours, 7), "≥ 0.9")
        found[f"{prefix}.{name}_images_s"] = (
            steps * recipe.size / statistics.median(timed(ours) for _ in range(5)),
            0.0,
            "images/s",
        )


def size(found: Found) -> None:
    """What a training costs on more data: nothing, for its budget is steps."""
    torch.set_num_threads(2)
    whole = data.load("mnist", "train")
    for n in (1_800, len(whole), 60_000):
        chosen = torch.arange(n) % len(whole)  # beyond what is there, pictures come twice
        few = data.Images(whole.name, whole.split, whole.pixels[chosen], whole.y[chosen])
        model, batches = Dense(), data.batches(few, 128)
        seconds = statistics.median(
            timed(silent(lambda m=model, b=batches: training.fit(m, as_here(m), b, 200))) for _ in range(5)
        )
        found[f"data.{n}_images"] = (seconds, 0.0, "s for 200 steps; flat")


ONE_LESSON = """
import resource, sys
from course_utils.teaching import lessons
lesson, = lessons.find(sys.argv[1])
seconds, error = lessons.execute(lesson.read(), lesson.path.parent)
assert not error, error
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)
"""


def course(found: Found) -> None:
    """Every lesson from top to bottom: seconds and peak memory; and again with `COURSE_PRETRAINED=1`."""
    total = 0.0
    for lesson in lessons.find():
        run = [sys.executable, "-c", ONE_LESSON, lesson.number]
        seconds, memory = map(float, subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()[-2:])
        total += seconds
        found[f"course.{lesson.number}_s"] = (seconds, 0.0, "s")
        found[f"course.{lesson.number}_GB"] = (memory, 0.0, "GB at the peak")
    found["course.total_s"] = (total, 0.0, "s; ≤ 480")


def quality(
    found: Found, device: torch.device | None = None, prefix: str = "quality", seeds: tuple[int, ...] = (0, 1, 2)
) -> None:
    """Every model made by its recipe, for several seeds, on the scoreboard."""
    torch.set_num_threads(2)
    device = device or torch.device("cpu")
    train, test = (data.load("mnist", split, device=device) for split in ("train", "test"))
    reader = models.pretrained("classifier", "mnist", device=device)
    real = scoreboard.Real(train, test, reader.features, reader.head)
    for name in ("pca", "ae", "vae", "cvae", "gan", "cgan", "vae_gan"):
        rows, seconds = [], []
        for seed in seeds:
            start = time.perf_counter()
            with open(os.devnull, "w") as nowhere:
                before, sys.stderr = sys.stderr, nowhere
                module = recipes.make(name, train, seed=seed)
                sys.stderr = before
            seconds.append(time.perf_counter() - start)
            rows.append(recipes.score(name, module, real))
        found[f"{prefix}.{name}.seconds"] = (statistics.median(seconds), (max(seconds) - min(seconds)) / 2, "s of training")
        for key in ("bound", "frechet", "as asked", "coverage", "copy error"):
            values = [row[key] for row in rows if key in row]
            if values:
                found[f"{prefix}.{name}.{key}"] = (
                    statistics.median(values),
                    (max(values) - min(values)) / 2,
                    f"{len(seeds)} seeds",
                )


FIRST = """
import time; start = time.perf_counter()
import torch, matplotlib; matplotlib.use("Agg")
from course_utils import models, plots
with torch.no_grad():
    vae = models.pretrained("vae", "mnist")
    ax = plots.pictures(vae.decode(torch.randn(20, 24)), columns=10)
ax.figure.savefig("/dev/null", format="png")
print(time.perf_counter() - start)
"""
IMPORTS = (
    "from course_utils import animation, data, exercises, metrics, models, objectives, pads, plots, runtime, training, widgets"
)


def start(found: Found) -> None:
    """What a lesson's imports cost beyond PyTorch, and a first picture from weights that ship."""

    def seconds(code: str) -> float:
        return timed(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True))

    bare = "import torch, numpy, matplotlib.pyplot"
    seconds(IMPORTS)
    differences = [seconds(f"{bare}\n{IMPORTS}") - seconds(bare) for _ in range(REPEATS)]
    found["import.s"] = (
        statistics.median(differences),
        (max(differences) - min(differences)) / 2,
        "s beyond torch and pyplot; ≤ 0.3",
    )
    beyond = [seconds(f"import torch\n{IMPORTS}") - seconds("import torch") for _ in range(REPEATS)]
    found["import.beyond_torch_s"] = (statistics.median(beyond), (max(beyond) - min(beyond)) / 2, "s beyond torch alone")
    pictures = [
        float(subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, text=True).stdout)
        for _ in range(5)
    ]
    found["first_picture.s"] = (
        statistics.median(pictures),
        (max(pictures) - min(pictures)) / 2,
        "s, imports and weights included",
    )


def grade(found: Found, n: int = 16) -> None:
    """Seconds per submission: ours with one and two sandboxes at a time, and nbgrader's autograde of the same notebooks."""
    lesson = lessons.find("05")[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for i in range(n):
            (folder / "in" / f"student{i:02}").mkdir(parents=True)
            shutil.copy(lesson.path, folder / "in" / f"student{i:02}")
        for jobs in (1, 2):
            command = [sys.executable, "-m", "course_utils", "grade", str(folder / "in"), "--out", str(folder / f"out{jobs}")]
            each = timed(lambda c=command, j=jobs: subprocess.run([*c, "--jobs", str(j)], check=True, capture_output=True)) / n
            found[f"grade.s_per_submission_{jobs}"] = (each, 0.0, "s; ≤ 2")
        each = nbgrader(folder / "nbgrader", lesson, 3)
        ours = found["grade.s_per_submission_2"][0]
        found["grade.nbgrader_s_per_submission"] = (each, 0.0, "s, autograde, without training again")
        found["grade.vs_nbgrader"] = (each / ours, 0.0, "times; ≥ 3")


def nbgrader(folder: Path, lesson: lessons.Lesson, n: int) -> float:
    """Seconds per submission of `nbgrader autograde`, for a notebook that holds nothing but the set-up and the tasks."""
    notebook = lesson.read()
    notebook.cells = [
        cell for i, cell in enumerate(notebook.cells)
        if "nbgrader" in cell.metadata or "verify(" in cell.source or (cell.cell_type == "code" and i < 8)
    ]  # fmt: skip
    (folder / "source" / "05").mkdir(parents=True)
    lessons.write(notebook, folder / "source" / "05" / lesson.path.name)
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
            [sys.executable, "-m", "nbgrader", *arguments], cwd=folder, check=True, capture_output=True, env=environment
        )

    call("generate_assignment", "05", "--create")
    for i in range(n):
        place = folder / "submitted" / f"student{i}" / "05"
        place.mkdir(parents=True)
        lessons.write(notebook, place / lesson.path.name)
    return timed(lambda: call("autograde", "05")) / n


def pad(found: Found) -> None:
    """Pictures a second of the latent pad in JupyterLab and in a deck, as the browser tests print them."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-q",
        "tests/browser/test_lab.py",
        "tests/browser/test_slides.py",
        "-k",
        "03",
    ]
    said = subprocess.run(command, cwd=lessons.ROOT, capture_output=True, text=True).stdout
    for line in said.splitlines():
        if "pictures a second" in line:
            where = "deck" if "deck" in line else "jupyterlab"
            number = float(next(word for word in line.split() if word.replace(".", "").isdigit() and word != "03"))
            found[f"pad.fps_{where}"] = (number, 0.0, "pictures/s; ≥ 30 live, ≥ 60 without a kernel")


def gpu(found: Found) -> None:
    """The same on a CUDA device, where there is one."""
    if not torch.cuda.is_available():
        found["gpu"] = (0.0, 0.0, "no CUDA device here")
        return
    games(found, "cuda", "gpu")
    quality(found, torch.device("cuda"), "gpu.quality", (0,))


GROUPS = {"loop": loop, "games": games, "data": size, "start": start, "grade": grade, "pad": pad, "course": course,
          "quality": quality, "gpu": gpu}  # fmt: skip


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, course {time.strftime('%Y-%m-%d')}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model or platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB; {versions}"


def table(found: dict[str, list]) -> str:
    lines = ["| key | value | ± | unit, and what must hold |", "|---|---|---|---|"]
    for key, (value, spread, about) in found.items():
        lines.append(f"| `{key}` | {value:.4g} | {f'{spread:.2g}' if spread else ''} | {about} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} (default: all)")
    chosen = parser.parse_args().groups or list(GROUPS)
    if unknown := set(chosen) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    for group in chosen:
        found: Found = {}
        GROUPS[group](found)
        kept[group] = {key: list(value) for key, value in found.items()}
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps({**kept, "machine": machine()}, indent=1, ensure_ascii=False))
        print(f"\n{group}\n{table(kept[group])}", flush=True)
    print(f"\n{machine()}\nwritten to {OUT}")


if __name__ == "__main__":
    runtime.seed_everything(0)
    main()
