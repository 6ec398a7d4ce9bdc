"""PCA against scikit-learn and torch.distributions; the classifier that ships with the course."""

import math

import pytest
import torch
from sklearn.decomposition import PCA as SklearnPCA

from course_utils import data, datasets, metrics, models, weights
from course_utils.errors import CourseError
from course_utils.layers import dense


@pytest.fixture
def x(generator):
    """200 points in 7 dimensions, correlated and off the origin, float64."""
    mix = torch.randn(7, 7, generator=generator, dtype=torch.float64)
    return torch.randn(200, 7, generator=generator, dtype=torch.float64) @ mix + 3


def aligned(axes, like):
    """The rows of `axes`, each turned to the side of the same row of `like`."""
    return axes * (axes * like).sum(dim=1, keepdim=True).sign()


def test_pca_is_sklearns(x):
    ours, theirs = models.PCA.fit(x, 4), SklearnPCA(4, svd_solver="full").fit(x.numpy())
    torch.testing.assert_close(ours.mean, torch.from_numpy(theirs.mean_))
    torch.testing.assert_close(
        aligned(ours.axes, torch.from_numpy(theirs.components_)),
        torch.from_numpy(theirs.components_),
        atol=1e-10,
        rtol=0,
    )
    # Theirs divide by N − 1.
    variance = torch.from_numpy(theirs.explained_variance_) * (len(x) - 1) / len(x)
    torch.testing.assert_close(ours.eigenvalues[:4], variance)


def test_pca_of_digits_is_sklearns():
    digits = data.load("digits").x.flatten(1).double()
    ours, theirs = models.PCA.fit(digits, 16), SklearnPCA(16, svd_solver="full").fit(digits.numpy())
    torch.testing.assert_close(
        aligned(ours.axes, torch.from_numpy(theirs.components_)),
        torch.from_numpy(theirs.components_),
        atol=1e-5,
        rtol=0,
    )
    theirs_back = torch.from_numpy(theirs.inverse_transform(theirs.transform(digits[:50].numpy())))
    torch.testing.assert_close(
        ours.decode(ours.encode(digits[:50])), theirs_back, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("k", [1, 3, 7])
def test_the_error_is_the_sum_of_the_dropped_eigenvalues(x, k):
    pca = models.PCA.fit(x, k)
    error = ((pca.decode(pca.encode(x)) - x) ** 2).sum(dim=1).mean()
    torch.testing.assert_close(error, pca.eigenvalues[k:].sum(), atol=1e-12, rtol=1e-10)


def test_fewer_images_than_pixels(generator):
    x = torch.randn(5, 12, generator=generator, dtype=torch.float64)
    pca = models.PCA.fit(x, 5)
    assert pca.eigenvalues.shape == (12,) and pca.eigenvalues[4:].abs().max() < 1e-20
    torch.testing.assert_close(pca.decode(pca.encode(x)), x)


def test_keep_is_a_smaller_fit(x):
    small, fitted = models.PCA.fit(x, 7).keep(2), models.PCA.fit(x, 2)
    torch.testing.assert_close(small.decode(small.encode(x)), fitted.decode(fitted.encode(x)))
    torch.testing.assert_close(small.noise, fitted.noise)


def test_log_prob_is_the_gaussians(x):
    pca = models.PCA.fit(x, 3)
    V = pca.axes.T
    covariance = V @ torch.diag(pca.eigenvalues[:3] - pca.noise) @ V.T + pca.noise * torch.eye(
        7, dtype=x.dtype
    )
    independent = torch.distributions.MultivariateNormal(pca.mean, covariance)
    torch.testing.assert_close(pca.log_prob(x), independent.log_prob(x))


def test_log_prob_stays_exact_in_single_precision():
    """Outside a large subspace little is left; a difference of large squares would lose it."""
    x = data.load("digits").x.flatten(1)
    single, double = models.PCA.fit(x, 50), models.PCA.fit(x.double(), 50)
    single.eigenvalues = double.eigenvalues.float()
    torch.testing.assert_close(
        single.log_prob(x).double(), double.log_prob(x.double()), rtol=1e-5, atol=0.02
    )


def test_log_prob_of_digits_is_sklearns():
    digits = data.load("digits").x.flatten(1).double()
    theirs = SklearnPCA(16, svd_solver="full").fit(digits.numpy())
    N, D = digits.shape
    # theirs divides by N − 1 and spreads the dropped variance over min(N, D) directions, as ours
    # does for N > D
    ours = models.PCA.fit(digits, 16)
    ours = models.PCA(ours.mean, ours.axes, ours.eigenvalues * N / (N - 1))
    assert math.isclose(
        ours.log_prob(digits).mean().item(), theirs.score(digits.numpy()), rel_tol=1e-6
    )


def test_samples_have_the_models_mean_and_covariance(x, generator):
    pca = models.PCA.fit(x, 3)
    drawn = pca.sample(200_000, generator=generator)
    V = pca.axes.T
    covariance = V @ torch.diag(pca.eigenvalues[:3] - pca.noise) @ V.T + pca.noise * torch.eye(
        7, dtype=x.dtype
    )
    scale = covariance.diag().max()
    torch.testing.assert_close(drawn.mean(dim=0), pca.mean, atol=0.02 * scale.sqrt().item(), rtol=0)
    torch.testing.assert_close(drawn.T.cov(), covariance, atol=0.02 * scale.item(), rtol=0)
    flat = pca.sample(100, noise=False, generator=generator)
    torch.testing.assert_close(pca.decode(pca.encode(flat)), flat)  # in the subspace


def test_without_variance_for_the_noise_there_is_no_density(x):
    with pytest.raises(ValueError, match="k = 7 axes no variance is left"):
        models.PCA.fit(x, 7).log_prob(x)
    flat = torch.cat([x, torch.zeros(200, 2, dtype=x.dtype)], dim=1)
    with pytest.raises(ValueError, match="use a smaller k"):
        models.PCA.fit(flat, 7).log_prob(flat)


@pytest.mark.parametrize("k", [0, 8])
def test_k_must_fit(x, k):
    with pytest.raises(ValueError, match=rf"\(200, 7\) and k = {k}"):
        models.PCA.fit(x, k)


@pytest.mark.parametrize(
    ("k", "options"),
    [(16, {}), (16, {"hidden": 8}), (49, {"spatial": True}), (98, {"spatial": True})],
)
def test_an_autoencoder_goes_to_codes_and_back(k, options):
    model = models.AE(models.Encoder(k, **options), models.Decoder(k, **options)).eval()
    x = torch.rand(3, 1, 28, 28)
    z = model.encode(x)
    assert z.shape == (3, k) and model(x).shape == x.shape
    pictures = model.decode(z)
    assert pictures.shape == x.shape and pictures.min() >= 0 and pictures.max() <= 1
    torch.testing.assert_close(pictures, model(x).sigmoid())


def test_a_spatial_code_keeps_its_place():
    """Ink in one corner moves the numbers of that corner and its neighbours, never those of the
    opposite one.
    """
    torch.manual_seed(0)
    encoder = models.Encoder(49, spatial=True)
    paper, ink = torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, 28, 28)
    ink[..., :4, :4] = 1
    moved = (encoder(ink) - encoder(paper)).view(7, 7).abs()
    assert moved[0, 0] > 0 and moved[4:, 4:].max() == 0


