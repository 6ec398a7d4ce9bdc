"""One run in several processes, started by `torchrun`.

Each process takes its share of every batch, and gradients are averaged. With the mean over equal
shares, N processes do what one does on the whole batch; only the noise that an objective draws
differs, with the same distribution. Where there is one process, as in a lesson, all functions
here do nothing.
"""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from course_utils.runtime import setting


def world() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process; only process 0 writes files and prints."""
    return dist.get_rank() if world() > 1 else 0


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that `torchrun` started, for the length of the block."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or world() > 1:
        yield
        return
    cuda = torch.cuda.is_available() and setting("COURSE_DEVICE", "cuda").startswith("cuda")
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # An optimizer imports this module at its first step, and functions in it keep the group of that
    # time as a default argument. gloo's threads then live on after the block, and one that frees
    # the last gradients while Python shuts down aborts the process. Imported now, it keeps None.
    importlib.import_module("torch.distributed.nn")
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def share(batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Return this process's part of every batch.

    Args:
        batches: pairs x (B, …), y (B,).

    Returns:
        Pairs x (B / N, …), y (B / N,) for N processes.

    Raises:
        ValueError: at a batch whose size is not a multiple of N.
    """
    if world() == 1:
        return batches
    return (_part(x, y) for x, y in batches)


def _part(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    if len(x) % world():
        raise ValueError(
            f"a batch of {len(x)} cannot be shared equally by {world()} processes: take a number"
            " that divides it"
        )
    return x[rank() :: world()], y[rank() :: world()]


def average(tensors: Sequence[Tensor]) -> None:
    """Replace tensors, in place, by their mean over all processes.

    All of them travel in one message.
    """
    if world() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, mean in zip(
        tensors, flat.div_(world()).split([tensor.numel() for tensor in tensors]), strict=True
    ):
        tensor.copy_(mean.view_as(tensor))


def averaged(parts: dict[str, Tensor], own: Sequence[Tensor]) -> dict[str, Tensor]:
    """Average the gradients of `own` and an objective's parts over all processes.

    Args:
        parts: what the objective returned: scalars by name.
        own: the parameters whose gradients are averaged, in place.

    Returns:
        The averaged parts.
    """
    if world() == 1:
        return parts
    parts = {
        name: torch.as_tensor(value).detach().to(own[0]).clone() for name, value in parts.items()
    }
    average([*(p.grad for p in own if p.grad is not None), *parts.values()])
    return parts


def own_noise(seed: int) -> None:
    """Give each process noise of its own, after all of them have created the same networks."""
    if rank():
        torch.manual_seed(seed + 1_000_003 * rank())  # far from the seeds of process 0


def agree(number: int) -> bool:
    """Return whether all processes hold the same number."""
    if world() == 1:
        return True
    numbers: list[int | None] = [None] * world()
    dist.all_gather_object(numbers, number)
    return len(set(numbers)) == 1
