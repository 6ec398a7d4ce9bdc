"""How every model that ships is made, and what it can do: one `Recipe` each."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from course_utils import data, metrics, models, runtime, scoreboard, weights
from course_utils.models import LATENT_DIM
from course_utils.objectives import (
    discriminator_loss,
    feature_distance,
    flow_matching,
    generator_loss,
    kl,
    reconstruction,
)
from course_utils.training import Objective, Player, Watcher, distributed, play


@dataclass(frozen=True)
class Recipe:
    """How one of the models `models.SHIPPED` is trained, and what it can do.

    players: (module, steps) → the players of `training.play`; none where `finish` does it all.
    batches: (module, training data, batch size, seed) → what they are trained on.
    keep: (module, players) → the module whose weights are written.
    finish: (module, training data) → None, after training.
    draw: (module, z, y) → images (B, 1, 28, 28) in [0, 1], for z (B, latent_dim) from N(0, I) and
    labels y (B,).
    note: about these images.
    reconstruct: (module, x, y) → images like x (B, 1, 28, 28).
    weights: (module, y) → `encode` and `logits` for `metrics.log_weights`.
    log_prob: (module, x) → log P(x) of black and white images, (B,), in nats, where it is exact.
    latent_dim: the length of z. conditional: whether `draw` takes the label into account.
    steps, batch_size: of training. steps_if_small: steps on a set of fewer than 5,000 images.
    report: (module, test data) → a line to print.
    """

    players: Callable[[nn.Module, int], dict[str, Player]] = lambda module, steps: {}
    batches: Callable[[nn.Module, data.Images, int, int], Iterator] = (
        lambda module, train, batch_size, seed: data.batches(train, batch_size, seed=seed)
    )
    keep: Callable[[nn.Module, Mapping[str, Player]], nn.Module] = lambda module, players: module
    finish: Callable[[nn.Module, data.Images], None] = lambda module, train: None
    draw: Callable[[nn.Module, Tensor, Tensor], Tensor] | None = None
    note: str = ""
    reconstruct: Callable[[nn.Module, Tensor, Tensor], Tensor] | None = None
    weights: Callable[[nn.Module, Tensor], tuple[Callable, Callable]] | None = None
    log_prob: Callable[[nn.Module, Tensor], Tensor] | None = None
    latent_dim: int = LATENT_DIM
    conditional: bool = False
    steps: int = 2500
    batch_size: int = 32
    steps_if_small: int | None = None
    report: Callable[[nn.Module, data.Images], str] = lambda module, test: ""

    def steps_for(self, images: data.Images) -> int:
        return self.steps_if_small if self.steps_if_small and len(images) < 5000 else self.steps


class Resumed(Watcher, Protocol):
    """Where an interrupted training goes on.

    done: steps already taken. skip: batches → those after them.
    """

    done: int

    def skip(self, batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]: ...


def make(
    name: str,
    images: data.Images,
    *,
    seed: int = 0,
    steps: int | None = None,
    resume: Callable[[dict[str, Player]], Resumed] | None = None,
) -> nn.Module | None:
    """One of the models `models.SHIPPED`, trained on `images` by its recipe, in evaluation mode.

    A training that breaks off says so, and what it has learned is returned. resume: puts the
    players where an earlier training left them, and watches; then a training that breaks off gives
    None, for it can go on from there.
    """
    recipe = RECIPES[name]
    if steps is None:
        steps = recipe.steps_for(images)
    runtime.seed_everything(seed)
    module = models.SHIPPED[name]().to(images.device)
    players = recipe.players(module, steps)
    # Before `resume`, also where no step is left: a latent flow gets its autoencoder here, and that
    # draws random numbers.
    batches = recipe.batches(module, images, recipe.batch_size, seed) if players else iter(())
    before = resume(players) if resume else None
    left = steps - (before.done if before else 0)
    if players and left:
        distributed.own_noise(seed + steps - left)
        history = play(
            players, distributed.share(before.skip(batches) if before else batches), left,
            watch=[before] if before else (), label=f"{name}, {images.name}",
        )  # fmt: skip
        if before and len(history) < left:
            return None
    module = recipe.keep(module, players).eval()
    recipe.finish(module, images)
    return module


def shipped(name: str, images: data.Images, *, steps: int | None = None) -> nn.Module:
    """One of the models `models.SHIPPED` with the weights that come with the course, or trained on
    `images` where none come with it for this data set; its parameters are frozen.

    steps: of that training; default: the recipe's.
    """
    module = weights.pretrained_or_none(name, images.name, device=images.device)
    if module is None:
        print("So it is trained here.")
        with torch.random.fork_rng():  # the caller's random numbers stay those of its own seed
            module = make(name, images, steps=steps)
    assert module is not None  # only a training that can be resumed gives None
    return module.requires_grad_(False)


def score(
    name: str, module: nn.Module, real: scoreboard.Real, *, samples: int = 50, max_items: int = 1000
) -> dict[str, float]:
    """`scoreboard.score` of one of the models that ship. samples: codes per picture for the bound.
    max_items: as there.

    The bound is on log p(x) for all of them, with equal probability for the ten labels.
    """
    recipe, device = RECIPES[name], real.test.device
    latent, noise = Generator().manual_seed(0), Generator(device).manual_seed(1)

    def sample(y: Tensor) -> Tensor:
        return recipe.draw(
            module, torch.randn(len(y), recipe.latent_dim, generator=latent).to(device), y
        )

    def reconstruct(x: Tensor, y: Tensor) -> Tensor:
        return recipe.reconstruct(module, x, y)

    def bound(x: Tensor, y: Tensor) -> Tensor:
        if recipe.log_prob:
            return recipe.log_prob(module, x)
        given = metrics.iw_bound(
            metrics.log_weights(*recipe.weights(module, y), generator=noise), x, samples=samples
        )
        # log p(x) ≥ log p(x, y) = log p(x|y) + log 1/10.
        return given - math.log(10) if recipe.conditional else given

    return scoreboard.score(
        real,
        sample,
        conditional=recipe.conditional,
        max_items=max_items,
        reconstruct=reconstruct if recipe.reconstruct else None,
        bound=bound if recipe.weights or recipe.log_prob else None,
    )


# What the networks want


def adam(
    network: nn.Module, lr: float, *, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=lr, betas=betas, fused=True)


def single_player(
    network: nn.Module, objective: Objective, steps: int, lr: float
) -> dict[str, Player]:
    """One player, whose learning rate rises for a tenth of the steps and falls for the rest (Smith
    & Topin 2019).

    With ten steps or fewer there is no tenth, and the rate stays.
    """
    optimizer = adam(network, lr)
    one_cycle = OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1) if steps > 10 else None
    return {"": Player(network, objective, optimizer, one_cycle)}


def elbo_players(
    vae: models.VAE, steps: int, *, lr: float = 6e-3, warm_up: float = 0.0
) -> dict[str, Player]:
    """Lessons 05 and 06: minus the ELBO, with labels where the networks take them.

    warm_up: share of the steps in which β, the weight of the KL, rises to 1 (Sønderby et al. 2016):
    without it some latent dimensions may never come into use.
    """

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        x = torch.bernoulli(x)  # fresh black and white at every step
        logits, mu, log_var = vae(x, given(vae, y))
        parts = {"reconstruction": reconstruction(logits, x), "kl": kl(mu, log_var)}
        return {"loss": parts["reconstruction"] + beta() * parts["kl"], **parts}

    def beta() -> float:
        schedule = players[""].schedule  # it knows the step, after a break, too
        if schedule is None or not warm_up:
            return 1.0
        return min(1.0, (schedule.last_epoch + 1) / (warm_up * steps))

    players = single_player(vae, objective, steps, lr)
    return players


def autoencoder_players(ae: models.AE, steps: int) -> dict[str, Player]:
    return single_player(ae, lambda x, y: {"loss": reconstruction(ae(x), x)}, steps, 6e-3)


def adversarial_player(
    network: nn.Module, objective: Objective, steps: int, lr: float, *, ema: float | None = None
) -> Player:
    """One player of several: no momentum, a rate that falls in the second half, with `ema` an
    average of its weights.
    """
    optimizer = adam(network, lr, betas=(0.0, 0.9))
    falling = LambdaLR(optimizer, lambda step: min(1.0, 2 - 2 * step / steps))
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(ema)) if ema else None
    return Player(network, objective, optimizer, falling, average)


def gan_players(G: models.Decoder, steps: int) -> dict[str, Player]:
    """Lessons 07 and 08."""
    device = next(G.parameters()).device
    D = models.Discriminator(n_classes=G.n_classes).to(device)

    def condition(y: Tensor) -> Tensor | None:
        return y if G.n_classes else None

    def generated(y: Tensor) -> Tensor:
        return G(torch.randn(len(y), models.LATENT_DIM_GAN, device=device), condition(y)).sigmoid()

    def discriminator_objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {
            "loss": discriminator_loss(D(x, condition(y)), D(generated(y).detach(), condition(y)))
        }

    def generator_objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": generator_loss(D(generated(y), condition(y)))}

    return {
        "D": adversarial_player(D, discriminator_objective, steps, 6e-3),
        "G": adversarial_player(G, generator_objective, steps, 6e-3, ema=0.995),
    }


# Of the VAE/GAN: s² of the Gaussian in the discriminator's layer; γ, the weight of the
# reconstructions for the decoder; learning rates (a faster encoder now and then lets log σ²
# explode); the discriminator's width, for one as wide as the decoder tells too little apart; the
# largest log σ².
NOISE, GAMMA, RATES = 0.03, 0.001, {"Dis": 8e-3, "E": 3e-3, "D": 5e-3}
DISCRIMINATOR_WIDTH, WIDEST = 24, 2.0


# Three losses that share the networks, the labels and s²: apart, each would need them all again.
def vae_gan_players(
    vae: models.VAE,
    steps: int,
    *,
    noise: float = NOISE,
    gamma: float = GAMMA,
    rates: Mapping[str, float] = RATES,
    pixels: float = 0.0,
) -> dict[str, Player]:
    """Lesson 09 (Larsen et al. 2016, algorithm 1), with labels where the networks take them.

    noise: s². gamma: γ. rates: learning rates. pixels: weight of the pixels' cross-entropy in the
    encoder's loss, beside the distance in the layer.
    """
    device, n_classes = next(vae.parameters()).device, vae.D.n_classes
    Dis = models.Discriminator(n_classes=n_classes, width=DISCRIMINATOR_WIDTH).to(device)

    def condition(y: Tensor, times: int = 1) -> Tensor | None:
        return y.repeat(times) if n_classes else None

    def code(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, log_var = vae.encode(x, condition(y))
        # A posterior as wide as the prior has log σ² = 0, and no loss asks for a wider one. But now
        # and then one image's log σ² runs away, and its e^15 would end the training. So no sample
        # and no loss sees more than `WIDEST`; the gradient passes, and brings log σ² back.
        log_var = log_var + (log_var.clamp(max=WIDEST) - log_var).detach()
        return models.reparameterize(mu, log_var), mu, log_var

    def generated(x: Tensor, y: Tensor) -> Tensor:
        """Reconstructions of x, then as many samples of z from N(0, I), with the same labels.

        With labels the last quarter of these takes its style from another image instead: so the
        game also trains what style transfer asks for.
        """
        z = code(x, y)[0]
        other, most = torch.randn_like(z), len(z) * 3 // 4
        if n_classes:
            other = torch.cat([other[:most], z.roll(1, 0)[most:]])
        return vae.decode(torch.cat([z, other]), condition(y, 2))

    def discriminator_objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        logits = Dis(torch.cat([x, generated(x, y).detach()]), condition(y, 3))
        return {"loss": discriminator_loss(*logits.split([len(x), 2 * len(x)]))}

    def encoder_objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        z, mu, log_var = code(x, y)
        logits = vae.logits(z, condition(y))
        h_hat, h = Dis.layer(torch.cat([logits.sigmoid(), x])).chunk(2)
        parts = {"distance": feature_distance(h_hat, h, variance=noise), "kl": kl(mu, log_var)}
        if pixels:
            parts["pixels"] = pixels * reconstruction(logits, x)
        return {"loss": torch.stack([*parts.values()]).sum(), **parts}

    def decoder_objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        h = Dis.layer(torch.cat([generated(x, y), x]))
        distance = feature_distance(h[: len(x)], h[2 * len(x) :], variance=noise)
        fooled = generator_loss(Dis.judge(h[: 2 * len(x)], condition(y, 2)))
        return {"loss": gamma * distance + fooled}

    return {
        "Dis": adversarial_player(Dis, discriminator_objective, steps, rates["Dis"]),
        "E": adversarial_player(vae.E, encoder_objective, steps, rates["E"], ema=0.995),
        "D": adversarial_player(vae.D, decoder_objective, steps, rates["D"], ema=0.995),
    }


# The classifier the course measures with


def jitter(x: Tensor) -> Tensor:
    """Each image (B, 1, H, W) turned by up to 10°, scaled by up to 10 %, moved by up to 2 of 28
    pixels.
    """
    turn, scale, right, down = (torch.rand(4, len(x), device=x.device) * 2 - 1).unbind()
    turn, scale = turn * torch.pi / 18, 1 + 0.1 * scale
    cos, sin = turn.cos() * scale, turn.sin() * scale
    theta = torch.stack([cos, -sin, right / 7, sin, cos, down / 7], dim=1).view(-1, 2, 3)
    return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def classifier_players(net: models.Classifier, steps: int) -> dict[str, Player]:
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2, fused=True)
    schedule = OneCycleLR(optimizer, max_lr=4e-3, total_steps=max(2, steps))

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(net(jitter(x)), y, label_smoothing=0.02)}

    return {"": Player(net, objective, optimizer, schedule)}


def classifier_report(net: nn.Module, test: data.Images) -> str:
    """Its accuracy with the weights as they are written: this rounds them to float16."""
    return f"{metrics.accuracy(net.half().float(), test.x, test.y):.2%} of {len(test)} test images"


# Of the latent flow: the share of labels that are left out in training, so that one network knows
# the field of every label and that of none.
WITHOUT_LABEL = 0.15


def codes_and_labels(
    flow: models.LatentFlow, train: data.Images, batch_size: int, seed: int
) -> Iterator[tuple[Tensor, ...]]:
    """Put the autoencoder that ships into the flow, or a new one; return batches of its codes.

    The codes are computed once, since the autoencoder does not change.
    """
    ae = cast(models.DrawingAE, shipped("ae", train))
    flow.ae.E.load_state_dict(ae.E.state_dict())
    flow.ae.D.load_state_dict(ae.D.state_dict())
    z = data.in_batches(flow.ae.encode, train.x)
    flow.mean.copy_(z.mean(dim=0))
    flow.scale.copy_(z.std(dim=0).clamp(min=1e-6))  # codes may be the same in a dimension
    return data.shuffled(((z - flow.mean) / flow.scale, train.y), batch_size, seed=seed)


def flow_players(flow: models.LatentFlow, steps: int) -> dict[str, Player]:
    """Lesson 10: flow matching on codes."""

    def objective(x1: Tensor, y: Tensor) -> dict[str, Tensor]:
        x0, t = torch.randn_like(x1), torch.rand(len(x1), device=x1.device)
        share = WITHOUT_LABEL if flow.guidance else 1.0
        without = torch.rand(len(y), device=y.device) < share
        y = torch.where(without, flow.velocity.nothing, y)
        return {"loss": flow_matching(flow.velocity, x0, x1, t, y)}

    player = single_player(flow.velocity, objective, steps, 2e-3)[""]
    average = AveragedModel(flow.velocity, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    return {"": dataclasses.replace(player, average=average)}


def pixel_players(model: models.PixelCNN, steps: int) -> dict[str, Player]:
    """Lesson 10: −log P(x) of images that are made black and white anew in every step."""

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": -model.log_prob(torch.bernoulli(x)).mean()}

    return single_player(model, objective, steps, 5e-3)


def averaged_flow(flow: models.LatentFlow, players: Mapping[str, Player]) -> models.LatentFlow:
    flow.velocity.load_state_dict(players[""].average.module.state_dict())
    return flow


# What a VAE can do

MEANS = "decoder means, not samples of P(x|z)"


def given(vae: models.VAE, y: Tensor) -> Tensor | None:
    """The labels for networks that take them."""
    return y if vae.D.n_classes else None


def vae_recipe(
    name: str,
    players: Callable,
    *,
    steps: int,
    conditional: bool = False,
    adversarial: bool = False,
) -> Recipe:
    """Of a VAE or, if `adversarial`, a VAE/GAN.

    A VAE/GAN keeps its averaged weights, and has no bound: its likelihood is not that of pixels.
    """
    if adversarial:
        own: dict = {"keep": averaged_vae}
    else:
        own = {"weights": log_weights_of, "note": MEANS}
    return Recipe(
        players,
        draw=lambda vae, z, y: vae.decode(z, given(vae, y)),
        reconstruct=lambda vae, x, y: vae.decode(vae.encode(x, given(vae, y))[0], given(vae, y)),
        latent_dim=models.LATENT_DIMS[name],
        conditional=conditional,
        steps=steps,
        steps_if_small=min(steps, 2000),
        **own,
    )


def averaged_vae(vae: models.VAE, players: Mapping[str, Player]) -> models.VAE:
    return models.VAE(*(players[name].average.module for name in "ED"))


def log_weights_of(vae: models.VAE, y: Tensor) -> tuple[Callable, Callable]:
    """`Recipe.weights` of a VAE."""
    return lambda x: vae.encode(x, given(vae, y)), lambda z: vae.logits(z, given(vae, y))


RECIPES: dict[str, Recipe] = {
    "classifier": Recipe(
        classifier_players,
        report=classifier_report,
        steps=3000, steps_if_small=1500, batch_size=128,
    ),
    "pca": Recipe(
        finish=lambda pca, train: pca.load_state_dict(
            models.PCA.fit(train.x.flatten(1), LATENT_DIM).state_dict()
        ),
        draw=lambda pca, z, y: pca.draw(z).clamp(0, 1).view(-1, 1, 28, 28),
        note="means of probabilistic PCA, without its noise",
        reconstruct=lambda pca, x, y: pca.decode(pca.encode(x.flatten(1))).clamp(0, 1).view_as(x),
    ),
    "ae": Recipe(
        autoencoder_players,
        finish=lambda ae, train: ae.fit_codes(train.x),
        draw=lambda ae, z, y: ae.draw(z),
        note="from a Gaussian fitted to the codes",
        reconstruct=lambda ae, x, y: ae.decode(ae.encode(x)),
    ),
    "vae": vae_recipe("vae", partial(elbo_players, lr=4e-3), steps=10_000),
    "vae_bound": vae_recipe("vae_bound", partial(elbo_players, lr=4e-3), steps=10_000),
    "vae2": vae_recipe("vae2", partial(elbo_players, lr=4e-3), steps=10_000),
    "cvae": vae_recipe("cvae", partial(elbo_players, lr=5e-3), steps=12_000, conditional=True),
    "gan": Recipe(
        gan_players,
        keep=lambda G, players: players["G"].average.module,
        draw=lambda G, z, y: G(z).sigmoid(),
        latent_dim=models.LATENT_DIM_GAN, steps=2000, batch_size=64,
    ),
    "cgan": Recipe(
        gan_players,
        keep=lambda G, players: players["G"].average.module,
        draw=lambda G, z, y: G(z, y).sigmoid(),
        latent_dim=models.LATENT_DIM_GAN, conditional=True, steps=2000, batch_size=64,
    ),
    "vae_gan": vae_recipe("vae_gan", vae_gan_players, steps=2400, adversarial=True),
    # With the pixels, for the layer alone hardly sees how thick a stroke is, and style transfer has
    # to keep it.
    "cvae_gan": vae_recipe(
        "cvae_gan", partial(vae_gan_players, noise=0.1, pixels=0.2), steps=2000,
        conditional=True, adversarial=True,
    ),
    "pixel_cnn": Recipe(
        pixel_players,
        draw=lambda model, z, y: model.draw(z),
        note="samples of black and white images",
        log_prob=lambda model, x: model.log_prob(x),
        latent_dim=784, steps=2500, steps_if_small=1500,
    ),
    **{
        name: Recipe(
            flow_players,
            batches=codes_and_labels,
            keep=averaged_flow,
            draw=lambda flow, z, y: flow.draw(z, y),
            note="decoder means of codes from a flow",
            conditional=name.endswith("label"),
            steps=3000, steps_if_small=2000, batch_size=512,
        )
        for name in ("latent_flow", "latent_flow_label")
    },
}  # fmt: skip
