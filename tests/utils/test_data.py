"""Loading and batching: made files, and the digits that are always there."""

import numpy as np
import pytest
import torch
from idx import write_set

from course_utils import data, datasets
from course_utils.errors import SettingError

SIZES = {"train": 50, "t10k": 20}


@pytest.fixture
def folder(no_settings, tmp_path):
    """An empty data folder, and a project folder of its own for what is remembered."""
    no_settings.setenv("COURSE_DATA", str(tmp_path / "data"))
    no_settings.setattr(datasets, "own_folder", lambda: tmp_path / "own")
    data._noticed.clear()
    return tmp_path / "data"


@pytest.fixture
def offline(monkeypatch):
    """No mirror answers; returns the list of attempts."""
    attempts = []

    def refuse(name, path):
        attempts.append(name)
        raise datasets.UnavailableError(
            f"{name}: {path.name} could not be downloaded. {datasets.how_to_get(name)}"
        )

    monkeypatch.setattr(datasets, "_download", refuse)
    return attempts


@pytest.mark.parametrize(("name", "layout"), datasets.LAYOUT.items())
def test_files_that_are_there_are_used_without_a_network_call(folder, offline, name, layout):
    written = write_set(folder / layout / "raw", SIZES)
    for split, stem in (("train", "train"), ("test", "t10k")):
        images = data.load(name, split)
        assert images.name == name and images.split == split and len(images) == SIZES[stem]
        assert images.pixels.dtype == torch.uint8 and images.pixels.shape == (
            SIZES[stem],
            1,
            28,
            28,
        )
        np.testing.assert_array_equal(
            images.pixels[:, 0].numpy(), written[f"{stem}-images-idx3-ubyte"]
        )
        np.testing.assert_array_equal(images.y.numpy(), written[f"{stem}-labels-idx1-ubyte"])
        assert images.y.dtype == torch.int64
    assert offline == []


def test_pixels_become_numbers_from_0_to_1(folder):
    written = write_set(folder / "MNIST" / "raw", SIZES)
    x = data.load("mnist", "test").x
    assert x.dtype == torch.float32
    np.testing.assert_allclose(x[:, 0].numpy(), written["t10k-images-idx3-ubyte"] / 255, rtol=1e-6)


def test_asking_for_mnist_by_name_never_falls_back(folder, offline):
    with pytest.raises(datasets.DataError, match="could not be downloaded.*COURSE_DATA="):
        data.load("mnist", "train")


def test_auto_without_mnist_is_digits_with_one_notice(folder, offline, capsys):
    assert data.load("auto", "train").name == data.load("auto", "test").name == "digits"
    said = capsys.readouterr().out
    assert said.count("1,797 digits") == 1 and "COURSE_DATA=" in said


def test_a_failed_download_is_remembered_for_ten_minutes(folder, offline, monkeypatch, capsys):
    data.load("auto", "train")
    monkeypatch.setattr(data, "_noticed", set())  # as in a new process
    data.load("auto", "train")
    said = capsys.readouterr().out.splitlines()[-1]
    assert offline == ["mnist"] and "less than 10 minutes ago. It is tried again after" in said
    later = data.time.time() + data.RETRY_AFTER + 1
    monkeypatch.setattr(data.time, "time", lambda: later)
    data.load("auto", "train")
    assert offline == ["mnist", "mnist"]


def test_the_setting_names_the_set(folder, no_settings, offline):
    no_settings.setenv("COURSE_DATASET", "digits")
    assert data.load("auto", "test").name == "digits" and offline == []
    no_settings.setenv("COURSE_DATASET", "mnits")
    with pytest.raises(SettingError, match="'mnits' is not known; expected one of auto, mnist"):
        data.load("auto", "test")


def test_unknown_split():
    with pytest.raises(ValueError, match="'valid' is not known"):
        data.load("digits", "valid")


