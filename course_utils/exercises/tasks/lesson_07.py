"""Tasks of lesson 07."""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import expit, log_expit, rel_entr
from torch import Generator, Tensor
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    logsigmoid,
    softplus,
)

from course_utils.exercises.task import Affine, Mistake, Part, Task, randn

# fooling_loss: the non-saturating loss, from logits


def _logit_inputs(generator: Generator) -> dict[str, object]:
    """Many logits, so that the three near −1000 do not hide the others; one is near +1000."""
    B = int(torch.randint(550, 650, (), generator=generator))
    logits = 4 * randn(generator, B)
    logits[:3] = -900.0 - 200 * torch.rand(3, generator=generator)
    logits[3] = 1000.0
    return {"logits": logits[torch.randperm(B, generator=generator)]}


def _fooling_loss(logits: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def _capped(eps: float) -> object:
    return lambda logits: -logits.sigmoid().clamp(min=eps).log().mean()


def _shifted(eps: float) -> object:
    return lambda logits: -(logits.sigmoid() + eps).log().mean()


FOOLING_LOSS = Task(
    name="fooling_loss",
    lesson="07",
    points=1,
    inputs=_logit_inputs,
    reference=_fooling_loss,
    mistakes=(
        Mistake(
            lambda logits: -logits.sigmoid().log().mean(),
            "σ(−1000) is 0 for a computer, and exp(1000) infinite: use softplus.",
        ),
        Mistake(
            lambda logits: -logits.sigmoid().clamp(min=1e-7).log().mean(),
            "clamp and + ε change the answer where σ is 0, just where G is worst: use softplus.",
            also=tuple(_capped(eps) for eps in (1e-6, 1e-8, 1e-9, 1e-10, 1e-12))
            + tuple(_shifted(eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-300))
            + (lambda logits: binary_cross_entropy(logits.sigmoid(), torch.ones_like(logits)),),
        ),
        Mistake(
            lambda logits: softplus(-logits.mean()), "first −log σ of each logit, then the mean."
        ),
        Mistake(
            lambda logits: -softplus(logits).mean(),
            "that is the minimax loss, which saturates where Dis is sure.",
        ),
        Mistake(
            lambda logits: softplus(logits).mean(),
            "that is small when Dis recognises them: it is part of Dis's loss.",
        ),
        Mistake(
            lambda logits: logsigmoid(logits).mean(),
            "the sign: a loss falls as the images look more real.",
        ),
        Mistake(lambda logits: softplus(-logits).sum(), "a mean over the batch, not a sum."),
        Mistake(
            lambda logits: -logits.mean(),
            "that is the mean logit with a minus; the loss is the mean of −log σ of each.",
        ),
        Mistake(
            lambda logits: (1 - expit(logits.numpy())).mean(),
            "that is 1 − Dis; the loss is −log Dis.",
        ),
        Mistake(
            lambda logits: (-logits).relu().mean(),
            "that is max(0, −ℓ), which softplus only approaches: −log σ(ℓ) = softplus(−ℓ).",
        ),
        Mistake(
            lambda logits: softplus(-logits).mean() / np.log(2),
            "these are bits; nats come from the natural logarithm.",
        ),
        Mistake(lambda logits: softplus(-logits), "one number: the mean over the batch."),
        Mistake(
            lambda logits: softplus(-logits.clamp(-80, 80)).mean(),
            "do not clamp the logits: the loss grows with −ℓ without end.",
            also=tuple(
                lambda logits, most=most: softplus(-logits.clamp(-most, most)).mean()
                for most in (10, 20, 30, 50, 500, 700)
            ),
        ),
        Mistake(
            lambda logits: softplus(-logits).median(), "the mean over the batch, not the median."
        ),
    ),
)


# both_turns: the turn of the discriminator and that of the generator


def _turn_inputs(generator: Generator) -> dict[str, object]:
    """A linear discriminator and a linear generator; the three batches differ in size."""
    N, M, L = (
        int(torch.randint(*between, (), generator=generator))
        for between in ((6, 9), (10, 14), (15, 19))
    )
    return {
        "Dis": Affine(randn(generator, 2, 1), randn(generator, 1)),
        "G": Affine(randn(generator, 3, 2), randn(generator, 2)),
        "x": randn(generator, N, 2) + 1,
        "z": randn(generator, M, 3),
        "z_new": randn(generator, L, 3),
        "lr": 0.3 + 0.2 * torch.rand((), generator=generator).item(),
    }


def _both_turns(
    Dis: Affine, G: Affine, x: Tensor, z: Tensor, z_new: Tensor, lr: float
) -> np.ndarray:
    """Both gradients by hand: d softplus(ℓ) / dℓ = σ(ℓ), and the chain rule."""
    w, b = Dis.W.numpy().copy(), Dis.b.numpy().copy()
    U, c = G.W.numpy().copy(), G.b.numpy().copy()
    real, fake = x.numpy(), z.numpy() @ U + c
    on_real = -expit(-(real @ w + b)) / len(real)
    on_fake = expit(fake @ w + b) / len(fake)
    of_w, of_b = real.T @ on_real + fake.T @ on_fake, on_real.sum(0) + on_fake.sum(0)
    w, b = w - lr * of_w, b - lr * of_b
    codes = z_new.numpy()
    back = -expit(-((codes @ U + c) @ w + b)) / len(codes) @ w.T  # (L, 2), at every fake point
    of_U, of_c = codes.T @ back, back.sum(0)
    moved = (w, b, U - lr * of_U, c - lr * of_c)
    return np.concatenate([v.ravel() for v in (*moved, of_w, of_b, of_U, of_c)])


def _tell_apart(Dis: Affine, G: Affine, x: Tensor, z: Tensor) -> Tensor:
    return softplus(-Dis(x)).mean() + softplus(Dis(G(z).detach())).mean()


def _fool(Dis: Affine, G: Affine, z: Tensor) -> Tensor:
    return softplus(-Dis(G(z))).mean()


def _parameters(network: Affine) -> list[Tensor]:
    return [network.W, network.b]


def _state(Dis: Affine, G: Affine) -> Tensor:
    """Parameters, then the gradients that they hold; zeros where there are none."""
    own = [*_parameters(Dis), *_parameters(G)]
    held = [torch.zeros_like(p) if p.grad is None else p.grad for p in own]
    return torch.cat([value.detach().flatten() for value in (*own, *held)])


# One function for all ways to get the turns wrong: what happens is what the arguments say.
def _turns_with(
    tell_apart=_tell_apart,
    fool=_fool,
    *,
    frozen: bool = True,
    cleared: bool = True,
    first: str = "Dis",
    moves: tuple[str, str] = ("Dis", "G"),
    noise: str = "z_new",
    turns: tuple[str, ...] = ("Dis", "G"),
) -> object:
    """Answers that differ from the right one in what the arguments say.

    Args:
        tell_apart, fool: the losses.
        frozen: whether no gradient stays in Dis in the turn of G.
        cleared: whether G's gradients are set to zero in its turn.
        first: whose turn is the first.
        moves: who moves in the turn of Dis, and in that of G: "Dis", "G" or "both".
        noise: that G gets in its turn.
        turns: those that are taken.
    """

    def mistaken(Dis: Affine, G: Affine, x: Tensor, z: Tensor, z_new: Tensor, lr: float) -> Tensor:
        for p in (*_parameters(Dis), *_parameters(G)):
            p.requires_grad_(True)
        networks = {"Dis": [Dis], "G": [G], "both": [Dis, G]}

        def step(who: str) -> None:
            own = [p for network in networks[who] for p in _parameters(network)]
            with torch.no_grad():
                for p in own:
                    if p.grad is not None:
                        p -= lr * p.grad

        def turn_of_Dis() -> None:
            tell_apart(Dis, G, x, z).backward()
            step(moves[0])

        def turn_of_G() -> None:
            loss = fool(Dis, G, z_new if noise == "z_new" else z)
            if cleared:
                G.W.grad = G.b.grad = None
            if loss.requires_grad:
                loss.backward(inputs=_parameters(G) if frozen else None)
            step(moves[1])

        each = {"Dis": turn_of_Dis, "G": turn_of_G}
        for who in sorted(turns, key=lambda who: who != first):
            each[who]()
        return _state(Dis, G)

    return mistaken


def _all_losses_first(*, summed: bool) -> object:
    """Both losses before the first step. summed: Dis gets the gradients of both."""

    def mistaken(Dis: Affine, G: Affine, x: Tensor, z: Tensor, z_new: Tensor, lr: float) -> Tensor:
        own = [*_parameters(Dis), *_parameters(G)]
        for p in own:
            p.requires_grad_(True)
        _tell_apart(Dis, G, x, z).backward()
        _fool(Dis, G, z_new).backward(inputs=None if summed else _parameters(G))
        with torch.no_grad():
            for p in own:
                p -= lr * p.grad
        return _state(Dis, G)

    return mistaken


def _without_gradients(
    Dis: Affine, G: Affine, x: Tensor, z: Tensor, z_new: Tensor, lr: float
) -> np.ndarray:
    return _both_turns(Dis, G, x, z, z_new, lr) * (np.arange(22) < 11)


def _own_gradients_cleared(
    Dis: Affine, G: Affine, x: Tensor, z: Tensor, z_new: Tensor, lr: float
) -> np.ndarray:
    """Those of Dis: zero_grad at the end of its turn."""
    return _both_turns(Dis, G, x, z, z_new, lr) * ((np.arange(22) < 11) | (np.arange(22) > 13))


def _loss_of_Dis(loss) -> object:
    """The turns with another loss of Dis, a function of the logits of real and fake points."""
    return _turns_with(lambda Dis, G, x, z: loss(Dis(x), Dis(G(z).detach())))


def _loss_of_G(loss) -> object:
    return _turns_with(fool=lambda Dis, G, z: loss(Dis(G(z))))


BOTH_TURNS = Task(
    name="both_turns",
    lesson="07",
    points=3,
    inputs=_turn_inputs,
    reference=_both_turns,
    parts=(
        Part("parameters of Dis", 1, 0, 3),
        Part("parameters of G", 1, 3, 11),
        Part("gradients held", 1, 11),
    ),
    mistakes=(
        Mistake(
            _turns_with(frozen=False),
            "Dis also holds a gradient of G's loss: freeze its parameters in the turn of G, with"
            " requires_grad_(False).",
        ),
        Mistake(
            _turns_with(turns=("Dis",)),
            "G has not moved: in its own turn the gradient must reach it, so no .detach() there.",
        ),
        Mistake(_turns_with(turns=("G",)), "Dis has not moved: its turn comes first."),
        Mistake(
            _all_losses_first(summed=True),
            "both gradients came before the first step, so Dis moved along the sum of both losses:"
            " loss, zero, backward and step for Dis, and only then the loss of G.",
        ),
        Mistake(
            _all_losses_first(summed=False),
            "the loss of G is computed after Dis has moved, not before.",
        ),
        Mistake(
            _turns_with(
                lambda Dis, G, x, z: softplus(-Dis(x)).mean() + softplus(Dis(G(z))).mean(),
                cleared=False,
            ),
            "G still holds a gradient of the loss of Dis: cut it with .detach() in the turn of Dis,"
            " and set G's gradients to zero in its own turn.",
        ),
        Mistake(
            _turns_with(
                lambda Dis, G, x, z: softplus(-Dis(x)).mean() + softplus(Dis(G(z))).mean(),
                moves=("both", "G"),
            ),
            "G moved in the turn of Dis, too, and learned to be recognised: only Dis moves there.",
        ),
        Mistake(
            _turns_with(frozen=False, moves=("Dis", "both")),
            "Dis moved in the turn of G, too: only G moves there.",
        ),
        Mistake(_turns_with(first="G"), "first the turn of Dis, then that of G."),
        Mistake(_turns_with(noise="z"), "in its turn G gets new noise, z_new."),
        Mistake(
            _loss_of_G(lambda fake: -softplus(fake).mean()),
            "that is the minimax loss for G; its loss here is −log Dis(G(z)).",
        ),
        Mistake(
            _loss_of_G(lambda fake: softplus(fake).mean()),
            "the sign: G wants its points to be called real, and lowers −log Dis(G(z)).",
        ),
        Mistake(
            _loss_of_Dis(lambda real, fake: softplus(real).mean() + softplus(-fake).mean()),
            "the labels are exchanged: Dis wants high logits for real points and low ones for"
            " generated points.",
        ),
        Mistake(
            _loss_of_Dis(lambda real, fake: softplus(-real).mean()),
            "the loss of Dis has two terms; the generated points are missing.",
        ),
        Mistake(
            _loss_of_Dis(lambda real, fake: softplus(fake).mean()),
            "the loss of Dis has two terms; the real points are missing.",
        ),
        Mistake(
            _loss_of_Dis(lambda real, fake: softplus(torch.cat([-real, fake])).mean()),
            "two means, one of the real and one of the generated points: there are not equally"
            " many.",
        ),
        Mistake(
            _loss_of_Dis(lambda real, fake: (softplus(-real).mean() + softplus(fake).mean()) / 2),
            "the two means are added, not averaged.",
        ),
        Mistake(
            _turns_with(
                lambda Dis, G, x, z: softplus(-Dis(x)).sum() + softplus(Dis(G(z).detach())).sum(),
                lambda Dis, G, z: softplus(-Dis(G(z))).sum(),
            ),
            "means over each batch, not sums.",
            also=(
                _loss_of_Dis(lambda real, fake: softplus(-real).sum() + softplus(fake).sum()),
                _loss_of_G(lambda fake: softplus(-fake).sum()),
            ),
        ),
        Mistake(
            _turns_with(
                lambda Dis, G, x, z: Dis(G(z).detach()).mean() - Dis(x).mean(),
                lambda Dis, G, z: -Dis(G(z)).mean(),
            ),
            "these are the losses of a Wasserstein GAN, means of logits; here they are −log σ and"
            " −log(1 − σ) of the logits.",
            also=(_loss_of_G(lambda fake: -fake.mean()),),
        ),
        Mistake(
            _without_gradients,
            "the steps are right, but no gradients are held afterwards: compute them with"
            " loss.backward(), and do not clear them after the steps.",
            also=(_own_gradients_cleared,),
        ),
    ),
)


# value_at_best: the game's value against the best discriminator


def _density_inputs(generator: Generator) -> dict[str, object]:
    """Two overlapping densities, each with integral 1 on the grid."""
    n = int(torch.randint(50, 70, (), generator=generator))
    width = 6 / n
    x = width * torch.arange(n, dtype=torch.float64)
    middle = torch.tensor([1.2, 3.0]) + torch.rand(2, generator=generator)
    spread = torch.tensor([0.9, 0.5]) + 0.5 * torch.rand(2, generator=generator)
    order = torch.randperm(2, generator=generator)
    middle, spread = middle[order].double(), spread[order].double()
    bumps = torch.exp(-0.5 * ((x - middle[:, None]) / spread[:, None]) ** 2) + 1e-3
    p, q = bumps / bumps.sum(dim=1, keepdim=True) / width
    return {"p": p, "q": q, "width": width}


def _value_at_best(p: Tensor, q: Tensor, width: float) -> float:
    """2 JS − log 4, with SciPy's divergence."""
    a, b = p.numpy(), q.numpy()
    return float((rel_entr(a, (a + b) / 2) + rel_entr(b, (a + b) / 2)).sum() * width - np.log(4))


def _value_of(best) -> object:
    def mistaken(p: Tensor, q: Tensor, width: float) -> Tensor:
        d = best(p, q)
        return (p * d.log() + q * (1 - d).log()).sum() * width

    return mistaken


VALUE_AT_BEST = Task(
    name="value_at_best",
    lesson="07",
    points=2,
    inputs=_density_inputs,
    reference=_value_at_best,
    mistakes=(
        Mistake(
            _value_of(lambda p, q: q / (p + q)), "Dis* says how likely *real* is: p over p + q."
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) / width,
            "an integral is a sum times the width.",
        ),
        Mistake(
            _value_of(lambda p, q: torch.full_like(p, 0.5)),
            "that is Dis = ½ everywhere; the best one depends on x.",
        ),
        Mistake(
            lambda p, q, width: (p * (p / (p + q)).log()).sum() * width,
            "only the first term; the generated ones count, too.",
        ),
        Mistake(
            lambda p, q, width: (_value_at_best(p, q, width) + np.log(4)) / 2,
            "that is JS(p, q); the value is 2 JS − log 4.",
        ),
        Mistake(
            lambda p, q, width: (_value_at_best(p, q, width) - np.log(4)) / 2,
            "that is JS − log 4; the value is 2 JS − log 4.",
        ),
        Mistake(
            lambda p, q, width: -_value_at_best(p, q, width),
            "minus the value is the discriminator's loss; return the value.",
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) / np.log(2),
            "these are bits; nats come from the natural logarithm.",
        ),
        Mistake(
            lambda p, q, width: ((p / (p + q)).log() + (q / (p + q)).log()).sum() * width,
            "weigh each logarithm by its density before the sum: these are expectations.",
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) / width / len(p),
            "an integral is a sum times the width, not a mean over the places.",
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) + np.log(4),
            "that is 2 JS(p, q); the value is 2 JS − log 4.",
        ),
        Mistake(
            lambda p, q, width: (q * (q / (p + q)).log()).sum() * width,
            "only the second term; the real ones count, too.",
        ),
        Mistake(
            lambda p, q, width: torch.trapezoid(
                p * (p / (p + q)).log() + q * (q / (p + q)).log(), dx=width
            ),
            "the integral here is a plain sum times the width; trapezoids halve both ends.",
        ),
        Mistake(
            lambda p, q, width: (p * (p / (p + q)).log() - q * (q / (p + q)).log()).sum() * width,
            "the sign of the second term: both logarithms are added.",
        ),
        Mistake(
            lambda p, q, width: (p * (p / q).log()).sum() * width,
            "that is the KL divergence of the two; the value needs Dis* = p / (p + q).",
            also=(lambda p, q, width: (q * (q / p).log()).sum() * width,),
        ),
        Mistake(
            lambda p, q, width: (p * (p / (p + q)) + q * (q / (p + q))).sum() * width,
            "the logarithms are missing.",
        ),
        Mistake(
            _value_of(lambda p, q: (p > q).double().clamp(1e-7, 1 - 1e-7)),
            "Dis* is a probability, p / (p + q), not a decision.",
        ),
    ),
)


