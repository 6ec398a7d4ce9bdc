"""Weights on disk: those that ship with the course, and those that one trains."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from course_utils import models, tensor_io

FOLDER = Path(__file__).parent / "pretrained"
MANIFEST = "manifest.json"


def save(model: nn.Module, path: Path, about: Mapping[str, str]) -> None:
    """Write the weights as float16 safetensors.

    `about`: short strings kept in the file, e.g. data set and test accuracy.
    """
    state = {
        name: t.half() if t.is_floating_point() else t for name, t in model.state_dict().items()
    }
    tensor_io.write_tensors(path, state, about)


def load(model: nn.Module, path: Path, *, name: str = "", dataset: str = "") -> nn.Module:
    """`model` with the weights that `save` wrote, as float32, in evaluation mode and frozen.

    name, dataset: what the file has to be of, where it says so. Raises `DamagedFileError` for a
    file that was changed, cut off, or that holds the weights of something else.
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
    """What is known of the weights that ship, by the name of their file: SHA-256, recipe, data set,
    what they score.
    """
    path = FOLDER / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def pretrained(model: str, dataset: str, *, device: torch.device | str = "cpu") -> nn.Module:
    """One of the models `models.SHIPPED`, with the weights that ship with the course, in evaluation
    mode and frozen.

    Weights ship for "mnist" and "digits". "gan" and "cgan" are their generators: codes (and labels)
    → logits of pictures. Raises FileNotFoundError, with the way on, for any other model or data
    set, and ValueError for a damaged file.
    """
    path = FOLDER / f"{model}_{dataset}.safetensors"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.safetensors")))
        raise FileNotFoundError(
            f"no weights ship for {model!r} on {dataset!r}; there are: {known}. "
            f"To train them: COURSE_DATASET={dataset} course train {model}"
        )
    expected = manifest().get(path.stem, {}).get("sha256")
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected not in (None, got):
        raise ValueError(
            f"{path.name} is not the file that ships: expected SHA-256 {expected[:12]}…, got"
            f" {got[:12]}…. Install the course anew, or train it: COURSE_DATASET={dataset} course"
            f" train {model}"
        )
    return load(models.SHIPPED[model](), path, name=model, dataset=dataset).to(device)
