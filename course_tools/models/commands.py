"""`course train`, `course sample` and `course scoreboard`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path


def add_to(commands) -> None:
    """Declare the commands of this folder."""
    command = commands.add_parser(
        "train", help="train a model and write its weights; the same command resumes after a break"
    )
    command.add_argument(
        "model", type=model_or_all, help="its name, or all: every model, for MNIST and the digits"
    )
    _add_dataset(command)
    command.add_argument("--seed", type=seed, default=0)
    command.add_argument("--steps", type=int, help="default: those of the model's recipe")
    command.add_argument(
        "--out", type=Path, help="file to write (default: among the weights of the package)"
    )
    command.set_defaults(run=train)
    command = commands.add_parser(
        "sample", help="generate images with a trained model and write them to a file"
    )
    command.add_argument("model", type=model)
    _add_dataset(command)
    command.add_argument("-n", type=int, default=100, help="how many (default: %(default)s)")
    command.add_argument("--seed", type=seed, default=0)
    command.add_argument("--out", type=Path, help="file to write (default: MODEL.npz)")
    command.add_argument(
        "--weights",
        type=Path,
        help="file that `train` wrote (default: among the weights of the package)",
    )
    command.set_defaults(run=sample)
    command = commands.add_parser(
        "scoreboard", help="measure every model that ships, on the same test images"
    )
    _add_dataset(command)
    command.add_argument("--json", type=Path, metavar="PATH", help="also write the numbers there")
    command.set_defaults(run=scoreboard)


def _add_dataset(command: ArgumentParser) -> None:
    command.add_argument(
        "--dataset", type=dataset, help="mnist, digits or another one (default: COURSE_DATASET)"
    )


def model(text: str) -> str:
    """Return the name of a model if there is one of this name."""
    from course_utils.models import SHIPPED  # here: it imports PyTorch, which takes seconds

    if text not in SHIPPED:
        raise ArgumentTypeError(f"expected one of {', '.join(SHIPPED)}, got {text!r}")
    return text


def dataset(text: str) -> str:
    """Return the name of a data set if there is one of this name."""
    from course_utils.data import NAMES

    if text not in NAMES:
        raise ArgumentTypeError(f"expected one of {', '.join(NAMES)}, got {text!r}")
    return text


def model_or_all(text: str) -> str:
    """Return the name of a model, or "all"."""
    return text if text == "all" else model(text)


def seed(text: str) -> int:
    """Return a seed from its text: 0 to 2³² − 1, the range that NumPy accepts."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise ArgumentTypeError(f"expected a whole number from 0 to {2**32 - 1}, got {text!r}")
    return int(text)


def train(chosen: Namespace) -> None:
    from course_tools.models import train

    if chosen.model == "all":
        train.train_all(chosen.dataset, seed=chosen.seed, steps=chosen.steps, out=chosen.out)
    else:
        dataset = chosen.dataset or "auto"
        train.train(chosen.model, dataset, seed=chosen.seed, out=chosen.out, steps=chosen.steps)


def sample(chosen: Namespace) -> None:
    from course_tools.models import train

    out = chosen.out or Path(f"{chosen.model}.npz")
    train.sample(
        chosen.model,
        chosen.n,
        dataset=chosen.dataset,
        seed=chosen.seed,
        out=out,
        weights=chosen.weights,
    )


def scoreboard(chosen: Namespace) -> None:
    from course_tools.models import measure

    measure.write(chosen.json, chosen.dataset or "auto")