def test_a_spatial_code_has_a_multiple_of_49_numbers():
    for network in (models.Encoder, models.Decoder):
        with pytest.raises(ValueError, match="a multiple of 49, got k = 50"):
            network(50, spatial=True)


def test_the_classifiers_are_small_and_frozen():
    for name in ("mnist", "digits"):
        reader = weights.pretrained("classifier", name)
        assert (weights.FOLDER / f"classifier_{name}.safetensors").stat().st_size <= 1_000_000
        assert not reader.training and not any(p.requires_grad for p in reader.parameters())
        images = torch.rand(3, 1, 28, 28)
        assert reader(images).shape == (3, 10) and reader.features(images).shape == (3, 64)


def test_the_classifier_reads_the_digits():
    test = data.load("digits", "test")
    assert metrics.accuracy(weights.pretrained("classifier", "digits"), test.x, test.y) >= 0.97


def test_the_classifier_reads_mnist():
    if not datasets.ready("mnist"):
        pytest.skip("MNIST is not here; set COURSE_DATA to a folder that has it")
    test = data.load("mnist", "test")
    assert metrics.accuracy(weights.pretrained("classifier", "mnist"), test.x, test.y) >= 0.99


def test_no_weights_for_this_set(capsys):
    with pytest.raises(
        FileNotFoundError,
        match="no weights ship for 'classifier' on 'kmnist'.*--dataset kmnist",
    ):
        weights.pretrained("classifier", "kmnist")
    assert weights.pretrained_or_none("classifier", "kmnist") is None
    assert "--dataset kmnist" in capsys.readouterr().out


