"""`course train` trains models and writes their weights; `course sample` generates images."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
import torch.distributed as dist
from safetensors import safe_open
from torch import Generator, Tensor, nn

from course_tools.models import measure
from course_tools.models.checkpoint import Checkpoint, RequestError
from course_utils import atomic, data, models, recipes, runtime, scoreboard, tensor_io, weights
from course_utils.runtime import setting
from course_utils.training import distributed


def train(
    name: str,
    dataset: str = "auto",
    *,
    seed: int = 0,
    out: Path | None = None,
    steps: int | None = None,
) -> Path:
    """Train a model, write its weights as float16 safetensors and return their path.

    During training a checkpoint lies beside the weights. After a break, the same call resumes from
    there, and gives the weights of an unbroken run. Under `torchrun` all processes train one model,
    and the first one writes.

    Args:
        name: a key of `models.SHIPPED`.
        dataset: name of the data set.
        seed: of the run.
        out: the file; default: in the package, among the weights that ship.
        steps: number of steps; default: the recipe's.

    Raises:
        RequestError: where the checkpoint belongs to another run, or `steps` is below 1.
        SystemExit: where training stops early.
    """
    with distributed.joined():
        return _train(name, dataset, seed, out, steps)


def _train(name: str, dataset: str, seed: int, out: Path | None, steps: int | None) -> Path:
    recipe = recipes.RECIPES[name]
    if steps is not None and steps < 1:
        raise RequestError(f"expected at least one step, got --steps {steps}")
    device = runtime.pick_device()
    images = data.load(dataset, "train", device=device)
    steps = steps or recipe.steps_for(images)
    path = out or weights.FOLDER / f"{name}_{images.name}.safetensors"
    run = {
        "model": name,
        "data": images.name,
        "images": str(len(images)),
        "seed": str(seed),
        "steps": str(steps),
    }
    checkpoint = Checkpoint(path.with_suffix(".checkpoint"), run)
    module = recipes.make(name, images, seed=seed, steps=steps, resume=checkpoint.resume)
    if module is None:
        again = (
            f"The same command resumes from {checkpoint.path}."
            if checkpoint.path.exists()
            else "Nothing was written."
        )
        raise SystemExit(f"Training did not reach its end. {again}")
    if distributed.rank():
        return path
    seconds = checkpoint.stop_clock()
    said = recipe.report(module, data.load(images.name, "test", device=device))
    about = {**run, "seconds": f"{seconds:.0f}"}
    if not dist.is_initialized():  # a step of `Game` would wait for the other processes
        about["reference_ms"] = f"{measure.reference_step(images):.1f}"
    weights.save(module, path, {**about, **({"report": said} if said else {})})
    checkpoint.path.unlink(missing_ok=True)
    if out is None:
        note(path)
    took = [f"{steps} steps in {seconds:.0f} s"] if checkpoint.players else []
    parts = [*took, *[said] * bool(said), f"{path} ({path.stat().st_size / 1e6:.2f} MB)"]
    print(f"{name}, {images.name}: {'; '.join(parts)}")
    return path


def train_all(
    dataset: str | None = None,
    *,
    seed: int = 0,
    steps: int | None = None,
    out: Path | None = None,
) -> None:
    """Train and measure every model, for MNIST, where it can be had, and for the digits.

    The weights, and what is known of them in `manifest.json`, are written into the package.

    Args:
        dataset: train only for this one; default: the one that `COURSE_DATASET` names, if any.
        seed: of every run.
        steps: number of steps of every run; default: those of the recipes.
        out: must be None: every model has its own file.

    Raises:
        RequestError: where `out` is given.
    """
    if out:
        raise RequestError(
            f"`train all` writes into the package, every model to its own file; got --out {out}"
        )
    named = None if dataset == "auto" else dataset
    wanted = named or setting("COURSE_DATASET", "auto")
    first = data.load(wanted).name
    both = wanted == "auto" and first != "digits"
    for chosen in (first, "digits") if both else (first,):
        for name in recipes.RECIPES:
            train(name, chosen, seed=seed, steps=steps)
        measure_all(chosen)


def measure_all(dataset: str) -> None:
    """Measure the weights of one data set, and write their scores into `manifest.json`."""
    rows = measure.measure(dataset)
    for name in measure.MODELS:
        note(weights.FOLDER / f"{name}_{dataset}.safetensors", rows[name])
    print(scoreboard.table(rows, *measure.OF_SAMPLES, *measure.OF_RECONSTRUCTIONS))


def note(path: Path, measured: Mapping[str, float] = MappingProxyType({})) -> None:
    """Write what is known of some weights into `manifest.json` beside them.

    Args:
        path: the file with the weights.
        measured: their scores.
    """
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    command = f"course train {about['model']} --dataset {about['data']}"
    entry = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "recipe": f"{command} --seed {about['seed']} --steps {about['steps']}",
        **about,
        "measured": {key: float(f"{value:.5g}") for key, value in measured.items()},
    }
    entries = dict(sorted({**weights.manifest(), path.stem: entry}.items()))
    atomic.write(
        path.with_name(weights.MANIFEST),
        (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode(),
    )


def sample(
    name: str,
    n: int,
    *,
    dataset: str | None = None,
    seed: int = 0,
    out: Path,
    weights: Path | None = None,
) -> None:
    """Generate n images and write them to an .npz file.

    It holds `images`, uint8 (n, 28, 28), and for conditional models `labels`, int64 (n,), of which
    each occurs equally often.

    Args:
        name: of the model.
        n: number of images.
        dataset: whose images the model learned; default: as `COURSE_DATASET` says.
        seed: of the codes.
        out: the file.
        weights: the file with the weights; default: those that ship.

    Raises:
        RequestError: where the model generates nothing, n is below 1, or there are no such weights.
    """
    recipe = recipes.RECIPES[name]
    if recipe.draw is None or n < 1:
        raise RequestError(
            f"expected a model that generates images, and at least one image, got {name} and -n {n}"
        )
    module = load(name, weights or _shipped(name, dataset)).to(runtime.pick_device())
    device = next(iter(module.state_dict().values())).device
    generator = Generator().manual_seed(seed)
    y = torch.arange(10).repeat(-(-n // 10))[:n]

    def draw(y: Tensor) -> Tensor:
        eps = torch.randn(len(y), recipe.latent_dim, generator=generator)
        return recipe.draw(module, eps.to(device), y.to(device))

    images = data.in_batches(draw, y)
    pixels = (images[:, 0].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    content = io.BytesIO()
    np.savez_compressed(
        content, images=pixels, **({"labels": y.numpy()} if recipe.conditional else {})
    )
    atomic.write(out, content.getvalue())
    print(f"{n} images by {name} in {out}{recipe.note and f' ({recipe.note})'}")


def load(name: str, path: Path) -> nn.Module:
    """Return the module that `train` wrote, in evaluation mode.

    Args:
        name: of the model.
        path: the file.

    Raises:
        RequestError: where the file is missing or damaged, or holds another model.
    """
    if not path.is_file():
        raise RequestError(f"{path} is not there. To train it: course train {name} --out {path}")
    try:
        return weights.load(models.SHIPPED[name](), path, name=name)
    except tensor_io.DamagedFileError as error:
        raise RequestError(str(error)) from error


def _shipped(name: str, dataset: str | None) -> Path:
    named = None if dataset == "auto" else dataset
    dataset = named or setting("COURSE_DATASET", "auto")
    for candidate in ("mnist", "digits") if dataset == "auto" else (dataset,):
        path = weights.FOLDER / f"{name}_{candidate}.safetensors"
        if path.exists():
            return path
    raise RequestError(
        f"no weights of {name} for {dataset}. To train them: course train {name}"
        f"{f' --dataset {dataset}' * (dataset != 'auto')}. Or name a file with --weights"
    )
