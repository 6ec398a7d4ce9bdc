"""Images as one uint8 tensor on the device, and shuffled batches by index; pictures made on the
spot, with known truth.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils import datasets
from course_utils.runtime import setting

NAMES = ("auto", *datasets.LAYOUT, "digits")
RETRY_AFTER = 600  # seconds for which a failed download is remembered


@dataclass(frozen=True)
class Images:
    """One split of a data set, on one device.

    name, split: what it is, e.g. "mnist", "train".
    pixels: uint8 (N, 1, 28, 28), 0 is background.
    y: int64 (N,), labels 0 … 9.
    """

    name: str
    split: str
    pixels: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        if (
            self.pixels.dtype != torch.uint8
            or self.pixels.shape[1:] != (1, 28, 28)
            or self.y.shape != self.pixels.shape[:1]
        ):
            raise ValueError(
                "expected pixels uint8 (N, 1, 28, 28) and as many labels (N,), "
                f"got {self.pixels.dtype} {tuple(self.pixels.shape)} and {tuple(self.y.shape)}"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def x(self) -> Tensor:
        """All images as float32 (N, 1, 28, 28) in [0, 1], made anew at each call."""
        return self.pixels.float() / 255


def load(name: str = "auto", split: str = "train", *, device: torch.device | str = "cpu") -> Images:
    """Load a split ("train" or "test") of a data set by name.

    "mnist", "fashion_mnist", "kmnist": torchvision's files under `COURSE_DATA` (default: the
    project's `data/`), in torchvision's layout; downloaded if missing. Files that are there are
    used without touching the network.
    "digits": scikit-learn's 1,797 digits, embedded in 28×28; always there.
    "auto": what `COURSE_DATASET` names, else MNIST if present, else downloaded, else "digits" with
    one notice.

    Raises ValueError for an unknown name or split, datasets.DataError when a set asked for by name
    cannot be had.
    """
    if name == "auto":
        name = setting("COURSE_DATASET", "auto")
    if name not in NAMES:
        raise ValueError(
            f"data set {name!r} is not known; expected one of {', '.join(NAMES)} (argument or"
            " COURSE_DATASET)"
        )
    if split not in ("train", "test"):
        raise ValueError(f"split {split!r} is not known; expected 'train' or 'test'")
    if name == "auto":
        name = _mnist_or_digits()
    pixels, labels = (
        _digits(split)
        if name == "digits"
        else (torch.tensor(a) for a in datasets.read(name, split))
    )
    return Images(name, split, pixels[:, None].to(device), labels.long().to(device))


def batches(data: Images, size: int, *, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless shuffled batches (x, y): float32 (size, 1, 28, 28) in [0, 1] and int64 (size,), on
    the data's device.

    A new permutation begins when fewer than `size` images are left in the old one; those few wait
    for the next round.
    """
    if not 1 <= size <= len(data):
        raise ValueError(
            f"batch size must be between 1 and the {len(data)} images of {data.name}/{data.split},"
            f" got {size}"
        )
    return _batches(data, size, torch.Generator().manual_seed(seed))


