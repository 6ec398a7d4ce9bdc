"""The recipe of every model: `python -m course_utils train NAME`, and `sample NAME` from the weights it writes."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from course_utils import data, files, metrics, models, runtime
from course_utils.objectives import discriminator_loss, generator_loss, kl, reconstruction
from course_utils.runtime import setting
from course_utils.teaching.checkpoints import Checkpoint, Refused
from course_utils.training import Objective, Player, play

K, K_GAN = 24, 16  # numbers in the code of AE, VAE and cVAE; of GAN and cGAN
Networks = dict[str, nn.Module]


@dataclass(frozen=True)
class Recipe:
    """How one model is made, and how it draws.

    networks: () → what is trained, by name, on the CPU. players: (networks, steps) → the players of `training.play`.
    keep: (networks, players) → the module whose weights are written; default: the network called "model".
    draw: (module, z, y) → pictures (B, 1, 28, 28) in [0, 1]; z (B, k) is drawn from N(0, I).
    k: numbers in z. labelled: whether y matters. steps, size: of training, of a batch; few: steps on a small data set.
    finish: (module, training data) → None, after training. report: (module, test data) → a line to print.
    says: about the pictures that `draw` gives.
    """

    networks: Callable[[], Networks]
    players: Callable[[Networks, int], dict[str, Player]]
    keep: Callable[[Networks, Mapping[str, Player]], nn.Module] = lambda networks, players: networks["model"]
    draw: Callable[[nn.Module, Tensor, Tensor], Tensor] | None = None
    k: int = K
    labelled: bool = False
    steps: int = 2500
    size: int = 32
    few: int | None = None
    finish: Callable[[nn.Module, data.Images], None] = lambda module, train: None
    report: Callable[[nn.Module, data.Images], str] = lambda module, test: ""
    says: str = ""


def train(name: str, dataset: str = "auto", *, seed: int = 0, out: Path | None = None, steps: int | None = None) -> Path:
    """Train a model, write its weights (float16 safetensors) and return their path.

    While it trains, a checkpoint lies beside them; the same call goes on from there, with the weights of an unbroken run.
    Raises Refused if that file belongs to another run, or steps is below 1; SystemExit if training does not reach its end.
    """
    recipe = RECIPES[name]
    if steps is not None and steps < 1:
        raise Refused(f"expected at least one step, got --steps {steps}")
    device = runtime.pick_device()
    images = data.load(dataset, "train", device=device)
    steps = steps or (recipe.few if recipe.few and len(images) < 5000 else recipe.steps)
    path = out or models.WEIGHTS / f"{name}_{images.name}.safetensors"
    runtime.seed_everything(seed)
    networks = recipe.networks()
    for network in networks.values():
        network.to(device)
    players = recipe.players(networks, steps)
    run = {"model": name, "data": images.name, "images": str(len(images)), "seed": str(seed), "steps": str(steps)}
    checkpoint = Checkpoint(path.with_suffix(".checkpoint"), players, run)
    checkpoint.resume()
    if checkpoint.done:
        print(f"Going on after step {checkpoint.done} of {steps}, from {checkpoint.path}")
    if players and checkpoint.done < steps:
        batches = checkpoint.skip(data.batches(images, recipe.size, seed=seed))
        history = play(players, batches, steps - checkpoint.done, watch=[checkpoint], label=f"{name}, {images.name}")
        if len(history) < steps - checkpoint.done:
            again = f"The same command goes on from {checkpoint.path}." if checkpoint.path.exists() else "Nothing was written."
            raise SystemExit(f"Training did not reach its end. {again}")
    module = recipe.keep(networks, players).eval()
    recipe.finish(module, images)
    seconds = checkpoint.stop_clock()
    said = recipe.report(module, data.load(images.name, "test", device=device))
    models.save_weights(module, path, {**run, "seconds": f"{seconds:.0f}", **({"report": said} if said else {})})
    checkpoint.path.unlink(missing_ok=True)
    told = [f"{steps} steps in {seconds:.0f} s"] * bool(players) + [said] * bool(said)
    print(f"{name}, {images.name}: {'; '.join([*told, f'{path} ({path.stat().st_size / 1e6:.2f} MB)'])}")
    return path


def sample(name: str, n: int, *, seed: int = 0, out: Path, weights: Path | None = None) -> None:
    """Draw n pictures and write them: `images` uint8 (n, 28, 28), and for conditional models balanced `labels` int64 (n,).

    Raises Refused for a model that does not draw, n below 1, or without weights of this model.
    """
    recipe = RECIPES[name]
    if recipe.draw is None or n < 1:
        raise Refused(f"expected a model that draws and at least one picture, got {name} and -n {n}")
    module = load(name, weights or _shipped(name)).to(runtime.pick_device())
    device = next(iter(module.state_dict().values())).device
    generator = Generator().manual_seed(seed)
    y = torch.arange(10).repeat(-(-n // 10))[:n]
    with torch.no_grad():
        pieces = [
            recipe.draw(module, torch.randn(len(part), recipe.k, generator=generator).to(device), part.to(device))
            for part in y.split(500)
        ]
    pixels = (torch.cat(pieces)[:, 0].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    content = io.BytesIO()
    np.savez_compressed(content, images=pixels, **({"labels": y.numpy()} if recipe.labelled else {}))
    files.write(out, content.getvalue())
    print(f"{n} pictures by {name} in {out}{recipe.says and f' ({recipe.says})'}")


def load(name: str, path: Path) -> nn.Module:
    """The module that `train` wrote, in evaluation mode. Raises Refused if it is not there or another model's."""
    if not path.is_file():
        raise Refused(f"{path} is not there. Make it: python -m course_utils train {name} --out {path}")
    with safe_open(path, framework="pt") as file:
        about = file.metadata() or {}
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    if about.get("model") != name:
        raise Refused(f"{path}: expected weights of {name}, got those of {about.get('model', 'an unknown model')}")
    networks = RECIPES[name].networks()
    module = RECIPES[name].keep(networks, RECIPES[name].players(networks, 1))
    module.load_state_dict({key: t.float() if t.is_floating_point() else t for key, t in state.items()})
    return module.eval()