# js_bound: the bound on the divergence that any discriminator gives


def _game_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """In turn a discriminator that is surely wrong everywhere (bound below 0), and a good one."""
    N, M = (
        int(torch.randint(*between, (), generator=generator))
        for between in ((140, 160), (190, 210))
    )
    real, fake = 2 * randn(generator, N) + 2, 2 * randn(generator, M) - 2
    real[1], fake[1] = 900.0, -900.0
    fake[0] = 40.0  # 1 − σ(40) is exactly 0 for a computer
    if case == 0:
        real[0], fake[2] = -800.0, 850.0
    return {
        "real": real[torch.randperm(N, generator=generator)],
        "fake": fake[torch.randperm(M, generator=generator)],
    }


def _js_bound(real: Tensor, fake: Tensor) -> float:
    return float((log_expit(real.numpy()).mean() + log_expit(-fake.numpy()).mean()) / 2 + np.log(2))


def _capped_bound(cap, eps: float = 0.0) -> object:
    """The bound from probabilities clamped away from 0 and 1."""

    def mistaken(real: Tensor, fake: Tensor) -> Tensor:
        p, q = cap(real.sigmoid()), cap(fake.sigmoid())
        return ((p + eps).log().mean() + (1 - q + eps).log().mean()) / 2 + np.log(2)

    return mistaken