def test_digits_are_sklearns_framed_and_split_without_overlap():
    from sklearn.datasets import load_digits

    train, test = data.load("digits", "train"), data.load("digits", "test")
    assert (len(train), len(test)) == (1400, 397)
    everything = torch.cat([train.pixels, test.pixels])[:, 0]
    assert (
        everything[:, :4].max()
        == everything[:, -4:].max()
        == everything[:, :, :4].max()
        == everything[:, :, -4:].max()
        == 0
    )
    labels = np.bincount(torch.cat([train.y, test.y]).numpy())
    np.testing.assert_array_equal(labels, np.bincount(load_digits().target))
    assert np.abs(np.bincount(test.y.numpy()) / 397 - labels / 1797).max() < 0.003  # stratified
    # the sum of ink says which of scikit-learn's pictures each is: all of them, none twice
    ink = np.sort(everything.flatten(1).sum(dim=1).numpy() / 255 / 6.25)
    np.testing.assert_allclose(ink, np.sort(load_digits().data.sum(axis=1) / 16), atol=0.35)


def test_digits_have_the_rank_of_their_64_pixels():
    x = data.load("digits").x.flatten(1).double()
    singular = torch.linalg.svdvals(x)
    assert (singular[64:] ** 2).sum() / (
        singular**2
    ).sum() < 1e-4  # what is left is rounding to 256 grey levels


def test_images_are_grey_levels_from_0_to_255():
    with pytest.raises(
        ValueError,
        match="expected pixels uint8 .N, 1, 28, 28.*got torch.float32 .4, 1, 28, 28. and .4,.",
    ):
        data.Images("made", "train", torch.rand(4, 1, 28, 28), torch.arange(4))


def test_batches_are_shuffled_rounds_of_the_whole_set():
    images = data.Images(
        "made",
        "train",
        torch.arange(10, dtype=torch.uint8)[:, None, None, None].expand(10, 1, 28, 28),
        torch.arange(10),
    )
    stream = data.batches(images, 3, seed=1)
    rounds = [torch.cat([next(stream)[1] for _ in range(3)]) for _ in range(4)]
    assert all(len(set(seen.tolist())) == 9 for seen in rounds), "no image comes twice in a round"
    assert len({tuple(seen.tolist()) for seen in rounds}) == 4, (
        "every round has an order of its own"
    )
    x, y = next(data.batches(images, 3, seed=1))
    torch.testing.assert_close(x, (y.float() / 255)[:, None, None, None].expand(3, 1, 28, 28))
    again = data.batches(images, 3, seed=1)
    assert torch.equal(rounds[0], torch.cat([next(again)[1] for _ in range(3)]))


def test_the_batch_size_must_fit():
    digits = data.load("digits", "test")
    for size in (0, 398):
        with pytest.raises(
            ValueError, match=f"between 1 and the 397 images of digits/test, got {size}"
        ):
            data.batches(digits, size)


def centre(x):
    """Centre of the ink of pictures (N, 1, 28, 28), in pixels from the middle: right, up."""
    at = torch.arange(28) - 13.5
    ink = x.sum(dim=(1, 2, 3))
    return (x.sum(dim=(1, 2)) @ at) / ink, -(x.sum(dim=(1, 3)) @ at) / ink


def test_a_letter_goes_where_it_is_placed():
    T = data.letter("T")
    assert T.shape == (1, 1, 112, 112) and 0 <= T.min() and T.max() == 1
    still, moved = (
        data.place(T, size=0.5),
        data.place(T, size=0.5, right=torch.tensor([3.0, 3.0]), up=torch.tensor([-2.0, 5.0])),
    )
    assert moved.shape == (2, 1, 28, 28) and 0 <= moved.min() and moved.max() <= 1
    right, up = (new - old for new, old in zip(centre(moved), centre(still), strict=True))
    torch.testing.assert_close(right, torch.tensor([3.0, 3.0]), atol=0.02, rtol=0)
    torch.testing.assert_close(up, torch.tensor([-2.0, 5.0]), atol=0.02, rtol=0)


