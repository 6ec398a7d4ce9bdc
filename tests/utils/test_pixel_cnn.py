"""The autoregressive model: its order, and that its probabilities are probabilities."""

import itertools

import pytest
import torch

from course_utils import models


@pytest.fixture
def pixel_cnn():
    torch.manual_seed(0)
    model = models.PixelCNN(channels=8, layers=4).double()
    for parameter in model.parameters():  # far from 0, so that every path counts
        torch.nn.init.normal_(parameter, std=0.5)
    return model


def test_a_pixel_depends_on_those_before_it_and_on_no_other(pixel_cnn):
    x = torch.rand(1, 1, 5, 5, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: pixel_cnn(x).flatten(), x)
    slopes = jacobian.reshape(25, 25)  # logit i by pixel j
    assert (slopes.triu() == 0).all()  # neither itself nor a later one
    place = torch.arange(25)
    assert (slopes.diagonal(-1)[place[1:] % 5 > 0] != 0).all()  # the one on its left always
    assert (slopes.diagonal(-5) != 0).all()  # and the one above
    seen = (slopes != 0).sum(dim=1)
    assert seen[0] == 0 and (seen <= torch.arange(25)).all()


def test_all_images_of_a_size_have_probability_1_together(pixel_cnn):
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=9)), dtype=torch.float64)
    total = pixel_cnn.log_prob(every.view(-1, 1, 3, 3)).logsumexp(dim=0)
    assert total.abs() < 1e-10


def test_samples_are_as_frequent_as_their_probability(pixel_cnn):
    n, generator = 20_000, torch.Generator().manual_seed(1)
    drawn = pixel_cnn.draw(torch.randn(n, 4, dtype=torch.float64, generator=generator)).flatten(1)
    states = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)), dtype=torch.float64)
    p = pixel_cnn.log_prob(states.view(-1, 1, 2, 2)).exp()
    found = (drawn[:, None] == states).all(dim=2).double().mean(dim=0)
    assert ((found - p).abs() < 4.5 * (p * (1 - p) / n).sqrt() + 1e-4).all()


def test_a_window_of_the_image_is_enough(pixel_cnn):
    """Each pixel of a sample follows from the probabilities of the whole image before it."""
    z = torch.randn(3, 20 * 20, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    x = pixel_cnn.draw(z)
    with torch.no_grad():
        p = pixel_cnn(x).sigmoid().flatten(1)
    assert torch.equal(x.flatten(1), (torch.special.ndtr(z) < p).double())
    assert 0 < x.mean() < 1
