"""The models of the course. Images are (B, 1, 28, 28) or flattened to (B, d); codes are (B, k)."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from course_utils import data, flows
from course_utils.layers import MaskedConv, dense, down, leaky, same, up


class PCA(nn.Module):
    """Principal component analysis, and the Gaussian that goes with it (Tipping & Bishop 1999).

    mean: (d,), the mean of the training data.
    axes: (k, d), orthonormal rows, the directions of largest variance first.
    eigenvalues: (d,), variance along every direction, descending, divisor N; the first k belong to
    `axes`.
    """

    mean: Tensor
    axes: Tensor
    eigenvalues: Tensor

    def __init__(self, mean: Tensor, axes: Tensor, eigenvalues: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("axes", axes)
        self.register_buffer("eigenvalues", eigenvalues)

    @classmethod
    def fit(cls, x: Tensor, k: int) -> "PCA":
        """PCA of the rows of x (N, d) from the SVD of the centred data, X − μ = U S Vᵀ.

        X − μ = Q R first: R (min(N, d), d) has the same S and V, and U, as large as the data, is
        never made.
        """
        if x.dim() != 2 or not 1 <= k <= min(x.shape):
            raise ValueError(
                f"expected x of shape (N, d) and 1 ≤ k ≤ min(N, d), got {tuple(x.shape)} and k"
                f" = {k}"
            )
        mean = x.mean(dim=0)
        _, S, Vt = torch.linalg.svd(torch.linalg.qr(x - mean, mode="r").R, full_matrices=False)
        eigenvalues = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
        eigenvalues[: len(S)] = S**2 / len(x)
        return cls(mean, Vt[:k], eigenvalues)

    def keep(self, k: int) -> "PCA":
        """The same analysis with only the first k axes."""
        if not 1 <= k <= len(self.axes):
            raise ValueError(f"expected 1 ≤ k ≤ {len(self.axes)}, the number of axes, got {k}")
        return PCA(self.mean, self.axes[:k], self.eigenvalues)

    def encode(self, x: Tensor) -> Tensor:
        """z = (x − μ) Vᵀ: (B, d) → (B, k)."""
        return (x - self.mean) @ self.axes.T

    def decode(self, z: Tensor) -> Tensor:
        """x̂ = μ + z V: (B, k) → (B, d)."""
        return self.mean + z @ self.axes

    @property
    def noise(self) -> Tensor:
        """σ² of probabilistic PCA: the mean of the dropped eigenvalues (Tipping & Bishop 1999, eq.
        8).

        Raises ValueError where the dropped directions hold no variance: the Gaussian is then flat
        and has no density.
        """
        k = len(self.axes)
        dropped = self.eigenvalues[k:]
        if (
            len(dropped) == 0
            or dropped.mean() <= torch.finfo(dropped.dtype).eps * self.eigenvalues[0]
        ):
            raise ValueError(
                f"with k = {k} axes no variance is left for the noise, so there is no density; use"
                " a smaller k"
            )
        return dropped.mean()

    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log p(x) in nats per image, (B, d) → (B,), under x ~ N(μ, V diag(λ − σ²) Vᵀ + σ²
        I).

        Along each kept axis the variance is its eigenvalue λ, in the d − k other directions it is
        σ²: both the quadratic form and the log-determinant split into these two parts (Tipping &
        Bishop 1999, eq. 4 at the optimum).
        """
        k, d = self.axes.shape
        kept, z = self.eigenvalues[:k], self.encode(x)
        outside = ((x - self.decode(z)) ** 2).sum(dim=1)  # squared distance to the subspace
        mahalanobis = (z**2 / kept).sum(dim=1) + outside / self.noise
        log_det = kept.log().sum() + (d - k) * self.noise.log()
        return -0.5 * (d * math.log(2 * math.pi) + log_det + mahalanobis)

    def draw(self, eps: Tensor) -> Tensor:
        """E[x|z] (B, d) for eps (B, k) from N(0, I): a draw from the Gaussian above without its σ²
        part, in the subspace.
        """
        return self.decode(
            eps * (self.eigenvalues[: len(self.axes)] - self.noise).clamp(min=0).sqrt()
        )

    def sample(
        self, n: int, *, noise: bool = True, generator: torch.Generator | None = None
    ) -> Tensor:
        """n draws (n, d) from the Gaussian above; `noise=False` leaves out the σ² part."""
        k, d = self.axes.shape
        x = self.draw(self.mean.new_empty(n, k).normal_(generator=generator))
        return (
            x + self.mean.new_empty(n, d).normal_(generator=generator) * self.noise.sqrt()
            if noise
            else x
        )