JS_BOUND = Task(
    name="js_bound",
    lesson="07",
    points=2,
    inputs=_game_inputs,
    reference=_js_bound,
    cases=2,
    mistakes=(
        Mistake(lambda real, fake: 2 * _js_bound(real, fake), "V + log 4 is two times JS."),
        Mistake(
            lambda real, fake: 2 * _js_bound(real, fake) - np.log(4),
            "that is V itself: solve V = 2 JS − log 4 for JS.",
        ),
        Mistake(lambda real, fake: _js_bound(real, fake) - np.log(2), "½ log 4 is missing."),
        Mistake(
            lambda real, fake: _js_bound(real, fake) + np.log(2),
            "½ (V + log 4): the logarithm is halved, too.",
        ),
        Mistake(
            lambda real, fake: -_js_bound(real, fake),
            "the sign: softplus is positive, log σ(ℓ) = −softplus(−ℓ).",
        ),
        Mistake(
            lambda real, fake: _js_bound(fake, real),
            "real logits go through log σ(ℓ), generated ones through log σ(−ℓ).",
        ),
        Mistake(
            lambda real, fake: (
                (real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()) / 2 + np.log(2)
            ),
            "1 − σ(40) and σ(−800) are exactly 0 for a computer: log σ(ℓ) is −softplus(−ℓ), and"
            " log(1 − σ(ℓ)) is −softplus(ℓ).",
            also=(
                lambda real, fake: (
                    (logsigmoid(real).mean() + (1 - fake.sigmoid()).log().mean()) / 2 + np.log(2)
                ),
                lambda real, fake: (
                    (real.sigmoid().log().mean() + logsigmoid(-fake).mean()) / 2 + np.log(2)
                ),
                lambda real, fake: (
                    (real.sigmoid().log().mean() + (-fake).sigmoid().log().mean()) / 2 + np.log(2)
                ),
            ),
        ),
        Mistake(
            lambda real, fake: max(_js_bound(real, fake), 0.0),
            "the divergence is never negative, but this bound may be: return it as it is.",
            also=(
                lambda real, fake: abs(_js_bound(real, fake)),
                lambda real, fake: min(max(_js_bound(real, fake), 0.0), np.log(2)),
            ),
        ),
        Mistake(
            _capped_bound(lambda p: p.clamp(1e-7, 1 - 1e-7)),
            "clamp and + ε change the answer where Dis is surely wrong: use softplus.",
            also=tuple(
                _capped_bound(lambda p, eps=eps: p.clamp(eps, 1 - eps))
                for eps in (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12)
            )
            + tuple(
                _capped_bound(lambda p: p, eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            )
            + (
                lambda real, fake: (
                    np.log(2)
                    - binary_cross_entropy(real.sigmoid(), torch.ones_like(real)) / 2
                    - binary_cross_entropy(fake.sigmoid(), torch.zeros_like(fake)) / 2
                ),
            )
            + tuple(
                lambda real, fake, most=most: _js_bound(
                    real.clamp(-most, most), fake.clamp(-most, most)
                )
                for most in (20, 30, 50, 80, 100, 500)
            ),
        ),
        Mistake(
            lambda real, fake: _js_bound(real, fake) - np.log(4),
            "the sign of log 4: V = 2 JS − log 4, so JS = ½ (V + log 4).",
        ),
        Mistake(
            lambda real, fake: 2 * np.log(2) - _js_bound(real, fake),
            "the sign of V: JS = ½ (V + log 4).",
        ),
        Mistake(
            lambda real, fake: (
                (torch.cat([logsigmoid(real), logsigmoid(-fake)])).mean() + np.log(2)
            ),
            "two means, one of the real and one of the generated: there are not equally many.",
        ),
        Mistake(
            lambda real, fake: (
                (real.sigmoid().mean().log() + (-fake).sigmoid().mean().log()) / 2 + np.log(2)
            ),
            "first the logarithm, then the mean.",
        ),
        Mistake(
            lambda real, fake: _js_bound(real, fake) / np.log(2),
            "these are bits; the task asks for nats.",
        ),
    ),
)


# modes_found: modes of a mixture that a generator covers


def _sample_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """Samples around a ring of centres; some modes lie exactly at the limit of one in a hundred.

    There are 100 n samples, of which n are one in a hundred, or, in turn, 50 more. Good samples:
    most of one to three centres, 2 n of another off its axes near the radius, exactly n of another,
    n − 1 of another, a single one of another. Bad samples: around four to six centres, most of them
    straight or diagonally outside the radius.

    One more centre is so near to the first that its ball holds the same samples, which are nearer
    to the first. The radius is random.
    """
    hit, beside, n = (
        int(torch.randint(*between, (), generator=generator))
        for between in ((1, 4), (4, 7), (7, 12))
    )
    n += n > 9  # never 10: a fixed number is not one in a hundred
    radius = 0.42 + 0.05 * torch.rand((), generator=generator).item()
    centres = _ring(generator, hit + 4 + beside)
    sizes = [*hit * [25 * n], 2 * n, n, n - 1, 1]
    off = torch.tensor([[0.62, 0.62]]) * torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    samples = [
        c + radius * (0.15 * randn(generator, size, 2).clamp(-2, 2))
        for c, size in zip(centres, sizes, strict=False)
    ]
    samples[hit] = centres[hit] + radius * off[torch.arange(2 * n) % 4]  # 0.88 of the radius
    N = 100 * n + 50 * case
    outside = N - sum(sizes)
    # 1.1 and 1.15 of the radius, and just beyond 0.6.
    around = torch.cat([1.25 * off, torch.tensor([[1.15, 0.0], [0.0, -0.625 / radius]])])
    others = centres[len(sizes) :]
    chosen = torch.arange(outside)
    samples.append(others[chosen % beside] + radius * around[chosen % 7 % 6])
    centres = torch.cat([centres, centres[:1] + radius * torch.tensor([0.0, 0.75])])
    drawn = torch.cat(samples) + 1e-3 * radius * randn(generator, N, 2)
    return {
        "samples": drawn[torch.randperm(N, generator=generator)],
        "centres": centres[torch.randperm(len(centres), generator=generator)],
        "radius": radius,
    }


def _ring(generator: Generator, n: int) -> Tensor:
    """n points on a circle, in random order and randomly rotated, (n, 2)."""
    turn = torch.rand(1, generator=generator, dtype=torch.float64)
    angle = 2 * torch.pi * (torch.arange(n, dtype=torch.float64) / n + turn)
    ring = 6 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return ring[torch.randperm(n, generator=generator)]


def _counted(
    samples: Tensor, centres: Tensor, radius: float, metric: str = "euclidean"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances (N, m), the nearest centre of each sample, and the numbers of good samples (m,)."""
    distance = cdist(samples.numpy(), centres.numpy(), metric)
    nearest, good = distance.argmin(axis=1), distance.min(axis=1) < radius
    return distance, nearest, np.array([(good & (nearest == i)).sum() for i in range(len(centres))])


def _modes_found(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts >= 0.01 * len(samples)).sum(), counts.sum() / len(samples)])


def _any_distance(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, nearest, counts = _counted(samples, centres, radius)
    return np.array(
        [
            (np.bincount(nearest, minlength=len(centres)) >= 0.01 * len(samples)).sum(),
            counts.sum() / len(samples),
        ]
    )


def _one_is_enough(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts > 0).sum(), counts.sum() / len(samples)])


def _of_good(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts >= 0.01 * counts.sum()).sum(), counts.sum() / len(samples)])


def _in_any_ball(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    inside = (_counted(samples, centres, radius)[0] < radius).sum(axis=0)
    return np.array([(inside >= 0.01 * len(samples)).sum(), inside.sum() / len(samples)])


def _in_any_ball_once(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    inside = _counted(samples, centres, radius)[0] < radius
    return np.array([(inside.sum(axis=0) >= 0.01 * len(samples)).sum(), inside.any(axis=1).mean()])


def _squared_distance(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    return _modes_found(samples, centres, radius**0.5)


def _as_number(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    return _modes_found(samples, centres, radius) * np.array([1, len(samples)])


def _with_metric(metric: str) -> object:
    def mistaken(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
        _, _, counts = _counted(samples, centres, radius, metric)
        return np.array([(counts >= 0.01 * len(samples)).sum(), counts.sum() / len(samples)])

    return mistaken


def _in_a_square(samples: Tensor, centres: Tensor, radius: float) -> Tensor:
    near = ((samples[:, None] - centres).abs() < radius).all(dim=2)
    nearest, good = torch.cdist(samples, centres).argmin(dim=1), near.any(dim=1)
    counts = nearest[good].bincount(minlength=len(centres))
    return torch.stack([(counts >= 0.01 * len(samples)).sum(), good.double().mean()])


def _more_than(least) -> object:
    """The modes with more than `least` good samples, and the share of good ones."""

    def mistaken(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
        _, _, counts = _counted(samples, centres, radius)
        found = counts > least(len(samples), len(centres))
        return np.array([found.sum(), counts.sum() / len(samples)])

    return mistaken


MODES_FOUND = Task(
    name="modes_found",
    lesson="07",
    points=2,
    inputs=_sample_inputs,
    reference=_modes_found,
    cases=2,
    parts=(Part("modes", 1, 0, 1), Part("share", 1, 1)),
    mistakes=(
        Mistake(_any_distance, "a mode needs *good* samples: closer than the radius."),
        Mistake(
            _one_is_enough,
            "one good sample is not enough; at least one in a hundred of all samples.",
        ),
        Mistake(_of_good, "one in a hundred of *all* samples, not of the good ones."),
        Mistake(
            _in_any_ball,
            "a sample belongs to its nearest centre alone: two centres may be closer than the"
            " radius.",
            also=(_in_any_ball_once,),
        ),
        Mistake(
            _squared_distance,
            "is the squared distance compared with the radius? Take the root, or square the"
            " radius.",
        ),
        Mistake(_as_number, "the second number is a share of all samples, not a count."),
        Mistake(
            _with_metric("chebyshev"),
            "Euclidean distance, the root of summed squares: close in each coordinate is not yet"
            " close.",
            also=(_in_a_square,),
        ),
        Mistake(
            _with_metric("cityblock"),
            "Euclidean distance, the root of summed squares, not the sum of absolute differences.",
        ),
        Mistake(
            lambda samples, centres, radius: _modes_found(samples, centres, 0.6),
            "the radius is an argument, not always that of this lesson.",
        ),
        Mistake(
            _more_than(lambda N, m: 0.01 * N),
            "*at least* one in a hundred: exactly one in a hundred is enough.",
        ),
        Mistake(
            _more_than(lambda N, m: N // 100 - 0.5),
            "do not round one in a hundred down: 8 of 850 are less.",
        ),
        Mistake(
            _more_than(lambda N, m: N / m * 0.5),
            "one in a hundred of all samples is enough, not a share of what one mode would get.",
        ),
        Mistake(
            lambda samples, centres, radius: (
                _modes_found(samples, centres, radius) * np.array([1 / len(centres), 1])
            ),
            "the first number is how many modes are found, not a share of them.",
        ),
        Mistake(
            lambda samples, centres, radius: (
                _modes_found(samples, centres, radius) * np.array([1, 100])
            ),
            "the share lies between 0 and 1; this is in percent.",
        ),
        Mistake(
            lambda samples, centres, radius: _modes_found(samples, centres, radius)[::-1].copy(),
            "first the modes, then the share.",
        ),
        Mistake(
            lambda samples, centres, radius: np.array(
                [
                    _modes_found(samples, centres, radius)[0],
                    1 - _modes_found(samples, centres, radius)[1],
                ]
            ),
            "that is the share of bad ones.",
        ),
    ),
)

TASKS = (FOOLING_LOSS, BOTH_TURNS, VALUE_AT_BEST, JS_BOUND, MODES_FOUND)
