"""`course scoreboard`: measure every model of the course in the same way."""

import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from torch import Generator

from course_tools.models.checkpoint import RequestError
from course_utils import atomic, data, models, recipes, runtime, scoreboard, weights
from course_utils.training.game import Game

MODELS = tuple(name for name, recipe in recipes.RECIPES.items() if recipe.draw)
OF_SAMPLES = (
    "parameters",
    "seconds",
    "bound",
    "frechet",
    "density",
    "coverage",
    "label accuracy",
    "energy",
    "nearest",
)
OF_RECONSTRUCTIONS = ("reconstruction error", "feature error", "reconstruction energy")
Rows = dict[str, dict[str, float]]
REFERENCE = 6.0  # ms: what `reference_step` gives on two idle cores of a common machine


def write(out: Path | None = None, dataset: str = "auto") -> None:
    """Measure all models on the test images of a data set and print the table.

    Args:
        out: where to write the numbers as JSON, too.
        dataset: name of the data set.

    Raises:
        RequestError: where weights are missing.
    """
    rows = measure(dataset)
    print(scoreboard.table(rows, *OF_SAMPLES, *OF_RECONSTRUCTIONS))
    if out is not None:
        atomic.write(out, (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
        print(f"written to {out}")


def measure(dataset: str = "auto") -> Rows:
    """Return the scores of every model, below two rows for real images.

    Beside the metrics of `scoreboard.score`, a model has "parameters", the number of its weights,
    and "seconds", the duration of its training, as on a machine where `reference_step` gives 6 ms.

    Args:
        dataset: name of the data set.

    Raises:
        RequestError: where weights are missing.
    """
    device = runtime.pick_device()
    train, test = (data.load(dataset, split, device=device) for split in ("train", "test"))
    try:
        loaded = {
            name: weights.pretrained(name, train.name, device=device)
            for name in ("classifier", *MODELS)
        }
    except FileNotFoundError as missing:
        raise RequestError(
            f"{missing}. All of them: course train all --dataset {train.name}"
        ) from missing
    classifier, known = loaded.pop("classifier"), weights.manifest()
    real = scoreboard.Real(train, test, classifier.features, classifier.head)
    resample = partial(real.resample, generator=Generator().manual_seed(0))
    rows: Rows = {
        "training images": scoreboard.score(real, resample, conditional=True),
        "test images": real.test_scores(),
    }
    for name, module in loaded.items():
        parameters = sum(t.numel() for t in module.state_dict().values())
        rows[name] = {
            "parameters": parameters,
            "seconds": seconds_of(known[f"{name}_{train.name}"]),
            **recipes.score(name, module, real),
        }
    return rows


def seconds_of(entry: Mapping[str, str]) -> float:
    """Return the duration of a training, as on a machine where `reference_step` gives 6 ms.

    Args:
        entry: of `weights.manifest()`; without "reference_ms" its "seconds" are taken as they are.
    """
    return float(entry["seconds"]) * REFERENCE / float(entry.get("reference_ms", REFERENCE))


def reference_step(images: data.Images, steps: int = 100) -> float:
    """Return the milliseconds of one training step of a small convolutional VAE.

    Machines differ, and so do the hours of one machine. Durations are compared as multiples of this
    step: width 16, 24 latent dimensions, 32 images, the median of some steps.
    """
    game = Game(recipes.elbo_players(models.make_vae(24, hidden=0).to(images.device), steps))
    batches, took = data.batches(images, 32), []
    for _ in range(steps):
        batch, start = next(batches), time.perf_counter()
        game.step(*batch)
        took.append(time.perf_counter() - start)
    return 1000 * sorted(took)[steps // 2]
