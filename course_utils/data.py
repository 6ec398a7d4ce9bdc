"""Data sets as one uint8 tensor on the device, shuffled batches, and synthetic images."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils import datasets
from course_utils.errors import SettingError
from course_utils.runtime import setting

NAMES = ("auto", *datasets.LAYOUT, "digits")
RETRY_AFTER = 600  # seconds for which a failed download is remembered


@dataclass(frozen=True)
class Images:
    """One split of a data set, on one device.

    Attributes:
        name: of the data set, e.g. "mnist".
        split: "train" or "test".
        pixels: uint8 (N, 1, 28, 28); 0 is background.
        y: labels 0 to 9, int64 (N,).
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
        """All images as float32 (N, 1, 28, 28) in [0, 1], computed at each access."""
        return self.pixels.float() / 255

    @property
    def device(self) -> torch.device:
        """Where the images and labels are."""
        return self.pixels.device


def load(name: str = "auto", split: str = "train", *, device: torch.device | str = "cpu") -> Images:
    """Load a split of a data set by name.

    - "mnist", "fashion_mnist", "kmnist": files in torchvision's layout in the folder `COURSE_DATA`
      (default: the project's `data/`). Missing files are downloaded; present files are used without
      any network access.
    - "digits": scikit-learn's 1,797 digits, embedded in 28×28; always available.
    - "auto": the data set that `COURSE_DATASET` names; without it, MNIST if it is there or can be
      downloaded, else "digits", with one notice.

    Args:
        name: one of these names.
        split: "train" or "test".
        device: where the images are kept.

    Raises:
        ValueError: for an unknown name (a `SettingError`) or split.
        datasets.DataError: where a data set requested by name cannot be had; for "auto", where a
            file in `COURSE_DATA` is damaged or cannot be read.
    """
    if name == "auto":
        name = setting("COURSE_DATASET", "auto")
    if name not in NAMES:
        raise SettingError(
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


def batches(data: Images, batch_size: int, *, seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Return an endless iterator over shuffled batches (x, y), on the data's device.

    Every pass over the data has a new permutation. The images left over at the end of a pass, fewer
    than a batch, are not used in that pass.

    Args:
        data: the images.
        batch_size: images per batch.
        seed: of the permutations.

    Returns:
        An iterator over x, float32 (batch_size, 1, 28, 28) in [0, 1], and y, int64 (batch_size,).

    Raises:
        ValueError: where the batch size is below 1 or above the number of images.
    """
    if not 1 <= batch_size <= len(data):
        raise ValueError(
            f"batch size must be between 1 and the {len(data)} images of {data.name}/{data.split},"
            f" got {batch_size}"
        )
    return (
        (pixels.float().div_(255), y)
        for pixels, y in shuffled((data.pixels, data.y), batch_size, seed=seed)
    )


def shuffled(
    tensors: tuple[Tensor, ...], batch_size: int, *, seed: int = 0
) -> Iterator[tuple[Tensor, ...]]:
    """Return an endless iterator over shuffled batches of tensors that belong together.

    Args:
        tensors: each (N, …), on one device.
        batch_size: rows per batch, at most N. What is left over at the end of a pass, fewer than a
            batch, is not used in that pass.
        seed: of the permutations.

    Returns:
        An iterator over tuples of tensors, each (batch_size, …).

    Raises:
        ValueError: where the batch size is below 1 or above N.
    """
    n = len(tensors[0])
    if not 1 <= batch_size <= n:  # without a whole batch the iterator would never give one
        raise ValueError(f"batch size must be between 1 and the {n} rows, got {batch_size}")
    return _passes(tensors, batch_size, torch.Generator().manual_seed(seed))


def _passes(
    tensors: tuple[Tensor, ...], batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, ...]]:
    n = len(tensors[0])
    while True:
        order = torch.randperm(n, generator=generator).to(tensors[0].device)
        for index in order.split(batch_size)[: n // batch_size]:
            yield tuple(tensor.index_select(0, index) for tensor in tensors)


@torch.no_grad()
def in_batches(f: Callable[..., Tensor], *tensors: Tensor, batch_size: int = 500) -> Tensor:
    """Return f of all rows, computed in batches, without gradients.

    Args:
        f: batches of all tensors, each (B, …) → (B, …).
        tensors: each (N, …); their rows belong together.
        batch_size: rows that f gets at a time.

    Returns:
        f's values in the order of the rows, (N, …).

    Raises:
        ValueError: where the tensors have different numbers of rows.
    """
    if len({len(tensor) for tensor in tensors}) != 1:
        raise ValueError(
            f"expected tensors with one number of rows, got {[len(tensor) for tensor in tensors]}"
        )
    parts = zip(*(tensor.split(batch_size) for tensor in tensors), strict=True)
    return torch.cat([f(*part) for part in parts])


def letter(character: str) -> Tensor:
    """Render one character of the font DejaVu Sans, large.

    Returns:
        An image (1, 1, 112, 112) in [0, 1], where 1 is ink.
    """
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 80)
    image = Image.new("L", (112, 112))  # four times 28: `place` averages over 4×4 pixels
    ImageDraw.Draw(image).text((56, 56), character, fill=255, font=font, anchor="mm")
    return torch.from_numpy(np.array(image, dtype=np.float32) / 255)[None, None]


def centred(drawing: Tensor) -> Tensor:
    """Shrink a drawing to 28×28 as MNIST's digits were made (LeCun et al. 1998).

    The drawing's bounding box is scaled to 20 pixels on its longer side, and the centre of its ink
    is moved to the centre of the image, by whole pixels.

    Args:
        drawing: (H, W) in [0, 1], where 1 is ink.

    Returns:
        An image (1, 1, 28, 28); blank where the drawing is.
    """
    # The faint rim of a stroke, or of a photographed sheet, is not the digit.
    rows, columns = ((drawing > 0.2).any(dim=1 - axis).nonzero()[:, 0] for axis in (0, 1))
    if not len(rows):
        return torch.zeros(1, 1, 28, 28)
    box = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][None, None]
    size = [max(1, round(20 * side / max(box.shape))) for side in box.shape[2:]]
    small = F.interpolate(box, size=size, mode="bilinear", antialias=True).clamp(0, 1)[0, 0]
    corner = []
    for axis, side in enumerate(size):  # so that the mean place of the ink is 14, as in MNIST
        ink = small.sum(dim=1 - axis)
        middle = (ink * torch.arange(side)).sum() / ink.sum()
        corner.append(min(max(round(14 - middle.item()), 0), 28 - side))
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = small
    return image


def place(large: Tensor, *, turn=0.0, size=1.0, right=0.0, up=0.0) -> Tensor:
    """Turn, scale and move one large image, and shrink it to 28×28.

    Every parameter is a number, or one value per image (N,).

    Args:
        large: the image (1, 1, 112, 112).
        turn: degrees, anticlockwise.
        size: scale; 1 keeps the size.
        right: shift to the right, in pixels of the 28.
        up: shift upwards, in pixels of the 28.

    Returns:
        Images (N, 1, 28, 28).
    """
    turn, size, right, up = torch.broadcast_tensors(
        *(torch.as_tensor(v, dtype=torch.float32) for v in (turn, size, right, up))
    )
    turn, size, right, up = (v.reshape(-1).to(large.device) for v in (turn, size, right, up))
    cos, sin = turn.deg2rad().cos() / size, turn.deg2rad().sin() / size
    # `affine_grid` maps each point of the result back to a point of the large image. Coordinates
    # run from −1 to 1 over the width of the image: 14 of its 28 pixels are one unit.
    back = torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)
    shift = torch.stack([right, -up], dim=1)[:, :, None] / 14
    pieces = []
    # Only 100 at a time: before they are shrunk, the images are 112×112.
    for theta in torch.cat([back, -back @ shift], dim=2).split(100):
        grid = F.affine_grid(theta, [len(theta), 1, 112, 112], align_corners=False)
        pieces.append(
            F.avg_pool2d(
                F.grid_sample(large.expand(len(theta), -1, -1, -1), grid, align_corners=False), 4
            )
        )
    return torch.cat(pieces)


# One block per kind. All draw from one generator, so their order decides what they draw.
def non_digits(digits: Tensor, *, seed: int = 0) -> dict[str, Tensor]:
    """Generate images that are no digits, of several kinds; nothing is downloaded.

    The kinds: rendered letters, patches of scikit-learn's two sample photographs, inverted digits,
    digits with their pixels in a random order, images with faint noise, images with one dot of ink.

    Args:
        digits: images of digits (N, 1, 28, 28).
        seed: of all random choices.

    Returns:
        Images in [0, 1] by kind, as many and of the same shape as `digits`.
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


def _digits(split: str) -> tuple[Tensor, Tensor]:
    """Return scikit-learn's 8×8 digits at 20×20, framed in 28×28 as MNIST is: 1,400 or 397."""
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
    """Return "mnist" where it is there or can be downloaded, else "digits", with one notice."""
    if datasets.ready("mnist"):
        return "mnist"
    marker = datasets.own_folder() / ".cache" / "mnist-download-failed"
    why = (
        f"MNIST is not here, and a download failed less than {RETRY_AFTER // 60} minutes ago. It is"
        f" tried again after that time, or at once if you delete {marker}."
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


_noticed: set[Path] = set()  # folders without MNIST for which the notice was printed


def _touch(marker: Path) -> None:
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        pass  # in a read-only checkout the next start simply tries the download again
