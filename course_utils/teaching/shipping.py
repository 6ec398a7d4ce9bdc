"""`python -m course_utils train all`: the weights that ship with the course, and what they score."""

from course_utils import data, models
from course_utils.runtime import setting
from course_utils.teaching import recipes, scoreboard


def train_all(*, seed: int = 0, steps: int | None = None) -> None:
    """Train and measure every model, for MNIST if it can be had and the digits, or for the one set that `COURSE_DATASET` names.

    The weights and the list of them, `manifest.json`, lie in the package.
    """
    first = data.load().name
    for dataset in (first,) if setting("COURSE_DATASET", "auto") != "auto" or first == "digits" else (first, "digits"):
        for name in recipes.RECIPES:
            recipes.train(name, dataset, seed=seed, steps=steps)
        rows = scoreboard.measure(dataset)
        for row in rows:
            if row["model"] in scoreboard.MODELS:
                recipes.note(models.WEIGHTS / f"{row['model']}_{dataset}.safetensors", row)
        print("\n".join(scoreboard.table(rows)))
