"""`python -m course_utils scoreboard`: every model of the course, from its weights, measured in one and the same way."""

import json
from functools import partial
from pathlib import Path

from safetensors import safe_open
from torch import Generator, nn

from course_utils import data, files, metrics, models, recipes, runtime
from course_utils.teaching.checkpoints import Refused

Row = dict[str, str | float | None]
MODELS = tuple(name for name, recipe in recipes.RECIPES.items() if recipe.draw)
COLUMNS = (
    "model", "parameters", "seconds", "bound", "distance", "density", "coverage", "as asked", "energy", "nearest",
    "copy energy", "copy error", "copy distance",
)  # fmt: skip


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
    try:
        loaded = {name: models.pretrained(name, train.name, device=device) for name in ("classifier", *MODELS)}
    except FileNotFoundError as missing:
        raise Refused(f"{missing}. All of them: COURSE_DATASET={train.name} python -m course_utils train all") from missing
    classifier = loaded.pop("classifier")
    real = metrics.Real(train, test, classifier.features, classifier.head)
    generator = Generator().manual_seed(0)
    return [
        {"model": "training pictures", **metrics.score(real, partial(real.again, generator=generator), asked=True)},
        {"model": "test pictures", **real.itself()},
        *({"model": n, **facts(n, m, train.name), **recipes.score(n, m, real)} for n, m in loaded.items()),
    ]


def facts(name: str, module: nn.Module, dataset: str) -> Row:
    """What it takes: numbers in the module, seconds of training."""
    with safe_open(models.WEIGHTS / f"{name}_{dataset}.safetensors", framework="pt") as file:
        seconds = float(file.metadata()["seconds"])
    return {"parameters": sum(t.numel() for t in module.state_dict().values()), "seconds": seconds}


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