class Encoder(nn.Module):
    """Pictures (B, 1, 28, 28) in [0, 1] → codes (B, k). With n_classes it also takes their labels:
    forward(x, y).

    spatial: a code that keeps its place, k / 49 numbers for each of the 7×7 squares of 4×4 pixels;
    else all pixels meet. hidden: width of one more dense layer, if any.
    """

    def __init__(
        self,
        k: int,
        *,
        n_classes: int = 0,
        spatial: bool = False,
        width: int = 16,
        hidden: int = 0,
    ) -> None:
        super().__init__()
        self.n_classes = n_classes
        # 14×14, 7×7, 7×7.
        self.body = nn.Sequential(
            down(1, width), down(width, 2 * width), same(2 * width, 2 * width)
        )
        if spatial:
            self.head = nn.Sequential(
                nn.Conv2d(2 * width, _channels(k), 3, padding=1), nn.Flatten()
            )
        else:
            widths = [hidden] if hidden else []
            self.head = nn.Sequential(nn.Flatten(), *dense(2 * width * 49, *widths, k))
        if n_classes:
            self.label = nn.Embedding(n_classes, width)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        _check_labels(self, y)
        h = self.body[0](x)
        if y is not None:
            h = h + self.label(y)[:, :, None, None]  # the same for all places
        return self.head(self.body[1:](h))


class Decoder(nn.Module):
    """Codes (B, k) → logits (B, 1, 28, 28): a pixel's ink is the sigmoid of its logit. The mirror
    of `Encoder`, with sub-pixel convolutions (Shi et al. 2016).

    With n_classes it also takes labels: forward(z, y).
    spatial: the code has k / 49 numbers for each of 7×7 places, and no label.
    width: channels at 28×28 pixels; at 7×7 there are twice as many.
    hidden: width of two dense layers in front, if any. They warp the Gaussian, so that what lies
    between two kinds of digits takes little of it; convolutions alone hardly do.
    """

    def __init__(
        self,
        k: int,
        *,
        n_classes: int = 0,
        spatial: bool = False,
        width: int = 16,
        hidden: int = 0,
    ) -> None:
        super().__init__()
        if spatial and n_classes:
            raise ValueError(
                "a spatial code has no place for a label: use spatial=True or n_classes, not both"
            )
        self.n_classes = n_classes
        if spatial:
            self.head = nn.Sequential(
                nn.Unflatten(1, (_channels(k), 7, 7)), same(_channels(k), 2 * width)
            )
        else:
            widths = [hidden, hidden] if hidden else []
            first = dense(k + n_classes, *widths, 2 * width * 49)
            self.head = nn.Sequential(*first, nn.Unflatten(1, (2 * width, 7, 7)), nn.SiLU())
        self.body = nn.Sequential(same(2 * width, 2 * width), up(2 * width, width))  # 7×7, 14×14
        self.last = nn.Sequential(nn.Conv2d(width, 4, 3, padding=1), nn.PixelShuffle(2))  # 28×28

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        _check_labels(self, y)
        if y is not None:
            z = torch.cat([z, F.one_hot(y, self.n_classes).to(z)], dim=1)
        return self.last(self.body(self.head(z)))