def letter(character: str) -> Tensor:
    """One character of the font DejaVu Sans, large: ink in [0, 1], (1, 1, 112, 112)."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 80)
    sheet = Image.new("L", (112, 112))
    ImageDraw.Draw(sheet).text((56, 56), character, fill=255, font=font, anchor="mm")
    return torch.from_numpy(np.array(sheet, dtype=np.float32) / 255)[None, None]


def place(large: Tensor, *, turn=0.0, size=1.0, right=0.0, up=0.0) -> Tensor:
    """Pictures (N, 1, 28, 28) of one `large` picture (1, 1, 112, 112): turned, scaled and moved.

    turn: degrees, anticlockwise. size: 1 keeps it. right, up: in pixels of the 28. Each a number or
    (N,).
    """
    turn, size, right, up = torch.broadcast_tensors(
        *(torch.as_tensor(v, dtype=torch.float32) for v in (turn, size, right, up))
    )
    turn, size, right, up = (v.reshape(-1).to(large.device) for v in (turn, size, right, up))
    cos, sin = turn.deg2rad().cos() / size, turn.deg2rad().sin() / size
    # Where each point of the sheet comes from.
    back = torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)
    shift = torch.stack([right, -up], dim=1)[:, :, None] / 14  # the sheet reaches from −1 to 1
    pieces = []
    for theta in torch.cat([back, -back @ shift], dim=2).split(
        100
    ):  # large sheets, so only some at a time
        grid = F.affine_grid(theta, [len(theta), 1, 112, 112], align_corners=False)
        pieces.append(
            F.avg_pool2d(
                F.grid_sample(large.expand(len(theta), -1, -1, -1), grid, align_corners=False), 4
            )
        )
    return torch.cat(pieces)


# Three kinds of images, each drawn from the same generator in a fixed order.
def non_digits(digits: Tensor, *, seed: int = 0) -> dict[str, Tensor]:
    """Pictures that are no digits, by kind: as many as `digits` (N, 1, 28, 28), of the same shape,
    in [0, 1]. All made offline.

    Rendered letters, patches of scikit-learn's two sample photographs, the digits inverted, each
    digit's pixels in a random order, sheets with a little grain, sheets with one dark pixel.
    """
    from sklearn.datasets import load_sample_images

    generator, n = torch.Generator().manual_seed(seed), len(digits)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    alphabet = "ACEFGHJKLMNPRTUVWXY"  # B D I O Q S Z look like digits
    which, turn, size, move = (
        uniform(*limits, n) for limits in ((0, len(alphabet)), (-9, 9), (0.75, 0.95), (-1.4, 1.4))
    )
    letters = torch.empty(n, 1, 28, 28)
    for i in which.long().unique():
        mine = which.long() == i
        letters[mine] = place(
            letter(alphabet[i]), turn=turn[mine], size=size[mine], right=move[mine]
        )
    photos = torch.stack(
        [
            torch.from_numpy(photo.mean(axis=2) / 255).float()
            for photo in load_sample_images().images
        ]
    )
    i, top, left = uniform(0, 1, n, 3).unbind(dim=1)
    span = torch.arange(56)  # a patch is 56×56, shown at half its size
    rows, columns = (
        (v * (photos.shape[d] - 56)).long()[:, None] + span for d, v in ((1, top), (2, left))
    )
    patches = F.avg_pool2d(
        photos[(i * len(photos)).long()[:, None, None], rows[:, :, None], columns[:, None, :]], 2
    )
    order = uniform(0, 1, n, 784).argsort(dim=1).to(digits.device)
    dots = F.one_hot(uniform(0, 784, n).long(), 784).float()
    kinds = {
        "letters": letters,
        "photo patches": patches,
        "inverted": 1 - digits,
        "shuffled pixels": digits.flatten(1).gather(1, order),
        "almost empty": uniform(0, 0.05, n, 784),
        "one dot": dots,
    }
    return {kind: x.view(n, 1, 28, 28).to(digits.device) for kind, x in kinds.items()}


def _batches(
    data: Images, size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        order = torch.randperm(len(data), generator=generator).to(data.pixels.device)
        for index in order.split(size)[: len(data) // size]:
            yield (
                data.pixels.index_select(0, index).float().div_(255),
                data.y.index_select(0, index),
            )


def _digits(split: str) -> tuple[Tensor, Tensor]:
    """scikit-learn's real 8×8 digits, resized to 20×20 and framed in 28×28 as MNIST was; a fixed
    stratified 1,400 / 397.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    rows = train_test_split(np.arange(len(labels)), test_size=397, stratify=labels, random_state=0)[
        split == "test"
    ]
    small = torch.from_numpy(images[rows]).float().view(-1, 1, 8, 8) / 16
    large = F.interpolate(small, size=20, mode="bilinear")  # linear in the 64 pixels: rank ≤ 64
    framed = F.pad(large, (4, 4, 4, 4))[:, 0]
    return (framed * 255).round().to(torch.uint8), torch.from_numpy(labels[rows]).long()


def _mnist_or_digits() -> str:
    if datasets.ready("mnist"):
        return "mnist"
    marker = datasets.own_folder() / ".cache" / "mnist-download-failed"
    why = (
        "MNIST is not here, and a download failed less than ten minutes ago."
        f" {datasets.how_to_get('mnist')}"
    )
    if not marker.exists() or time.time() - marker.stat().st_mtime > RETRY_AFTER:
        try:
            datasets.read("mnist", "train")
            return "mnist"
        except datasets.UnavailableError as error:
            why = str(error)
            _touch(marker)
    if datasets.folder() not in _noticed:
        _noticed.add(datasets.folder())
        print(f"Working with scikit-learn's 1,797 digits. {why}")
    return "digits"


_noticed: set[Path] = set()  # folders whose lack of MNIST this process has spoken of


def _touch(marker: Path) -> None:
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        pass  # a read-only checkout only means that the next start asks the mirrors again