def _shipped(name: str) -> Path:
    dataset = setting("COURSE_DATASET", "auto")
    for candidate in ("mnist", "digits") if dataset == "auto" else (dataset,):
        path = models.WEIGHTS / f"{name}_{candidate}.safetensors"
        if path.exists():
            return path
    raise Refused(
        f"no weights of {name} for {dataset}. Make them: python -m course_utils train {name}, or name a file with --weights"
    )


# What the networks want


def adam(network: nn.Module, lr: float, *, betas: tuple[float, float] = (0.9, 0.999)) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=lr, betas=betas, fused=True)


def alone(network: nn.Module, objective: Objective, steps: int, lr: float) -> dict[str, Player]:
    """One player, whose learning rate rises for a tenth of the steps and falls for the rest (Smith & Topin 2019)."""
    optimizer = adam(network, lr)
    one_cycle = OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1) if steps > 1 else None
    return {"": Player(network, objective, optimizer, one_cycle)}


def elbo_players(networks: Networks, steps: int, *, labelled: bool) -> dict[str, Player]:
    model = networks["model"]

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        x = torch.bernoulli(x)  # fresh black and white at every step
        logits, mu, log_var = model(x, y if labelled else None)
        parts = {"reconstruction": reconstruction(logits, x), "kl": kl(mu, log_var)}
        return {"loss": sum(parts.values()), **parts}

    return alone(model, objective, steps, 6e-3)


def autoencoder_players(networks: Networks, steps: int) -> dict[str, Player]:
    ae = networks["model"].ae
    return alone(ae, lambda x, y: {"loss": reconstruction(ae(x), x)}, steps, 6e-3)