def test_weights_survive_a_round_trip(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    net = models.Classifier().eval()
    weights.save(net, tmp_path / "classifier_made.safetensors", {"data": "made"})
    back = weights.pretrained("classifier", "made")
    for (name, before), after in zip(
        net.state_dict().items(), back.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-6, msg=name)


def test_weights_too_large_for_half_precision_are_not_written(tmp_path):
    net = models.Classifier()
    for value, says in ((1e5, "beyond the range of float16"), (float("nan"), "not a number")):
        with torch.no_grad():
            next(net.parameters()).fill_(value)
        with pytest.raises(CourseError, match=says):
            weights.save(net, tmp_path / "w.safetensors", {})
    assert not list(tmp_path.iterdir())


def make_vae(k=3, n_classes=0):
    return models.VAE(
        models.Encoder(2 * k, n_classes=n_classes, width=2),
        models.Decoder(k, n_classes=n_classes, width=2),
    )


def test_a_vae_is_its_parts(generator):
    vae, x, eps = (
        make_vae(),
        torch.rand(4, 1, 28, 28, generator=generator),
        torch.randn(4, 3, generator=generator),
    )
    logits, mu, log_var = vae(x, eps=eps)
    assert logits.shape == x.shape and mu.shape == log_var.shape == (4, 3)
    torch.testing.assert_close(torch.cat([mu, log_var], dim=1), vae.E(x))
    torch.testing.assert_close(logits, vae.D(mu + (0.5 * log_var).exp() * eps))
    torch.testing.assert_close(vae.decode(mu), vae.logits(mu).sigmoid())


def test_a_reparametrised_draw_has_the_right_distribution_and_gradient(generator):
    mu, log_var = torch.tensor([[0.3, -1.0]]).double(), torch.tensor([[-1.0, 0.5]]).double()
    eps = torch.randn(200_000, 2, generator=generator, dtype=torch.float64)
    z = models.reparameterize(mu, log_var, eps)
    torch.testing.assert_close(z.mean(dim=0), mu[0], atol=0.01, rtol=0)
    torch.testing.assert_close(z.var(dim=0), log_var[0].exp(), atol=0.02, rtol=0)
    assert torch.autograd.gradcheck(
        models.reparameterize, (mu.requires_grad_(), log_var.requires_grad_(), eps[:1])
    )
    torch.manual_seed(0)
    assert not torch.equal(models.reparameterize(mu, log_var), models.reparameterize(mu, log_var))


def test_a_conditional_vae_sees_the_label_twice(generator):
    vae, x = make_vae(n_classes=10), torch.rand(2, 1, 28, 28, generator=generator)
    a, b = torch.tensor([3, 3]), torch.tensor([3, 7])
    mu_a, mu_b = vae.encode(x, a)[0], vae.encode(x, b)[0]
    assert torch.equal(mu_a[0], mu_b[0]) and not torch.allclose(mu_a[1], mu_b[1])
    z = torch.zeros(2, 3)
    assert torch.equal(vae.decode(z, a)[0], vae.decode(z, b)[0]) and not torch.allclose(
        vae.decode(z, a)[1], vae.decode(z, b)[1]
    )


def test_labels_must_fit_the_network():
    x, z, y = torch.zeros(2, 1, 28, 28), torch.zeros(2, 3), torch.tensor([1, 2])
    with pytest.raises(
        ValueError, match=r"Encoder was made without labels \(n_classes=0\); it was called with y"
    ):
        make_vae().encode(x, y)
    with pytest.raises(ValueError, match="Decoder was made for 10 labels; it was called without y"):
        make_vae(n_classes=10).decode(z)
    with pytest.raises(ValueError, match="not both"):
        models.Decoder(49, spatial=True, n_classes=10)


def test_conditional_networks_without_labels_are_the_plain_ones():
    """The label is added, nothing else changes: with its weights at 0, both give the same."""
    plain, given = models.Encoder(4, width=2), models.Encoder(4, width=2, n_classes=10)
    given.load_state_dict({**plain.state_dict(), "label.weight": torch.zeros(10, 2)})
    x = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(given(x, torch.tensor([0, 5, 9])), plain(x))


def test_dense_layers_bend_between_but_not_after(generator):
    net = dense(3, 5, 2)
    assert [type(layer).__name__ for layer in net] == ["Linear", "SiLU", "Linear"]
    assert net(torch.randn(4, 3, generator=generator)).shape == (4, 2)
