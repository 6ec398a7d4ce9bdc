"""A second classifier of digits, with which no recipe ships, for `search.py --judge`.

    python benchmarks/judge.py           trains it, 4 minutes on one core, into build/judge.pt

5×5 convolutions, batch normalisation and max pooling, trained on turned, sheared and moved digits:
other layers and other images than those of the classifier that ships.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from course_tools.publish import notebooks
from course_utils import data, metrics

FILE = notebooks.ROOT / "build" / "judge.pt"
SEED, STEPS, BATCH = 7, 3000, 128


class Judge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 24, 5, padding=2), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 5, padding=2), nn.BatchNorm2d(48), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(48 * 49, 64), nn.BatchNorm1d(64), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


def warped(x: Tensor, generator: Generator) -> Tensor:
    """Images, each turned by up to 11°, resized by up to 12 %, sheared and moved."""

    def around(reach: float) -> Tensor:
        return reach * (2 * torch.rand(len(x), generator=generator) - 1)

    turn, size, shear, right, up = (around(reach) for reach in (0.2, 0.12, 0.15, 0.15, 0.15))
    cos, sin = (1 + size) * turn.cos(), (1 + size) * turn.sin()
    rows = [torch.stack([cos, shear - sin, right], dim=1), torch.stack([sin, cos, up], dim=1)]
    grid = F.affine_grid(torch.stack(rows, dim=1), x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def trained() -> Judge:
    torch.manual_seed(SEED)
    judge, generator = Judge(), Generator().manual_seed(SEED)
    adam = torch.optim.AdamW(judge.parameters())
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=STEPS)
    batches = data.batches(data.load("mnist"), BATCH, seed=SEED)
    for _, (x, y) in zip(range(STEPS), batches, strict=False):
        adam.zero_grad()
        F.cross_entropy(judge(warped(x, generator)), y).backward()
        adam.step()
        one_cycle.step()
    return judge


def load() -> Judge:
    """The trained judge, in evaluation mode and frozen."""
    judge = Judge()
    if FILE.exists():
        judge.load_state_dict(torch.load(FILE))
    else:
        judge = trained()
        FILE.parent.mkdir(exist_ok=True)
        torch.save(judge.state_dict(), FILE)
    return judge.eval().requires_grad_(False)


if __name__ == "__main__":
    test = data.load("mnist", "test")
    print(f"{metrics.accuracy(load(), test.x, test.y):.2%} of the test digits are read correctly")
