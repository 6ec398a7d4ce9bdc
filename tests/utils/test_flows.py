"""Flows, compared with the Gaussian whose field is known, and with torchdiffeq and zuko."""

import pytest
import torch
import torchdiffeq
from zuko.transforms import FreeFormJacobianTransform

from course_utils import flows, models, objectives

MEAN, SIGMA = torch.tensor([1.0, -2.0], dtype=torch.float64), 0.5


def field(x, t):
    """The velocity from N(0, I) to N(MEAN, SIGMA²), both independent: E[x₁ − x₀ | x_t = x]."""
    t = t[:, None]
    variance = (1 - t) ** 2 + (t * SIGMA) ** 2
    return MEAN + (t * SIGMA**2 - (1 - t)) / variance * (x - t * MEAN)


@pytest.fixture
def noise():
    return torch.randn(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    """A field that bends its paths: that of the latent flow, with random weights."""
    torch.manual_seed(0)
    inner = models.Velocity(2, width=32).double()
    return lambda x, t: 3 * inner(x, t.expand(len(x)), torch.full((len(x),), 7))


@pytest.mark.parametrize("way", [(0.0, 1.0), (1.0, 0.0)], ids=["to the data", "back"])
@pytest.mark.parametrize("method", ["euler", "midpoint"])
def test_every_step_is_that_of_torchdiffeq(method, way, network, noise):
    start, end = way
    midpoint = method == "midpoint"
    found = flows.integrate(network, noise, steps=7, start=start, end=end, midpoint=midpoint)
    times = torch.linspace(start, end, 8, dtype=noise.dtype)
    with torch.no_grad():
        expected = torchdiffeq.odeint(lambda t, x: network(x, t), noise, times, method=method)
    assert (expected[-1] - noise).abs().max() > 0.1
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


def test_the_path_ends_at_the_data(noise):
    end = flows.integrate(field, noise, steps=40)[-1]
    assert (end - (MEAN + SIGMA * noise)).abs().max() < 1e-3


def test_the_log_density_is_that_of_the_gaussian(noise):
    x = MEAN + 0.7 * noise
    exact = torch.distributions.Normal(MEAN, SIGMA).log_prob(x).sum(dim=1)
    assert (flows.log_density(field, x, steps=100) - exact).abs().max() < 5e-3


def test_the_log_density_is_zukos(network, noise):
    """Its solver chooses its steps itself, and takes the density along with the places."""
    back = FreeFormJacobianTransform(
        lambda t, x: network(x, t),
        t0=torch.ones(()).double(),
        t1=torch.zeros(()).double(),
        atol=1e-9,
        rtol=1e-9,
    )
    z, gained = back.call_and_ladj(noise)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1) + gained
    assert gained.std() > 0.05
    assert (flows.log_density(network, noise, steps=200) - expected).abs().max() < 1e-4


def test_the_loss_is_least_at_the_known_field():
    g = torch.Generator().manual_seed(1)
    x0, e = (torch.randn(40_000, 2, dtype=torch.float64, generator=g) for _ in range(2))
    x1, t = MEAN + SIGMA * e, torch.rand(40_000, dtype=torch.float64, generator=g)
    best = objectives.flow_matching(field, x0, x1, t)
    # E Var[x₁ − x₀ | x_t], two dimensions: 1 + σ² − (tσ² − (1 − t))² / ((1 − t)² + t²σ²)
    residual = 1 + SIGMA**2 - (t * SIGMA**2 - (1 - t)) ** 2 / ((1 - t) ** 2 + (t * SIGMA) ** 2)
    assert best.item() == pytest.approx(2 * residual.mean().item(), rel=0.02)
    for wrong in (
        lambda x, t: field(x, t) + 0.2,
        lambda x, t: field(x, 1 - t),  # time reversed
        lambda x, t: 0.8 * field(x, t),
    ):
        assert objectives.flow_matching(wrong, x0, x1, t) > best + 0.02


def test_the_loss_is_summed_over_dimensions_and_averaged_over_the_batch():
    x0, x1, t = torch.zeros(3, 4), torch.ones(3, 4), torch.tensor([0.0, 0.5, 1.0])
    seen = {}

    def velocity(x, t, y):
        seen.update(x=x, t=t, y=y)
        return torch.zeros_like(x)

    y = torch.tensor([1, 2, 3])
    assert objectives.flow_matching(velocity, x0, x1, t, y) == 4
    assert torch.equal(seen["x"], t[:, None].expand(3, 4)) and torch.equal(seen["y"], y)
    with pytest.raises(ValueError, match=r"\(3, 4\), \(2, 4\) and \(3,\)"):
        objectives.flow_matching(velocity, x0, x1[:2], t)


def test_guidance_is_a_line_through_two_fields():
    y = torch.tensor([3, 7])

    def velocity(x, t, y):
        return x + y[:, None]

    x, t = torch.zeros(2, 1), torch.zeros(2)
    for weight, expected in ((0, [10, 10]), (1, [3, 7]), (2, [-4, 4])):
        found = flows.guided(velocity, y, weight, nothing=10)(x, t)
        assert found[:, 0].tolist() == expected, weight


def test_no_steps_are_refused(noise):
    with pytest.raises(ValueError, match="at least one step, got 0"):
        flows.integrate(field, noise, steps=0)
    with pytest.raises(ValueError, match="at least one step, got -1"):
        flows.log_density(field, noise, steps=-1)


def latent_flow(guidance):
    """A flow whose weights are random, and far from 0."""
    torch.manual_seed(0)
    ae = models.AE(torch.nn.Identity(), torch.nn.Linear(3, 784))
    flow = models.LatentFlow(ae, 3, guidance=guidance)
    flow.mean.copy_(torch.tensor([1.0, -2.0, 0.5]))
    flow.scale.copy_(torch.tensor([0.5, 2.0, 3.0]))
    return flow


def test_without_guidance_the_label_does_not_matter():
    z = torch.randn(10, 3, generator=torch.Generator().manual_seed(1))
    images = {w: [latent_flow(w).draw(z, y + torch.zeros(10).long()) for y in (2, 7)]
              for w in (0.0, 1.0, 2.0)}  # fmt: skip
    assert torch.equal(*images[0.0])
    assert not any(torch.allclose(*images[w], atol=1e-3) for w in (1.0, 2.0))


def test_codes_are_scaled_back_before_they_are_decoded():
    flow, y = latent_flow(1.0), torch.arange(10)
    z = torch.randn(10, 3, generator=torch.Generator().manual_seed(1))
    end = flows.integrate(lambda x, t: flow.velocity(x, t, y), z, steps=20)[-1]
    codes = torch.tensor([1.0, -2.0, 0.5]) + end * torch.tensor([0.5, 2.0, 3.0])
    assert torch.allclose(flow.draw(z, y), flow.ae.D(codes).sigmoid(), atol=1e-6)
