"""Random seeds, the device, and settings: environment variables, all of them optional."""

import os
import random

import numpy as np
import torch

# NumPy keeps these limits once it has them. An older one, as on Colab, warns where it looks for the
# smallest denormal number after the next setting.
np.finfo(np.float32), np.finfo(np.float64)
# Where gradients vanish, parameters and moments shrink below 1e-38, and with such "denormal"
# numbers a processor computes several times more slowly. They count as 0.
torch.set_flush_denormal(True)


def setting(name: str, default: str) -> str:
    """Return the environment variable `name`, or `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def seed_everything(seed: int) -> None:
    """Seed the random generators of Python, NumPy and PyTorch (on all devices).

    On the CPU, a run with the same seed, threads and versions gives the same weights, bit for bit.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str | None = None) -> torch.device:
    """Return the device to work on.

    A device that does not work is replaced by the CPU, with one printed sentence: no lesson stops
    because of it.

    Args:
        name: e.g. "cuda"; default: `COURSE_DEVICE`, else CUDA where there is a GPU, else the CPU.
    """
    name = name or setting("COURSE_DEVICE", "cuda" if torch.cuda.is_available() else "cpu")
    try:
        # A device that exists may still fail when it is used.
        torch.ones(1, device=name).sum().item()
        return torch.device(name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        reason = (
            (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")
        )
        print(
            f"Device {name!r} does not work here ({reason}). The CPU is used instead;"
            " COURSE_DEVICE=cpu silences this."
        )
        return torch.device("cpu")