def gan_players(networks: Networks, steps: int, *, labelled: bool) -> dict[str, Player]:
    """Lessons 07 and 08: no momentum, rates that fall in the second half, an average of the generator."""
    G, D = networks["G"], networks["D"]

    def made(y: Tensor) -> Tensor:
        z = torch.randn(len(y), K_GAN, device=y.device)
        return G(z, y if labelled else None).sigmoid()

    def judge(x: Tensor, y: Tensor) -> Tensor:
        return D(x, y if labelled else None)

    def tell_apart(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": discriminator_loss(judge(x, y), judge(made(y).detach(), y))}

    def fool(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": generator_loss(judge(made(y), y))}

    optimizers = [adam(network, 6e-3, betas=(0.0, 0.9)) for network in (D, G)]
    falling = [LambdaLR(optimizer, lambda step: min(1.0, 2 - 2 * step / steps)) for optimizer in optimizers]
    mean = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    return {"D": Player(D, tell_apart, optimizers[0], falling[0]), "G": Player(G, fool, optimizers[1], falling[1], mean)}


def averaged(networks: Networks, players: Mapping[str, Player]) -> nn.Module:
    return players["G"].average.module


def autoencoder_of(kind: type[nn.Module], *, numbers: int, n_classes: int = 0) -> nn.Module:
    """An AE or VAE of the course's convolutions, with K numbers in its code and `numbers` at the encoder's end."""
    return kind(models.Encoder(numbers, n_classes=n_classes), models.Decoder(K, n_classes=n_classes))


class DrawingAE(nn.Module):
    """An autoencoder with a Gaussian fitted to the codes of its training pictures, so that it can draw, after a fashion."""

    def __init__(self) -> None:
        super().__init__()
        self.ae = autoencoder_of(models.AE, numbers=K)
        self.register_buffer("mean", torch.zeros(K))
        self.register_buffer("root", torch.eye(K))  # L with L Lᵀ = the covariance

    @torch.no_grad()
    def fit_codes(self, train: data.Images) -> None:
        z = torch.cat([self.ae.encode(pixels / 255) for pixels in train.pixels.split(1000)])
        self.mean.copy_(z.mean(dim=0))
        self.root.copy_(torch.linalg.cholesky(z.T.cov()))

    def decode(self, z: Tensor) -> Tensor:
        return self.ae.decode(self.mean + z @ self.root.T)


class PCAModule(nn.Module):
    """A `models.PCA` as a module, so that it is written and read like the others."""

    def __init__(self) -> None:
        super().__init__()
        for name, shape in (("mean", (784,)), ("axes", (K, 784)), ("eigenvalues", (784,))):
            self.register_buffer(name, torch.zeros(shape))

    def fit(self, train: data.Images) -> None:
        fitted = models.PCA.fit(train.x.flatten(1), K)
        for name in ("mean", "axes", "eigenvalues"):
            getattr(self, name).copy_(getattr(fitted, name))

    def decode(self, z: Tensor) -> Tensor:
        """The mean picture of probabilistic PCA for z from N(0, I); ink outside [0, 1] is cut off."""
        pca = models.PCA(self.mean, self.axes, self.eigenvalues)
        spread = (pca.eigenvalues[:K] - pca.noise).clamp(min=0).sqrt()
        return pca.decode(z * spread).clamp(0, 1).view(-1, 1, 28, 28)


# The classifier the course measures with


def jitter(x: Tensor) -> Tensor:
    """Each image (B, 1, H, W) turned by up to 10°, scaled by up to 10 %, moved by up to 2 of 28 pixels."""
    turn, scale, right, down = (torch.rand(4, len(x), device=x.device) * 2 - 1).unbind()
    turn, scale = turn * torch.pi / 18, 1 + 0.1 * scale
    cos, sin = turn.cos() * scale, turn.sin() * scale
    theta = torch.stack([cos, -sin, right / 7, sin, cos, down / 7], dim=1).view(-1, 2, 3)
    return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def classifier_players(networks: Networks, steps: int) -> dict[str, Player]:
    net = networks["model"]
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2, fused=True)
    schedule = OneCycleLR(optimizer, max_lr=4e-3, total_steps=max(2, steps))

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(net(jitter(x)), y, label_smoothing=0.02)}

    return {"": Player(net, objective, optimizer, schedule)}


def classifier_report(net: nn.Module, test: data.Images) -> str:
    """Its accuracy with the weights as they are written: this rounds them to float16."""
    return f"{metrics.accuracy(net.half().float(), test.x, test.y):.2%} of {len(test)} test images"


MEANS = "decoder means, not samples of P(x|z)"
RECIPES: dict[str, Recipe] = {
    "classifier": Recipe(
        networks=lambda: {"model": models.Classifier()},
        players=classifier_players,
        report=classifier_report,
        steps=3000, few=1500, size=128,
    ),
    "pca": Recipe(
        networks=lambda: {"model": PCAModule()},
        players=lambda networks, steps: {},
        finish=PCAModule.fit,
        draw=lambda module, z, y: module.decode(z),
        says="means of probabilistic PCA, without its noise",
    ),
    "ae": Recipe(
        networks=lambda: {"model": DrawingAE()},
        players=autoencoder_players,
        finish=DrawingAE.fit_codes,
        draw=lambda module, z, y: module.decode(z),
        says="from a Gaussian fitted to the codes",
    ),
    "vae": Recipe(
        networks=lambda: {"model": autoencoder_of(models.VAE, numbers=2 * K)},
        players=lambda networks, steps: elbo_players(networks, steps, labelled=False),
        draw=lambda module, z, y: module.decode(z),
        says=MEANS,
    ),
    "cvae": Recipe(
        networks=lambda: {"model": autoencoder_of(models.VAE, numbers=2 * K, n_classes=10)},
        players=lambda networks, steps: elbo_players(networks, steps, labelled=True),
        draw=lambda module, z, y: module.decode(z, y),
        labelled=True,
        says=MEANS,
    ),
    "gan": Recipe(
        networks=lambda: {"G": models.Decoder(K_GAN), "D": models.Discriminator()},
        players=lambda networks, steps: gan_players(networks, steps, labelled=False),
        keep=averaged,
        draw=lambda module, z, y: module(z).sigmoid(),
        k=K_GAN, steps=2000, size=64,
    ),
    "cgan": Recipe(
        networks=lambda: {"G": models.Decoder(K_GAN, n_classes=10), "D": models.Discriminator(n_classes=10)},
        players=lambda networks, steps: gan_players(networks, steps, labelled=True),
        keep=averaged,
        draw=lambda module, z, y: module(z, y).sigmoid(),
        k=K_GAN, labelled=True, steps=2000, size=64,
    ),
}  # fmt: skip
