"""What rounding to float16 changes: `course train all`, every model measured before and after it is
written.

    python benchmarks/half.py

trains and writes all weights that ship (see that command) and prints, for every model, the number
of the scoreboard that moved most, in percent.
"""

import copy
from pathlib import Path

from course_tools.models import measure, train
from course_utils import data, models, recipes, scoreboard, weights


def main() -> None:
    exact: dict[str, dict] = {}
    write = weights.save

    def keep_and_write(module, path: Path, about) -> None:
        exact[path.stem] = copy.deepcopy(module.state_dict())
        write(module, path, about)

    weights.save = keep_and_write
    train.train_all()
    for dataset in dict.fromkeys(stem.rsplit("_", 1)[1] for stem in exact):
        reader = weights.pretrained("classifier", dataset)
        real = scoreboard.Real(
            data.load(dataset, "train"), data.load(dataset, "test"), reader.features, reader.head
        )
        for name in measure.MODELS:
            module = models.SHIPPED[name]().eval()
            module.load_state_dict(exact[f"{name}_{dataset}"])
            before = recipes.score(name, module, real)
            after = recipes.score(name, weights.pretrained(name, dataset), real)
            moved = {key: abs(after[key] / before[key] - 1) for key in before}
            most = max(moved, key=moved.get)
            print(
                f"{dataset} {name}: {most} {before[most]:.5g} → {after[most]:.5g},"
                f" {100 * moved[most]:.2f} %",
                flush=True,
            )


if __name__ == "__main__":
    main()
