"""Objectives, metrics and latent walks against closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors
from torch.distributions import Bernoulli, Normal, kl_divergence

from course_utils import claims, data, latent, metrics, models, objectives, scoreboard


def test_squared_error_sums_over_pixels_and_averages_over_images(generator):
    a, b = torch.rand(5, 1, 4, 4, generator=generator), torch.rand(5, 1, 4, 4, generator=generator)
    expected = torch.nn.functional.mse_loss(a, b, reduction="sum") / 5
    torch.testing.assert_close(objectives.squared_error(a, b), expected)


def test_squared_error_does_not_broadcast():
    with pytest.raises(ValueError, match=r"\(5, 16\) and \(1, 16\)"):
        objectives.squared_error(torch.zeros(5, 16), torch.zeros(1, 16))


def test_reconstruction_is_the_bernoulli_likelihood_where_there_is_one(generator):
    """On black and white pixels it is −log p of independent Bernoulli pixels, also for logits that
    overflow a sigmoid.
    """
    logits = 5 * torch.randn(4, 1, 6, 6, generator=generator, dtype=torch.float64)
    logits[0, 0, 0] = torch.tensor([900.0, -900.0, 50.0, -50.0, 0.0, 1.0])
    x = (torch.rand(4, 1, 6, 6, generator=generator) < 0.5).double()
    independent = (
        -torch.distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(dim=1).mean()
    )
    torch.testing.assert_close(objectives.reconstruction(logits, x), independent)
    with pytest.raises(ValueError, match="one shape"):
        objectives.reconstruction(logits, x[:1])


def test_the_gradient_of_reconstruction_is_ink_minus_pixel(generator):
    logits = torch.randn(3, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    x = torch.rand(3, 8, generator=generator, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(objectives.reconstruction(logits, x), logits)
    torch.testing.assert_close(gradient, (logits.sigmoid() - x).detach() / 3)


def test_kl_is_that_of_torch_distributions(generator):
    mu, log_var = torch.randn(2, 6, 4, generator=generator, dtype=torch.float64).unbind()
    standard = Normal(torch.zeros_like(mu), 1.0)
    per_image = kl_divergence(Normal(mu, (0.5 * log_var).exp()), standard).sum(dim=1)
    torch.testing.assert_close(objectives.kl(mu, log_var), per_image.mean())
    assert objectives.kl(torch.zeros(3, 5), torch.zeros(3, 5)) == 0
    with pytest.raises(ValueError, match=r"\(6, 4\) and \(1, 4\)"):
        objectives.kl(mu, log_var[:1])


def test_free_bits_charge_at_least_the_floor(generator):
    kl = torch.rand(50, 6, generator=generator)
    expected = sum(max(0.5, column.mean().item()) for column in kl.T)
    assert objectives.kl_with_free_bits(kl, 0.5).item() == pytest.approx(expected)
    assert objectives.kl_with_free_bits(kl, 0.0).item() == pytest.approx(
        kl.sum(dim=1).mean().item()
    )
    kl.requires_grad_()
    (gradient,) = torch.autograd.grad(objectives.kl_with_free_bits(kl, 10.0), kl)
    assert gradient.abs().sum() == 0  # below the floor a change of the KL costs nothing


def test_the_gradient_of_kl_is_right(generator):
    mu, log_var = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64).unbind()
    assert torch.autograd.gradcheck(objectives.kl, (mu.requires_grad_(), log_var.requires_grad_()))


def gaussian_model(generator, wider):
    """Probabilistic PCA as a model with a code: images (5, 6), exact log p(x), log weights of a q
    `wider` than the posterior.

    z ~ N(0, I), x|z ~ N(mean + z W, σ² I). Also D[q ‖ posterior], (5,).
    """
    mixed = torch.randn(200, 6, generator=generator, dtype=torch.float64)
    pca = models.PCA.fit(mixed @ torch.randn(6, 6, generator=generator, dtype=torch.float64), 3)
    x, kept = mixed[:5], pca.eigenvalues[:3]
    W = (kept - pca.noise).sqrt()[
        :, None
    ] * pca.axes  # the decoder's weights, set from the analysis
    posterior = Normal((x - pca.mean) @ W.T / kept, (pca.noise / kept).sqrt())
    q = Normal(posterior.mean, wider * posterior.scale)

    def log_weights(x):
        while True:
            z = q.sample()
            log_p = Normal(pca.mean + z @ W, pca.noise.sqrt()).log_prob(x).sum(dim=1) + Normal(
                0.0, 1.0
            ).log_prob(z).sum(dim=1)
            yield log_p - q.log_prob(z).sum(dim=1)

    return x, pca.log_prob(x), log_weights, kl_divergence(q, posterior).sum(dim=1)


def test_the_bound_is_exact_with_the_posterior(generator):
    x, exact, log_weights, _ = gaussian_model(generator, wider=1.0)
    for samples in (1, 7):
        torch.testing.assert_close(metrics.iw_bound(log_weights, x, samples=samples), exact)


@pytest.mark.slow
def test_any_other_bound_is_below_by_the_divergence_and_tightens(generator):
    torch.manual_seed(0)
    x, exact, log_weights, divergence = gaussian_model(generator, wider=1.6)
    runs = {
        K: torch.stack(
            [metrics.iw_bound(log_weights, x, samples=K, batch_size=5) for _ in range(1000)]
        )
        for K in (1, 5, 50)
    }
    gap = {K: (exact - values.mean(dim=0)) for K, values in runs.items()}
    error = {K: values.std(dim=0) / 1000**0.5 for K, values in runs.items()}
    # ELBO = log p(x) − D[q ‖ posterior].
    assert ((gap[1] - divergence).abs() < 4.5 * error[1]).all()
    assert (
        (gap[1] > gap[5]).all() and (gap[5] > gap[50]).all() and (gap[50] > -4.5 * error[50]).all()
    )


def test_log_weights_of_a_vae_are_those_of_torch_distributions(generator):
    mu, log_var = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64).unbind()
    V = torch.randn(3, 9, generator=generator, dtype=torch.float64)
    x = (torch.rand(4, 9, generator=generator) < 0.5).double()
    seen = []
    weights = metrics.log_weights(
        lambda x: (mu, log_var), lambda z: seen.append(z) or z @ V, generator=generator
    )(x)
    first, second = next(weights), next(weights)
    for weight, z in zip((first, second), seen, strict=True):
        log_q = Normal(mu, (0.5 * log_var).exp()).log_prob(z).sum(dim=1)
        log_p = Normal(0.0, 1.0).log_prob(z).sum(dim=1) + Bernoulli(logits=z @ V).log_prob(x).sum(
            dim=1
        )
        torch.testing.assert_close(weight, log_p - log_q)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_average_does_not_depend_on_the_pieces(generator, batch):
    x = torch.randn(23, 3, generator=generator)
    per_image = metrics.average(lambda x: (x**2).sum(dim=1), x, batch_size=batch)
    of_batch = metrics.average(lambda x: (x**2).sum(dim=1).mean(), x, batch_size=batch)
    assert per_image == pytest.approx((x**2).sum(dim=1).mean().item()) == pytest.approx(of_batch)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_accuracy_counts_hits(batch):
    logits = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 4.0], [1.0, 0.0]])
    assert (
        metrics.accuracy(lambda x: x, logits, torch.tensor([0, 1, 0, 1]), batch_size=batch) == 0.5
    )


def test_expect_holds_on_a_known_set_and_only_prints_on_another(capsys, monkeypatch):
    monkeypatch.setattr(claims, "RANGES", {"mnist": {"05 a claim": [0, 5]}})
    claims.expect("05 a claim", 4.0, "mnist")
    said = "a claim: 4 (with other seeds or on other machines: 0 to 5)\n"
    assert capsys.readouterr().out == said
    with pytest.raises(AssertionError, match="5.1 is outside 0 to 5, the range on mnist"):
        claims.expect("05 a claim", 5.1, "mnist")
    with pytest.raises(AssertionError):
        claims.expect("05 a claim", float("nan"), "mnist")
    capsys.readouterr()
    claims.expect("05 a claim", 99.0, "kmnist")
    assert capsys.readouterr().out == "a claim: 99\n"
    with pytest.raises(KeyError, match="another claim"):
        claims.expect("another claim", 1.0, "mnist")


def test_interpolation_is_straight_and_has_both_ends(generator):
    z0, z1 = torch.randn(2, 4, generator=generator).unbind()
    walk = latent.interpolate(z0, z1, 5)
    torch.testing.assert_close(walk[0], z0)
    torch.testing.assert_close(walk[-1], z1)
    torch.testing.assert_close(walk.diff(dim=0), ((z1 - z0) / 4).expand(4, 4))


def test_extrapolation_goes_on_at_the_same_pace(generator):
    z0, z1 = torch.randn(2, 4, generator=generator).unbind()
    walk = latent.interpolate(z0, z1, 9, beyond=1.5)  # t = −1.5, −1, …, 2.5
    torch.testing.assert_close(walk[3], z0)
    torch.testing.assert_close(walk[5], z1)
    torch.testing.assert_close(walk[-1], z0 + 2.5 * (z1 - z0))
    torch.testing.assert_close(walk[0], z0 - 1.5 * (z1 - z0))


def test_an_arc_keeps_the_length_and_turns_evenly(generator):
    z0, z1 = torch.nn.functional.normalize(
        torch.randn(2, 6, generator=generator, dtype=torch.float64), dim=1
    )
    walk = latent.arc(3 * z0, 3 * z1, 5)
    torch.testing.assert_close(walk[[0, -1]], 3 * torch.stack([z0, z1]))
    torch.testing.assert_close(walk.norm(dim=1), torch.full((5,), 3.0, dtype=torch.float64))
    turns = torch.arccos((walk[1:] * walk[:-1]).sum(dim=1) / 9)
    torch.testing.assert_close(turns, torch.arccos(z0 @ z1).expand(4) / 4)


def test_an_analogy_is_a_parallelogram(generator):
    a, b, c = torch.randn(3, 4, generator=generator).unbind()
    d = latent.analogy(a, b, c)
    torch.testing.assert_close(d - c, b - a)
    torch.testing.assert_close(latent.analogy(a, c, b), d)


def test_a_grid_reads_like_a_page():
    codes = latent.grid(torch.tensor([-1.0, 10.0]), torch.tensor([1.0, 30.0]), 3)
    assert codes.tolist() == [[a, b] for b in (30.0, 20.0, 10.0) for a in (-1.0, 0.0, 1.0)]


def test_a_normal_grid_has_the_quantiles_and_reads_like_a_page():
    codes = latent.normal_grid(3)
    low, middle, high = norm.ppf([1 / 6, 0.5, 5 / 6])
    expected = [[a, b] for b in (high, middle, low) for a in (low, middle, high)]
    torch.testing.assert_close(codes, torch.tensor(expected).float())


def test_a_sheet_has_its_corners_and_as_long_codes_in_between():
    corners = torch.eye(4, dtype=torch.float64)
    sheet = latent.corner_grid(corners, 5)
    assert sheet.shape == (25, 4)
    torch.testing.assert_close(sheet[[0, 4, 20, 24]], corners)
    torch.testing.assert_close(sheet.norm(dim=1), torch.ones(25, dtype=torch.float64))
    # In the middle all alike.
    torch.testing.assert_close(sheet[12], torch.full((4,), 0.5, dtype=torch.float64))


@pytest.mark.parametrize(("shape", "n"), [((3, 2), 5), ((4,), 5), ((4, 2), 1)])
def test_a_sheet_needs_four_codes(shape, n):
    with pytest.raises(ValueError, match="four codes"):
        latent.corner_grid(torch.zeros(shape), n)


def test_transfer_decodes_every_code_under_every_label():
    def decode(z, y):
        return (z[:, 0] + 100 * y).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)

    written = latent.transfer(decode, torch.tensor([[1.0], [2.0]]), n_classes=3)
    assert written.shape == (2, 3, 1, 28, 28)
    assert written[..., 0, 0, 0].tolist() == [[1, 101, 201], [2, 102, 202]]


def strokes(width, turn):
    """Upright bars, 20 pixels high and `width` pixels wide, turned by `turn` (N,) degrees."""
    sheet = torch.zeros(1, 1, 112, 112)
    sheet[..., 16:96, 56 - 2 * width : 56 + 2 * width] = 1
    return data.place(sheet, turn=turn)


def test_slant_is_the_tangent_of_the_turn():
    turn = torch.tensor([-30.0, -15, 0, 15, 30])  # anticlockwise, so to the left
    torch.testing.assert_close(
        metrics.slant(strokes(1, turn)), -turn.deg2rad().tan(), atol=5e-3, rtol=0.01
    )


def test_a_mirrored_digit_leans_the_other_way():
    x = data.load("digits", "test").x[:20]
    torch.testing.assert_close(metrics.slant(x.flip(3)), -metrics.slant(x))
    torch.testing.assert_close(metrics.slant(x / 2), metrics.slant(x))


@pytest.mark.parametrize("width", [2, 3, 4])
def test_thickness_is_that_of_a_bar_however_it_is_turned(width):
    turn = torch.arange(0.0, 180, 15)
    expected = width * 20 / (width + 20)  # area over half the outline; the grid rounds the corners
    torch.testing.assert_close(
        metrics.thickness(strokes(width, turn)), torch.full((12,), expected), atol=0, rtol=0.15
    )


def test_an_empty_sheet_neither_leans_nor_has_strokes():
    empty = torch.zeros(2, 1, 28, 28)
    assert metrics.slant(empty).tolist() == metrics.thickness(empty).tolist() == [0, 0]


def test_frechet_is_the_formula_with_scipys_square_root(generator):
    mix = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    a = torch.randn(300, 6, generator=generator, dtype=torch.float64) @ mix
    b = torch.randn(200, 6, generator=generator, dtype=torch.float64) + 0.5
    cov_a, cov_b = a.T.cov().numpy(), b.T.cov().numpy()
    expected = ((a.mean(dim=0) - b.mean(dim=0)) ** 2).sum() + (
        cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real
    ).trace()
    assert metrics.frechet(a, b) == pytest.approx(float(expected), rel=1e-8)
    assert metrics.frechet(a, b) == pytest.approx(metrics.frechet(b, a), rel=1e-8)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_frechet_of_single_numbers_is_that_of_two_normal_distributions(generator):
    a, b = torch.randn(50, 1, generator=generator), 3 * torch.randn(60, 1, generator=generator) + 1
    expected = (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
    assert metrics.frechet(a, b) == pytest.approx(expected.item(), rel=1e-5)


def test_gradient_energy_refuses_whole_numbers_which_would_wrap_around():
    with pytest.raises(TypeError, match="expected images in .0, 1., got torch.uint8; divide"):
        metrics.gradient_energy(torch.zeros(1, 1, 28, 28, dtype=torch.uint8))


def test_frechet_of_a_shift_is_its_square(generator):
    a = torch.randn(100, 4, generator=generator, dtype=torch.float64)
    assert metrics.frechet(a, a + torch.tensor([3.0, 4.0, 0.0, 0.0])) == pytest.approx(25, rel=1e-6)


@pytest.mark.parametrize("shapes", [((1, 3), (5, 3)), ((5, 3), (5, 4))])
def test_frechet_needs_two_clouds_of_one_kind(shapes):
    with pytest.raises(ValueError, match="two sets of at least 2 features of one length"):
        metrics.frechet(*(torch.zeros(shape) for shape in shapes))


def test_modes_count_what_is_near_and_frequent():
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    near = centres.repeat_interleave(torch.tensor([90, 1, 0]), dim=0) + 0.1
    # 9 of 100 lie nowhere; one in a hundred is enough.
    samples = torch.cat([near, torch.full((9, 2), 5.0)])
    assert metrics.modes(samples, centres, 0.5) == (2, pytest.approx(0.91))
    assert metrics.modes(torch.cat([samples, samples[:1]]), centres, 0.5)[0] == 1  # now one in 101
    assert metrics.modes(samples, centres, 0.1) == (0, 0)


def test_nearest_and_radii_are_scikit_learns(generator):
    real, built = (torch.randn(n, 3, 2, generator=generator, dtype=torch.float64) for n in (40, 7))
    neighbours = NearestNeighbors().fit(real.flatten(1).numpy())
    expected, _ = neighbours.kneighbors(built.flatten(1).numpy(), 1)
    torch.testing.assert_close(
        metrics.nearest(built, real, batch_size=3), torch.from_numpy(expected[:, 0])
    )
    expected, _ = neighbours.kneighbors(n_neighbors=4)  # of the others
    torch.testing.assert_close(
        metrics.radii(real.flatten(1), 4, batch_size=7), torch.from_numpy(expected[:, 3])
    )
    with pytest.raises(ValueError, match="1 ≤ k < 40"):
        metrics.radii(real.flatten(1), 40)


def test_density_and_coverage_are_their_definition(generator):
    real, built = (
        torch.randn(30, 2, generator=generator),
        torch.randn(20, 2, generator=generator) / 2,
    )
    inside = [
        [math.dist(a, b) < r for b, r in zip(real, metrics.radii(real, 3), strict=True)]
        for a in built
    ]
    density, coverage = metrics.density_coverage(
        real, built, metrics.radii(real, 3), 3, batch_size=6
    )
    assert density == pytest.approx(sum(map(sum, inside)) / (3 * 20))
    assert coverage == pytest.approx(sum(map(any, zip(*inside, strict=True))) / 30)


def test_density_and_coverage_of_more_of_the_same(generator):
    real, same = torch.randn(2, 4000, 3, generator=generator).unbind()
    density, coverage = metrics.density_coverage(real, same, metrics.radii(real))
    assert density == pytest.approx(1, abs=0.05) and coverage == pytest.approx(1 - 2**-5, abs=0.02)
    density, coverage = metrics.density_coverage(
        real, real[:1].expand(100, -1), metrics.radii(real)
    )
    assert density > 0.5 and coverage < 0.02  # one real picture, again and again
    assert metrics.density_coverage(real, same + 100, metrics.radii(real)) == (0, 0)


def test_gradient_energy_is_a_sum_of_squared_differences(generator):
    x = torch.rand(3, 1, 28, 28, generator=generator, dtype=torch.float64)
    expected = [
        sum((np.diff(image, axis=axis) ** 2).sum() for axis in (0, 1)) for image in x[:, 0].numpy()
    ]
    torch.testing.assert_close(
        metrics.gradient_energy(x), torch.tensor(expected, dtype=torch.float64)
    )


def test_a_feature_distance_is_minus_a_gaussian_log_likelihood(generator):
    h_hat, h = torch.randn(2, 5, 4, 3, generator=generator, dtype=torch.float64).unbind()
    difference = [-Normal(centre, 0.3).log_prob(h).sum(dim=(1, 2)).mean() for centre in (h_hat, h)]
    torch.testing.assert_close(
        objectives.feature_distance(h_hat, h, variance=0.09), difference[0] - difference[1]
    )


@pytest.fixture
def real():
    """A ruler without a trained classifier: pictures of the digits, features that are their pixels
    in a coarse grid.
    """
    train, test = (data.load("digits", split) for split in ("train", "test"))
    head = torch.nn.Linear(49, 10)
    return scoreboard.Real(
        train, test, lambda x: torch.nn.functional.avg_pool2d(x, 4).flatten(1), head
    )


def test_real_pictures_score_as_real_pictures(real):
    again = lambda y: real.resample(y, generator=torch.Generator().manual_seed(0))  # noqa: E731
    found = scoreboard.score(real, again, reconstruct=lambda x, y: x)
    assert (
        found["nearest"] == found["reconstruction error"] == found["feature error"] == 0
        and found["reconstruction energy"] == 1
    )
    assert found["energy"] == pytest.approx(1, abs=0.1) and found["density"] == pytest.approx(
        1, abs=0.2
    )
    assert found["coverage"] > 0.85
    noise = scoreboard.score(real, lambda y: torch.rand(len(y), 1, 28, 28))
    assert (
        noise["frechet"] > 10 * found["frechet"] and noise["coverage"] == 0 and noise["energy"] > 3
    )
    # What it cannot do has no number.
    assert set(noise) == {
        "frechet",
        "density",
        "coverage",
        "energy",
        "nearest",
    }


def test_a_real_picture_again_has_the_label_asked_for(real):
    y = torch.arange(10).repeat_interleave(5)
    again = real.resample(y, generator=torch.Generator().manual_seed(0))
    distance, index = torch.cdist(again.flatten(1), real.train.x.flatten(1)).min(dim=1)
    assert torch.equal(real.train.y[index], y) and distance.max() < 1e-2


def test_a_label_that_no_picture_has_is_refused(real):
    kept = real.train.y != 4
    train = data.Images("some", "train", real.train.pixels[kept], real.train.y[kept])
    some = scoreboard.Real(train, real.test)
    with pytest.raises(ValueError, match="no training image has the label 4"):
        some.resample(torch.arange(10), generator=torch.Generator().manual_seed(0))


def test_without_a_classifier_its_numbers_are_left_out(real):
    bare = scoreboard.Real(real.train, real.test)
    found = scoreboard.score(
        bare, lambda y: torch.zeros(len(y), 1, 28, 28), conditional=True, reconstruct=lambda x, y: x
    )
    assert set(found) == {"energy", "nearest", "reconstruction energy", "reconstruction error"}
    assert set(bare.test_scores()) == {"nearest"}


def test_the_bound_on_the_scoreboard_is_that_of_black_and_white_pictures(real):
    def bound(x, y):
        assert set(x.unique().tolist()) == {0.0, 1.0} and len(x) == len(y)
        return x.flatten(1).sum(dim=1)  # pixels of ink

    found = scoreboard.score(real, lambda y: torch.zeros(len(y), 1, 28, 28), bound=bound)
    assert found["bound"] == pytest.approx(
        real.test.x.flatten(1).sum(dim=1).mean().item(), rel=0.02
    )
