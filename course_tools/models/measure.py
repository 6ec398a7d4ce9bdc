"""`course scoreboard`: every model of the course, from its weights, measured in one and the same
way.
"""

import json
from functools import partial
from pathlib import Path

from torch import Generator

from course_tools.models.checkpoint import RequestError
from course_utils import atomic, data, recipes, runtime, scoreboard, weights

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


def write(out: Path | None = None, dataset: str = "auto") -> None:
    """Measure all models on the test pictures of a data set, print the table, and write it as JSON
    to `out`.

    Raises RequestError where weights are missing.
    """
    rows = measure(dataset)
    print(scoreboard.table(rows, *OF_SAMPLES, *OF_RECONSTRUCTIONS))
    if out is not None:
        atomic.write(out, (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
        print(f"written to {out}")


def measure(dataset: str = "auto") -> Rows:
    """What every model scores (`scoreboard.score`), below two rows for real pictures, training and
    test set.

    parameters: numbers in the weights that ship. seconds: of training, on the machine that made
    them.
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
            f"{missing}. All of them: COURSE_DATASET={train.name} course train all"
        ) from missing
    classifier, known = loaded.pop("classifier"), weights.manifest()
    real = scoreboard.Real(train, test, classifier.features, classifier.head)
    again = partial(real.resample, generator=Generator().manual_seed(0))
    rows: Rows = {
        "training pictures": scoreboard.score(real, again, conditional=True),
        "test pictures": real.test_scores(),
    }
    for name, module in loaded.items():
        parameters = sum(t.numel() for t in module.state_dict().values())
        seconds = float(known[f"{name}_{train.name}"]["seconds"])
        rows[name] = {
            "parameters": parameters,
            "seconds": seconds,
            **recipes.score(name, module, real),
        }
    return rows
