"""Weights on disk: those that ship with the course, and those that a user trains."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from course_utils import models, tensor_io
from course_utils.errors import CourseError

FOLDER = Path(__file__).parent / "pretrained"
MANIFEST = "manifest.json"


def save(model: nn.Module, path: Path, about: Mapping[str, str]) -> None:
    """Write the weights of a model as float16 safetensors.

    Args:
        model: the model.
        path: the file.
        about: short strings kept in the file, e.g. data set and test accuracy.

    Raises:
        CourseError: for a weight that is not a number, or beyond the range of float16 (65,504).
    """
    state = {
        name: t.half() if t.is_floating_point() else t for name, t in model.state_dict().items()
    }
    for name, t in state.items():
        if t.is_floating_point() and not t.isfinite().all():
            what = "not a number" if t.isnan().any() else "beyond the range of float16 (65,504)"
            raise CourseError(
                f"{path}: expected finite weights, but {name} holds some that are {what}. Train"
                " with a smaller learning rate. Nothing was written."
            )
    tensor_io.write_tensors(path, state, about)


def load(model: nn.Module, path: Path, *, name: str = "", dataset: str = "") -> nn.Module:
    """Load the weights that `save` wrote into a model, as float32.

    Args:
        model: a model with the same parameters.
        path: the file.
        name: the name of the model that the file must be of, if it says so.
        dataset: the data set that the file must be of, if it says so.

    Returns:
        `model` itself, in evaluation mode and frozen.

    Raises:
        DamagedFileError: where the file was changed or cut off, or holds other weights.
        FileNotFoundError: where there is no file.
    """
    tensors, about = tensor_io.read_tensors(path)
    for key, wanted in (("model", name), ("data", dataset)):
        if wanted and about.get(key, wanted) != wanted:
            raise tensor_io.DamagedFileError(
                f"{path}: expected weights of {wanted}, got those of {about[key]}. Name another"
                " file."
            )
    expected, got = (
        {k: tuple(t.shape) for k, t in of.items()} for of in (model.state_dict(), tensors)
    )
    if expected != got:
        different = next(k for k in [*expected, *got] if expected.get(k) != got.get(k))
        raise tensor_io.DamagedFileError(
            f"{path} holds the weights of another network: {different} expected"
            f" {expected.get(different, 'not there')}, got {got.get(different, 'not there')}. Name"
            " another file, or train this one."
        )
    model.load_state_dict(
        {k: t.float() if t.is_floating_point() else t for k, t in tensors.items()}
    )
    return model.eval().requires_grad_(False)


def manifest() -> dict[str, dict]:
    """Return what is known about the weights that ship, by the name of their file.

    An entry holds SHA-256, the command that trained them, the data set, and what they score.
    """
    path = FOLDER / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def pretrained(model: str, dataset: str, *, device: torch.device | str = "cpu") -> nn.Module:
    """Return a model with the weights that ship with the course, in evaluation mode and frozen.

    Weights ship for "mnist" and "digits". Of "gan" and "cgan" it returns the generator: codes (and
    labels) → logits of images.

    Args:
        model: its name, a key of `models.SHIPPED`.
        dataset: name of the data set it was trained on.
        device: where to load it.

    Raises:
        FileNotFoundError: where no such weights ship; the message says how to train them.
        ValueError: where the file is not the one that ships.
    """
    path = FOLDER / f"{model}_{dataset}.safetensors"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.safetensors")))
        raise FileNotFoundError(
            f"no weights ship for {model!r} on {dataset!r}; there are: {known}. "
            f"To train them: course train {model} --dataset {dataset}"
        )
    expected = manifest().get(path.stem, {}).get("sha256")
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected not in (None, got):
        raise ValueError(
            f"{path.name} is not the file that ships: expected SHA-256 {expected[:12]}…, got"
            f" {got[:12]}…. Install the course again, or train it: course train {model}"
            f" --dataset {dataset}"
        )
    return load(models.SHIPPED[model](), path, name=model, dataset=dataset).to(device)


def pretrained_or_none(
    model: str, dataset: str, *, device: torch.device | str = "cpu"
) -> nn.Module | None:
    """Return `pretrained(model, dataset)`, or None where no such weights ship.

    In that case it prints the message, which says how to train them.

    Args:
        model: its name, a key of `models.SHIPPED`.
        dataset: name of the data set it was trained on.
        device: where to load it.

    Raises:
        ValueError: where the file is not the one that ships.
    """
    try:
        return pretrained(model, dataset, device=device)
    except FileNotFoundError as missing:
        print(missing)
        return None