def test_a_letter_turns_anticlockwise_and_keeps_its_ink():
    L = data.letter("L")
    upright, turned = data.place(L), data.place(L, turn=90.0)
    torch.testing.assert_close(turned, upright.rot90(1, dims=(2, 3)), atol=0.02, rtol=0)
    assert data.place(L, size=0.5).sum().item() == pytest.approx(upright.sum().item() / 4, rel=0.02)


def test_pictures_that_are_no_digits(generator):
    digits = (torch.rand(40, 1, 28, 28, generator=generator) < 0.2).float()
    built = data.non_digits(digits)
    assert len(built) == 6
    for kind, x in built.items():
        assert (
            x.shape == digits.shape and x.dtype == torch.float32 and 0 <= x.min() and x.max() <= 1
        ), kind
    torch.testing.assert_close(built["inverted"], 1 - digits)
    shuffled = built["shuffled pixels"].flatten(1)
    torch.testing.assert_close(shuffled.sort(dim=1).values, digits.flatten(1).sort(dim=1).values)
    assert not torch.equal(shuffled, digits.flatten(1))
    assert (
        built["one dot"].flatten(1).sum(dim=1).eq(1).all() and built["almost empty"].max() <= 0.05
    )
    again, other = data.non_digits(digits), data.non_digits(digits, seed=1)
    assert all(torch.equal(built[kind], again[kind]) for kind in built)
    assert not any(torch.equal(built[kind], other[kind]) for kind in built if kind != "inverted")


@pytest.mark.parametrize("height, width", [(40, 8), (8, 40), (30, 30), (3, 3)])
def test_a_drawing_is_centred_and_20_pixels_long(height, width):
    drawing = torch.zeros(112, 112)
    drawing[60 : 60 + height, 5 : 5 + width] = 1
    image = data.centred(drawing)
    assert image.shape == (1, 1, 28, 28) and 0 <= image.min() and image.max() <= 1
    long = [int((image[0, 0].amax(dim=axis) > 0.5).sum()) for axis in (1, 0)]
    assert max(long) == 20
    assert abs(min(long) - 20 * min(height, width) / max(height, width)) <= 1
    place = torch.arange(28)
    for axis in (2, 3):
        ink = image.sum(dim=5 - axis)[0, 0]
        assert abs((ink * place).sum() / ink.sum() - 14) <= 0.5
    moved = data.centred(drawing.roll((-20, 30), dims=(0, 1)))
    assert torch.equal(moved, image)


def test_an_empty_drawing_stays_blank():
    assert data.centred(torch.zeros(50, 60)).abs().sum() == 0


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_in_batches_is_the_function_of_all_rows_in_their_order(generator, batch_size):
    x, y = torch.randn(7, 2, requires_grad=True), torch.arange(7)
    sizes = []

    def f(x, y):
        sizes.append(len(x))
        return x.sum(dim=1) * y

    found = data.in_batches(f, x, y, batch_size=batch_size)
    assert torch.equal(found, f(x, y)) and not found.requires_grad
    assert max(sizes[:-1]) <= batch_size and sum(sizes[:-1]) == 7


def test_in_batches_wants_as_many_rows_of_every_tensor():
    with pytest.raises(ValueError, match=r"one number of rows, got \[9, 4\]"):
        data.in_batches(torch.add, torch.zeros(9), torch.zeros(4), batch_size=4)
    with pytest.raises(ValueError, match=r"one number of rows, got \[450, 500\]"):
        data.in_batches(torch.add, torch.zeros(450), torch.zeros(500))


def test_shuffled_batches_must_fit():
    for size in (0, 8):
        with pytest.raises(ValueError, match=f"between 1 and the 7 rows, got {size}"):
            data.shuffled((torch.zeros(7),), size)