class Discriminator(nn.Module):
    """Pictures (B, 1, 28, 28) in [0, 1] → logits (B,): above 0 for "real". With n_classes it also
    takes labels: forward(x, y).

    features: pictures → (B, 4 · width), the last hidden layer. A label adds the features' product
    with a vector of its own (Miyato & Koyama 2018). spectral: every layer is divided by its largest
    singular value (Miyato et al. 2018).
    width: channels after the first convolution.
    layer, judge: the way there in two steps, pictures → the second convolution's activations (B, 2
    · width, 7, 7) → logits; labels are for the second step.
    """

    def __init__(self, *, n_classes: int = 0, width: int = 16, spectral: bool = True) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.features = nn.Sequential(
            down(1, width, activation=leaky),
            down(width, 2 * width, activation=leaky),
            same(2 * width, 2 * width, activation=leaky),
            nn.Flatten(),
            nn.Linear(2 * width * 49, 4 * width),
            leaky(),
        )
        self.head = nn.Linear(4 * width, 1)
        if n_classes:
            self.label = nn.Embedding(n_classes, 4 * width)
        if spectral:
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
                    spectral_norm(layer)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.judge(self.layer(x), y)

    def layer(self, x: Tensor) -> Tensor:
        return self.features[:2](x)

    def judge(self, layer: Tensor, y: Tensor | None = None) -> Tensor:
        _check_labels(self, y)
        h = self.features[2:](layer)
        logits = self.head(h)[:, 0]
        return logits if y is None else logits + (self.label(y) * h).sum(dim=1)


def _check_labels(network: nn.Module, y: Tensor | None) -> None:
    if (y is not None) != bool(network.n_classes):
        expected = (
            f"for {network.n_classes} labels"
            if network.n_classes
            else "without labels (n_classes=0)"
        )
        raise ValueError(
            f"this {type(network).__name__} was made {expected}; it was called"
            f" {'with' if y is not None else 'without'} y"
        )


def _channels(k: int) -> int:
    if k % 49:
        raise ValueError(
            "a spatial code has k / 49 numbers at each of 7×7 places; expected a multiple of 49,"
            f" got k = {k}"
        )
    return k // 49


class AE(nn.Module):
    """Autoencoder: z = E(x), x̂ = D(z).

    E: pictures (B, 1, 28, 28) → codes (B, k). D: codes → logits (B, 1, 28, 28).
    forward: pictures → logits of their reconstructions.
    """

    def __init__(self, E: nn.Module, D: nn.Module) -> None:
        super().__init__()
        self.E, self.D = E, D

    def encode(self, x: Tensor) -> Tensor:
        """Codes (B, k)."""
        return self.E(x)

    def decode(self, z: Tensor) -> Tensor:
        """Pictures (B, 1, 28, 28) in [0, 1]."""
        return self.D(z).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.D(self.E(x))


class DrawingAE(AE):
    """An autoencoder with a Gaussian fitted to its codes of the training pictures, so that it can
    draw, after a fashion.
    """

    def __init__(self, E: nn.Module, D: nn.Module, k: int) -> None:
        super().__init__(E, D)
        self.register_buffer("mean", torch.zeros(k))
        self.register_buffer("root", torch.eye(k))  # L with L Lᵀ = the covariance of the codes

    @torch.no_grad()
    def fit_codes(self, x: Tensor) -> None:
        """Mean and covariance of the codes of pictures x (N, 1, 28, 28).

        Where the covariance has no root, as when all codes are the same in a dimension, every
        dimension gets a little more variance.
        """
        z = data.in_batches(self.encode, x)
        covariance = z.T.cov()
        root, failed = torch.linalg.cholesky_ex(covariance)
        if failed:
            least = 1e-6 * covariance.diagonal().max().clamp(min=1e-6)
            wider = covariance + least * torch.eye(len(root)).to(root)
            root = torch.linalg.cholesky(wider.cpu().double()).to(root)
        self.mean.copy_(z.mean(dim=0))
        self.root.copy_(root)

    def draw(self, eps: Tensor) -> Tensor:
        """Pictures (B, 1, 28, 28) in [0, 1] for eps (B, k) from N(0, I)."""
        return self.decode(self.mean + eps @ self.root.T)


def reparameterize(mu: Tensor, log_var: Tensor, eps: Tensor | None = None) -> Tensor:
    """z = μ + σ ε with σ = exp(½ log σ²): all (B, k). eps: standard normal noise, drawn here by
    default.
    """
    eps = torch.randn_like(mu) if eps is None else eps
    return mu + (0.5 * log_var).exp() * eps


