"""`python -m course_utils scoreboard`: every model of the course, from its weights, measured in one and the same way."""

import json
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Generator, Tensor, nn

from course_utils import data, files, metrics, models, runtime
from course_utils.teaching import recipes
from course_utils.teaching.recipes import RECIPES, Recipe

Row = dict[str, str | float | None]
MODELS = tuple(name for name, recipe in RECIPES.items() if recipe.draw)
COLUMNS = (
    "model", "parameters", "seconds", "bound", "distance", "density", "coverage", "as asked", "energy", "nearest",
    "copy energy", "copy error", "copy distance",
)  # fmt: skip
SAMPLES = 50  # codes per picture for the bound


def write(out: Path | None = None, dataset: str = "auto") -> None:
    """Measure all models on the test pictures of a data set, print the table, and write it as JSON to `out`.

    Raises Refused where weights are missing.
    """
    rows = measure(dataset)
    print("\n".join(table(rows)))
    if out is not None:
        files.write(out, (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
        print(f"written to {out}")


def measure(dataset: str = "auto") -> list[Row]:
    """One row for each model, after two of real pictures: those of the training set, and the test set's own."""
    device = runtime.pick_device()
    train, test = (data.load(dataset, split, device=device) for split in ("train", "test"))
    paths = {name: models.WEIGHTS / f"{name}_{train.name}.safetensors" for name in ("classifier", *MODELS)}
    loaded = {name: recipes.load(name, path).to(device) for name, path in paths.items()}
    classifier = loaded.pop("classifier")
    real = metrics.Real(train, test, classifier.features, classifier.head)
    generator = Generator().manual_seed(0)
    return [
        {"model": "training pictures", **metrics.score(real, partial(real.again, generator=generator), asked=True)},
        {"model": "test pictures", **real.itself()},
        *({"model": name, **facts(module, paths[name]), **score(name, module, real)} for name, module in loaded.items()),
    ]


def facts(module: nn.Module, path: Path) -> Row:
    """What it takes: numbers in the module, seconds of training."""
    with safe_open(path, framework="pt") as file:
        seconds = float((file.metadata() or {})["seconds"])
    return {"parameters": sum(t.numel() for t in module.state_dict().values()), "seconds": seconds}


def score(name: str, module: nn.Module, real: metrics.Real) -> dict[str, float]:
    recipe: Recipe = RECIPES[name]
    noise, latent = (Generator(real.test.y.device).manual_seed(seed) for seed in (0, 1))

    def sample(y: Tensor) -> Tensor:
        return recipe.draw(module, torch.randn(len(y), recipe.k, generator=latent, device=y.device), y)

    def copy(x: Tensor, y: Tensor) -> Tensor:
        return recipe.copy(module, x, y)

    def bound(x: Tensor, y: Tensor) -> Tensor:
        log_weights = metrics.log_weights(*recipe.weights(module, y), generator=noise)
        return metrics.iw_bound(log_weights, x, samples=SAMPLES)

    return metrics.score(
        real, sample, asked=recipe.asked, copy=copy if recipe.copy else None, bound=bound if recipe.weights else None
    )


def table(rows: list[Row]) -> list[str]:
    """The rows as lines of text; "–" where a number is not defined."""
    cells = [COLUMNS, *([_text(column, row.get(column)) for column in COLUMNS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]


def _text(column: str, value: str | float | None) -> str:
    if value is None or isinstance(value, str):
        return value or "–"
    formats = {"parameters": ",.0f", "seconds": ".0f", "as asked": ".1%", "bound": ".1f"}
    return format(value, formats.get(column, ".2f"))
