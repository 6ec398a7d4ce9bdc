"""Two players: each gradient is that of the player's own loss alone."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.autograd import grad
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from course_utils import models, objectives, recipes, training
from course_utils.layers import dense, leaky


def networks(seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    return dense(2, 8, 1, activation=leaky), dense(3, 8, 2)


def stream(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        # x, and z in place of labels.
        yield (
            torch.randn(16, 2, generator=generator),
            torch.randn(16, 3, generator=generator),
        )


def losses(D, G):
    """The two objectives, functions of the batch alone."""
    return (
        lambda x, z: {"loss": objectives.discriminator_loss(D(x), D(G(z).detach()))},
        lambda x, z: {"loss": objectives.generator_loss(D(G(z)))},
    )


def descent(D, G, lr: float = 0.5) -> dict[str, training.Player]:
    """Plain gradient descent: a step shows the gradient it took."""
    tell, fool = losses(D, G)
    return {
        "D": training.Player(D, tell, torch.optim.SGD(D.parameters(), lr=lr)),
        "G": training.Player(G, fool, torch.optim.SGD(G.parameters(), lr=lr)),
    }


def by_own_losses(D, G, steps: int, lr: float = 0.5) -> None:
    """What playing must be: in turn, each player one step along `autograd.grad` of its own loss."""
    batches = stream()
    for _ in range(steps):
        x, z = next(batches)
        for network, loss in zip((D, G), losses(D, G), strict=True):
            parameters = list(network.parameters())
            gradients = grad(loss(x, z)["loss"], parameters)
            with torch.no_grad():
                for p, g in zip(parameters, gradients, strict=True):
                    p -= lr * g


def all_at_once(D, G, steps: int, lr: float = 0.5) -> None:
    """The shortcut: all losses, then all gradients, then all steps."""
    batches, both = stream(), [torch.optim.SGD(network.parameters(), lr=lr) for network in (D, G)]
    for _ in range(steps):
        x, z = next(batches)
        parts = [loss(x, z)["loss"] for loss in losses(D, G)]
        for optimizer in both:
            optimizer.zero_grad()
        for part in parts:
            part.backward()
        for optimizer in both:
            optimizer.step()


def distance(a: nn.Module, b: nn.Module) -> float:
    return max(
        (p - q).abs().max().item() for p, q in zip(a.parameters(), b.parameters(), strict=True)
    )


def test_each_player_follows_the_gradient_of_its_own_loss():
    (D, G), (D_too, G_too) = networks(), networks()
    training.play(descent(D, G), stream(), 10)
    by_own_losses(D_too, G_too, 10)
    assert distance(D, D_too) < 1e-6 and distance(G, G_too) < 1e-6


def test_all_backward_then_all_steps_is_something_else():
    (D, G), (D_too, G_too) = networks(), networks()
    all_at_once(D, G, 1)
    by_own_losses(D_too, G_too, 1)
    assert distance(D, D_too) > 1e-2  # the generator's wish has leaked into the discriminator


def test_in_a_turn_the_other_player_keeps_every_bit_and_no_gradient():
    D, G = networks()
    seen = []

    def watched(name, objective):
        def look(x, z):
            seen.append((name, *(copy.deepcopy(network.state_dict()) for network in (D, G))))
            parts = objective(x, z)
            frozen = {p.requires_grad for p in (G if name == "D" else D).parameters()}
            assert frozen == {False}
            return parts

        return look

    players = {
        name: training.Player(player.network, watched(name, player.objective), player.optimizer)
        for name, player in descent(D, G).items()
    }
    training.play(players, stream(), 2)
    same = [
        [
            all(torch.equal(one[key], two[key]) for key in one)
            for one, two in zip(before[1:], after[1:], strict=True)
        ]
        for before, after in zip(seen, seen[1:], strict=False)
    ]
    assert [name for name, *_ in seen] == ["D", "G", "D", "G"]
    # D moved, G moved, D moved; the other one did not.
    assert same == [
        [False, True],
        [True, False],
        [False, True],
    ]
    assert all(p.requires_grad for network in (D, G) for p in network.parameters())


def test_the_history_names_the_players():
    history = training.play(descent(*networks()), stream(), 3)
    assert (
        set(history[0]) == {"step", "D.loss", "D.grad_norm", "G.loss", "G.grad_norm"}
        and len(history) == 3
    )


def test_one_player_is_fit():
    (D, G), (D_too, _) = networks(), networks()
    tell = losses(D, G)[0]
    training.play(
        {"D": training.Player(D, tell, torch.optim.SGD(D.parameters(), lr=0.1))}, stream(), 5
    )
    training.fit(
        D_too,
        losses(D_too, G)[0],
        stream(),
        5,
        optimizer=torch.optim.SGD(D_too.parameters(), lr=0.1),
    )
    assert distance(D, D_too) == 0


def test_a_schedule_shared_by_several_turns_is_stepped_once_a_step():
    D, G = networks()
    players = descent(D, G, lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(players["G"].optimizer, lambda step: 1 - step / 10)
    players["G"].schedule = schedule
    training.play({"D": players["D"], "G": players["G"], "G again": players["G"]}, stream(), 4)
    assert schedule.get_last_lr() == [pytest.approx(0.6)]


def test_the_average_is_that_of_the_weights():
    D, G = networks()
    players = descent(D, G)
    players["G"].average = mean = AveragedModel(G, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    bias = []

    class Look:
        def wants(self, step: int) -> bool:
            return step > 0

        def record(self, step: int) -> None:
            bias.append(G[0].bias.clone())

    training.play(players, stream(), 3, watch=[Look()])
    torch.testing.assert_close(mean.module[0].bias, 0.25 * bias[0] + 0.25 * bias[1] + 0.5 * bias[2])


def test_a_turn_that_is_not_finite_stops_the_game_and_says_whose_it_was(capsys):
    D, G = networks()
    players, count = descent(D, G), []

    def explode(x, z):
        count.append(1)
        return {"loss": objectives.generator_loss(D(G(z))) * (math.inf if len(count) == 3 else 1.0)}

    players["G"].objective = explode
    history = training.play(players, stream(), 10)
    assert len(history) == 2 and "stopped at step 3, in the turn of G" in capsys.readouterr().out
    assert all(torch.isfinite(p).all() for network in (D, G) for p in network.parameters())


def test_the_losses_are_cross_entropies(generator):
    real, fake = torch.randn(2, 50, generator=generator, dtype=torch.float64)
    ones, zeros = torch.ones(50, dtype=torch.float64), torch.zeros(50, dtype=torch.float64)
    expected = binary_cross_entropy_with_logits(real, ones) + binary_cross_entropy_with_logits(
        fake, zeros
    )
    torch.testing.assert_close(objectives.discriminator_loss(real, fake), expected)
    torch.testing.assert_close(
        objectives.generator_loss(fake), binary_cross_entropy_with_logits(fake, ones)
    )
    saturating = -binary_cross_entropy_with_logits(fake, zeros)
    torch.testing.assert_close(objectives.generator_loss(fake, saturating=True), saturating)
    assert objectives.discriminator_loss(zeros, zeros).item() == pytest.approx(math.log(4))


def test_only_one_of_the_two_losses_learns_where_the_discriminator_is_sure():
    logits = torch.full((1,), -20.0, dtype=torch.float64, requires_grad=True)
    (slope,) = grad(objectives.generator_loss(logits), logits)
    (flat,) = grad(objectives.generator_loss(logits, saturating=True), logits)
    assert slope.item() == pytest.approx(-1, abs=1e-6) and flat.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("n_classes", [0, 10])
def test_a_spectral_discriminator_has_no_steep_layer(n_classes):
    torch.manual_seed(0)
    D = models.Discriminator(n_classes=n_classes, width=8)
    y = torch.arange(10) if n_classes else None
    for _ in range(30):  # the power iteration runs with every forward pass in training mode
        D(torch.rand(10, 1, 28, 28), y)
    D.eval()
    layers = [
        layer for layer in D.modules() if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding)
    ]
    largest = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]
    assert len(layers) == (6 if n_classes else 5) and largest == pytest.approx(
        [1.0] * len(layers), abs=0.05
    )


def test_a_discriminator_without_spectral_norm_is_plain():
    names = {name for name, _ in models.Discriminator(spectral=False).named_parameters()}
    assert not any("parametrizations" in name for name in names)


def test_the_label_is_projected_onto_the_features():
    torch.manual_seed(0)
    D = models.Discriminator(n_classes=10, width=4).eval()
    x, y = torch.rand(5, 1, 28, 28), torch.tensor([3, 1, 4, 1, 5])
    h = D.features(x)
    assert D(x, y).shape == (5,) and h.shape == (5, 16)
    expected = D.head(h)[:, 0] + torch.einsum("nc,nc->n", h, D.label.weight[y])
    torch.testing.assert_close(D(x, y), expected)
    with pytest.raises(ValueError, match="label"):
        D(x)


def test_a_discriminator_in_two_steps_is_the_discriminator(generator):
    Dis, x = models.Discriminator(width=2).eval(), torch.rand(3, 1, 28, 28, generator=generator)
    assert Dis.layer(x).shape == (3, 4, 7, 7)
    torch.testing.assert_close(Dis.judge(Dis.layer(x)), Dis(x))

    Dis, y = models.Discriminator(width=2, n_classes=10).eval(), torch.tensor([3, 1, 4])
    torch.testing.assert_close(Dis.judge(Dis.layer(x), y), Dis(x, y))
    with pytest.raises(ValueError, match="called without y"):
        Dis.judge(Dis.layer(x))


@pytest.mark.parametrize("model", ["vae_gan", "cvae_gan"])
@pytest.mark.parametrize("name", ["Dis", "E", "D"])
def test_vae_gan_trains_every_network_on_its_own_loss_alone(model, name):
    """The three losses of Larsen et al.

    2016, algorithm 1, written out from `torch.distributions` and probabilities, without labels and
    with them.
    """
    torch.manual_seed(0)
    vae = models.SHIPPED[model]()
    players = recipes.vae_gan_players(vae, 10)
    Dis, E, D = (players[player].network for player in ("Dis", "E", "D"))
    assert E is vae.E and D is vae.D
    Dis.eval()  # no power iterations: every call is the same function
    x, y = torch.rand(4, 1, 28, 28), torch.tensor([3, 1, 4, 1])
    given = (y,) if recipes.RECIPES[model].conditional else ()
    parameters = list(players[name].network.parameters())

    torch.manual_seed(1)
    got = grad(players[name].objective(x, y)["loss"], parameters)

    torch.manual_seed(1)
    mu, log_var = E(x, *given).chunk(2, dim=1)
    z = mu + log_var.mul(0.5).exp() * torch.randn_like(mu)
    other = torch.randn_like(z)
    if given:  # a quarter of them in the style of another image
        other = torch.cat([other[:3], z.roll(1, 0)[3:]])
    copied, drawn = D(z, *given).sigmoid(), D(other, *given).sigmoid()
    prior = kl_divergence(
        Normal(mu, log_var.mul(0.5).exp()), Normal(torch.zeros_like(mu), 1.0)
    ).sum() / len(x)
    likelihood = Normal(Dis.layer(copied), recipes.NOISE**0.5).log_prob(Dis.layer(x)).sum() / len(x)
    read = torch.cat([Dis(copied, *given), Dis(drawn, *given)]).sigmoid()
    game = Dis(x, *given).sigmoid().log().mean() + (1 - read).log().mean()
    own = {
        "Dis": -game,
        "E": prior - likelihood,
        "D": -recipes.GAMMA * likelihood - read.log().mean(),
    }[name]
    for ours, theirs in zip(got, grad(own, parameters), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-3)


def test_a_log_variance_that_runs_away_ends_no_vae_gan_and_is_brought_back():
    """e^200 is infinite. The gradient of the encoder's loss is finite, and points downwards."""
    torch.manual_seed(0)
    vae = models.SHIPPED["cvae_gan"]()
    objective = recipes.vae_gan_players(vae, 10)["E"].objective
    last = [module for module in vae.E.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        last.bias[-1] = 200.0
    loss = objective(torch.rand(4, 1, 28, 28), torch.tensor([3, 1, 4, 1]))["loss"]
    (slope,) = grad(loss, [last.bias])
    assert len(last.bias) == 16 and loss.isfinite() and slope.isfinite().all() and slope[-1] > 1


def test_all_losses_first_would_train_the_decoder_of_a_vae_gan_on_what_is_not_its_own():
    """The shortcut of a widely used implementation: all backward passes, then all steps."""
    torch.manual_seed(0)
    players = recipes.vae_gan_players(models.SHIPPED["vae_gan"](), 10)
    x, D = torch.rand(4, 1, 28, 28), players["D"].network
    players["Dis"].network.eval()
    torch.manual_seed(1)
    own = grad(players["D"].objective(x, x)["loss"], list(D.parameters()))
    D.zero_grad()
    for player in ("E", "D"):
        torch.manual_seed(1)
        players[player].objective(x, x)["loss"].backward()
    assert (
        max((p.grad - g).abs().max().item() for p, g in zip(D.parameters(), own, strict=True))
        > 1e-2
    )


def test_one_turn_moves_one_player_and_leaves_no_gradient_in_the_other():
    D, G = networks()
    game = training.Game(descent(D, G))
    own = [*D.parameters(), *G.parameters()]
    before = [p.detach().clone() for p in own]
    loss, norm, healthy = game.turn("G", *next(stream()))
    moved = [not torch.equal(p, old) for p, old in zip(own, before, strict=True)]
    of_D = len(list(D.parameters()))
    assert not any(moved[:of_D]) and all(moved[of_D:])
    assert all(p.grad is None and p.requires_grad for p in D.parameters())
    assert loss > 0 and norm > 0 and healthy == 1