class VAE(nn.Module):
    """Variational autoencoder (Kingma & Welling 2014): Q(z|x) = N(μ, σ²) from E, P(x|z) =
    Bernoulli(σ(logits)) from D.

    E: pictures (B, 1, 28, 28) → (B, 2k), μ and log σ². D: codes (B, k) → logits (B, 1, 28, 28).
    forward: pictures → logits of their reconstruction from one draw of z, μ (B, k), log σ² (B, k).
    Conditional if E and D take labels: then x or z comes with y (B,) everywhere.
    """

    def __init__(self, E: nn.Module, D: nn.Module) -> None:
        super().__init__()
        self.E, self.D = E, D

    def encode(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """μ and log σ² of Q(z|x): two tensors (B, k)."""
        mu, log_var = (self.E(x) if y is None else self.E(x, y)).chunk(2, dim=1)
        return mu, log_var

    def logits(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Logits (B, 1, 28, 28) of the pixels' probabilities."""
        return self.D(z) if y is None else self.D(z, y)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The probability of ink at every pixel, (B, 1, 28, 28): a mean picture, not a sample of
        P(x|z).
        """
        return self.logits(z, y).sigmoid()

    def forward(
        self, x: Tensor, y: Tensor | None = None, *, eps: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        mu, log_var = self.encode(x, y)
        return self.logits(reparameterize(mu, log_var, eps), y), mu, log_var


class Classifier(nn.Module):
    """A small convolutional digit classifier, with which the course measures.

    No lesson teaches its training; where no weights ship, `recipes.shipped` trains it.

    forward: (B, 1, 28, 28) in [0, 1] → logits (B, 10). `features`: → (B, 64), the penultimate
    layer.
    """

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            down(1, 24),
            same(24, 48),  # 14×14
            down(48, 80),
            same(80, 80),  # 7×7
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(9 * 80, 64),
            nn.SiLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(64, n_classes))

    def features(self, x: Tensor) -> Tensor:
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class PixelCNN(nn.Module):
    """An autoregressive model of black and white images (van den Oord et al. 2016).

    Its probability is exact: log P(x) = Σᵢ log P(xᵢ | pixels before i), row by row.

    forward: images (B, 1, H, W) → logits (B, 1, H, W); each depends on the pixels before it.
    """

    def __init__(self, channels: int = 16, layers: int = 6) -> None:
        super().__init__()
        self.first = MaskedConv(1, channels, 7, own=False)
        self.others = nn.ModuleList(
            MaskedConv(channels, channels, 3, own=True) for _ in range(layers - 2)
        )
        self.last = MaskedConv(channels, 1, 1, own=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        for layer in self.others:
            h = h + layer(F.silu(h))
        return self.last(F.silu(h))

    def log_prob(self, x: Tensor) -> Tensor:
        """Compute log P(x) of images (B, 1, H, W) of 0 and 1, in nats, (B,)."""
        return -F.binary_cross_entropy_with_logits(self(x), x, reduction="none").flatten(1).sum(1)

    @torch.no_grad()
    def draw(self, z: Tensor) -> Tensor:
        """Turn noise z (B, H · W) from N(0, I) into samples of P(x), pixel by pixel.

        A pixel is black where Φ(zᵢ) < P(xᵢ = 1 | pixels before i). Only the window that the pixel
        depends on is computed, not the whole image.

        Returns:
            Images (B, 1, H, W) of 0 and 1, H = W.
        """
        # How far the layers see together: 3 places by the first, 1 by each of those in between.
        size, reach = math.isqrt(z.shape[1]), 3 + len(self.others)
        u = torch.special.ndtr(z).view(-1, size, size)
        x = torch.zeros(len(z), 1, size, size, dtype=z.dtype, device=z.device)
        for row in range(size):
            for column in range(size):
                top, left = max(0, row - reach), max(0, column - reach)
                window = x[:, :, top : row + 1, left : column + reach + 1]
                p = self(window)[:, 0, -1, column - left].sigmoid()
                x[:, 0, row, column] = (u[:, row, column] < p).to(z.dtype)
        return x


class Velocity(nn.Module):
    """The velocity field of a flow through codes, for every label and for none.

    forward: places (B, k), times (B,) from 0 to 1 and labels (B,) → velocities (B, k). The label
    `nothing`, one above the real ones, stands for "no label".
    """

    def __init__(self, k: int, *, n_classes: int = 10, width: int = 256, blocks: int = 3) -> None:
        super().__init__()
        self.nothing = n_classes
        self.place, self.time = nn.Linear(k, width), nn.Linear(16, width)
        self.label = nn.Embedding(n_classes + 1, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width),
                nn.SiLU(), nn.Linear(width, width),
            )
            for _ in range(blocks)
        )  # fmt: skip
        self.out = nn.Sequential(nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, k))

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        angle = torch.pi * t[:, None] * torch.arange(1, 9, device=t.device)
        clock = torch.cat([angle.sin(), angle.cos()], dim=1)  # (B, 16)
        h = self.place(x) + self.time(clock) + self.label(y)
        for block in self.blocks:
            h = h + block(h)
        return self.out(h)


class LatentFlow(nn.Module):
    """A flow from noise to the codes of an autoencoder, and the decoder behind it.

    Rombach et al. 2022 do the same with larger networks ("latent diffusion").

    Args:
        ae: the autoencoder; it is not trained here.
        k: its latent dimension.
        guidance: the weight w of `flows.guided`; with 0 the label does not matter.
    """

    def __init__(self, ae: AE, k: int, *, guidance: float) -> None:
        super().__init__()
        self.ae, self.velocity = ae.requires_grad_(False), Velocity(k)
        self.guidance = guidance
        self.register_buffer("mean", torch.zeros(k))  # of the codes
        self.register_buffer("scale", torch.ones(k))

    def draw(self, z: Tensor, y: Tensor, *, steps: int = 20) -> Tensor:
        """Let noise z (B, k) flow to codes of the labels y (B,), and decode them.

        Returns:
            Images (B, 1, 28, 28) in [0, 1].
        """
        field = flows.guided(self.velocity, y, self.guidance, nothing=self.velocity.nothing)
        return self.ae.decode(flows.integrate(field, z, steps=steps)[-1] * self.scale + self.mean)


LATENT_DIM, LATENT_DIM_GAN = 24, 16  # of PCA and AE; of GAN and conditional GAN
# Of the VAEs that ship. Few: the codes of real digits fill the prior, and samples are digits. Many:
# reconstructions are near, and the bound is high.
LATENT_DIMS = {"vae": 8, "vae_bound": 24, "vae2": 2, "cvae": 8, "vae_gan": 16, "cvae_gan": 8}


def make_vae(k: int, *, n_classes: int = 0, width: int = 16, hidden: int = 128) -> VAE:
    """A convolutional VAE with k latent dimensions, conditional with n_classes."""
    return VAE(
        Encoder(2 * k, n_classes=n_classes, width=width, hidden=hidden),
        Decoder(k, n_classes=n_classes, width=width, hidden=hidden),
    )


def make_flow(*, guidance: float) -> LatentFlow:
    """A flow on the codes of the autoencoder that ships."""
    ae = AE(Encoder(LATENT_DIM), Decoder(LATENT_DIM))
    return LatentFlow(ae, LATENT_DIM, guidance=guidance)


SHIPPED: dict[str, Callable[[], nn.Module]] = {
    "classifier": Classifier,
    "pca": lambda: PCA(torch.zeros(784), torch.zeros(LATENT_DIM, 784), torch.zeros(784)),
    "ae": lambda: DrawingAE(Encoder(LATENT_DIM), Decoder(LATENT_DIM), LATENT_DIM),
    "vae": lambda: make_vae(LATENT_DIMS["vae"]),
    "vae_bound": lambda: make_vae(LATENT_DIMS["vae_bound"], width=24, hidden=0),
    "vae2": lambda: make_vae(LATENT_DIMS["vae2"]),
    # Dense layers would take the label and the style apart for each digit: strokes would lose their
    # thickness in style transfer.
    "cvae": lambda: make_vae(LATENT_DIMS["cvae"], n_classes=10, hidden=0),
    "gan": lambda: Decoder(LATENT_DIM_GAN),
    "cgan": lambda: Decoder(LATENT_DIM_GAN, n_classes=10),
    # Dense layers would bring its samples nearer, but its reconstructions farther from originals.
    "vae_gan": lambda: make_vae(LATENT_DIMS["vae_gan"], hidden=0),
    "cvae_gan": lambda: make_vae(LATENT_DIMS["cvae_gan"], n_classes=10),
    "pixel_cnn": PixelCNN,
    "latent_flow": lambda: make_flow(guidance=0.0),
    "latent_flow_label": lambda: make_flow(guidance=1.5),
}
