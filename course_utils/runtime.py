"""Seed, device and settings: environment variables, all of them optional."""

import os
import random

import numpy as np
import torch


def setting(name: str, default: str) -> str:
    """Value of the environment variable `name`; unset and empty both give `default`."""
    return os.environ.get(name, "").strip() or default


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (all devices).

    Same seed, threads and versions: same weights, bit for bit, on CPU.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str | None = None) -> torch.device:
    """The device to work on: `name`, else `COURSE_DEVICE`, else CUDA where there is one, else the
    CPU.

    A device that does not answer is replaced by the CPU, with one sentence that says so: a lesson
    never stops for it.
    """
    name = name or setting("COURSE_DEVICE", "cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.ones(1, device=name).sum().item()
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0].rstrip(".")
        print(
            f"Device {name!r} does not work here ({reason}). Going on with the CPU;"
            " COURSE_DEVICE=cpu silences this."
        )
        return torch.device("cpu")
