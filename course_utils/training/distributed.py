"""One training in several processes, started by `torchrun`: each takes its share of every batch,
gradients are averaged.

With the mean over equal shares, N processes do what one does on the whole batch. Only the noise
that an objective draws is other noise, of the same distribution. In a lesson, and wherever there is
one process, all of this does nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from course_utils.runtime import setting


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process; 0 writes files and talks."""
    return dist.get_rank() if world() > 1 else 0


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that `torchrun` started; nothing happens outside of it."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or world() > 1:
        yield
        return
    cuda = torch.cuda.is_available() and setting("COURSE_DEVICE", "cuda").startswith("cuda")
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield
        # gloo's threads still hold the last gradients, and one that lets go while Python ends
        # aborts the process
        if not cuda:
            dist.barrier()
    finally:
        dist.destroy_process_group()


def share(batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's part of every batch.

    Raises ValueError for a batch that cannot be shared equally.
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
    """Replace tensors, in place, by their mean over all processes: one message for all of them."""
    if world() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, mean in zip(
        tensors, flat.div_(world()).split([tensor.numel() for tensor in tensors]), strict=True
    ):
        tensor.copy_(mean.view_as(tensor))


def averaged(parts: dict[str, Tensor], own: Sequence[Tensor]) -> dict[str, Tensor]:
    """Under `torchrun`, gradients of `own` and an objective's parts become the means over all
    processes; else all stays.
    """
    if world() == 1:
        return parts
    parts = {
        name: torch.as_tensor(value).detach().to(own[0]).clone() for name, value in parts.items()
    }
    average([*(p.grad for p in own if p.grad is not None), *parts.values()])
    return parts


def own_noise(seed: int) -> None:
    """After all processes made the same networks, each draws noise of its own."""
    if rank():
        torch.manual_seed(seed + 1_000_003 * rank())


def agree(number: int) -> bool:
    """Whether all processes hold the same number."""
    if world() == 1:
        return True
    numbers: list[int | None] = [None] * world()
    dist.all_gather_object(numbers, number)
    return len(set(numbers)) == 1
