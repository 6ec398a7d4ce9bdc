"""The loop: the right gradient, good weights after a bad step, and the same bits every time."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from course_utils import training
from course_utils.training import game


def line(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 1)


def stream(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        x = torch.randn(16, 3, generator=generator)
        yield x, x.sum(dim=1, keepdim=True)


def squared(model):
    return lambda x, y: {"loss": ((model(x) - y) ** 2).mean(), "size": y.abs().mean()}


def weights(model) -> list[torch.Tensor]:
    return [t.clone() for t in model.state_dict().values()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


def test_fit_is_the_plain_loop():
    model, plain = line(), line()
    history = training.fit(model, squared(model), stream(), 20, lr=0.05)
    optimizer, batches, losses = torch.optim.Adam(plain.parameters(), lr=0.05), stream(), []
    for _ in range(20):
        loss = squared(plain)(*next(batches))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(history.column("loss"), losses, rtol=1e-5)
    for ours, theirs in zip(weights(model), weights(plain), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_history_has_a_row_per_step_with_every_part():
    model = line()
    history = training.fit(model, squared(model), stream(), 7)
    assert [row["step"] for row in history] == list(range(1, 8))
    assert set(history[0]) == {"step", "loss", "size", "grad_norm"}
    with pytest.raises(KeyError, match="no column 'kl'; this history has step, loss"):
        history.column("kl")


def test_grad_norm_is_the_norm_of_the_gradient():
    model = line()
    (row,) = training.fit(model, squared(model), stream(), 1, lr=0.0)
    model.zero_grad()
    # The learning rate was 0: the weights are as before.
    squared(model)(*next(stream()))["loss"].backward()
    expected = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    assert math.isclose(row["grad_norm"], expected, rel_tol=1e-5)


def test_the_schedule_is_stepped_once_per_step():
    model = line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=10)
    training.fit(
        model,
        lambda x, y: {"loss": 0 * model(x).sum()},
        stream(),
        10,
        optimizer=optimizer,
        schedule=schedule,
    )
    assert math.isclose(optimizer.param_groups[0]["lr"], 0.1)


def poisoned(at: int, value: float):
    """The stream with one batch, the `at`-th, full of `value`."""
    for n, (x, y) in enumerate(stream(), start=1):
        yield (torch.full_like(x, value), y) if n == at else (x, y)


OPTIMIZERS = {
    "default": lambda p: None,
    "fused": lambda p: torch.optim.Adam(p, lr=0.01, fused=True),
    "plain": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "sync_every", [1, 50], ids=["checked every step", "checked every 50 steps"]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_step_that_is_not_finite_is_not_taken(optimizer, sync_every, value, capsys):
    """1e30 overflows where float32 squares it. Every 50 steps is how a GPU is asked."""

    def train(batches, steps):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        chosen = OPTIMIZERS[optimizer](model.parameters())
        history = training.fit(
            model, squared(model), batches, steps, optimizer=chosen, lr=0.01, sync_every=sync_every
        )
        return model, history

    model, history = train(poisoned(at=31, value=value), 80)
    last_good, _ = train(stream(), 30)
    assert same(weights(model), weights(last_good)), (
        "weights and running statistics are those after step 30"
    )
    assert len(history) == 30 and np.isfinite(history.column("loss")).all()
    said = capsys.readouterr().out
    assert (
        "stopped at step 31" in said and "after step 30" in said and "smaller learning rate" in said
    )


def test_a_gradient_that_overflows_is_not_taken(capsys):
    """The loss is finite, its gradient is not: the square root at 0."""
    model = line()
    before = weights(model)
    history = training.fit(
        model, lambda x, y: {"loss": (model(x) * 0).abs().sum().sqrt()}, stream(), 5
    )
    assert history == [] and same(weights(model), before)
    assert "stopped at step 1" in capsys.readouterr().out


def scripted(model, losses):
    """An objective that reports the losses it is told, whatever the weights; they move all the
    same.
    """
    losses = iter(losses)
    return lambda x, y: {
        "loss": squared(model)(x, y)["loss"] * 0 + model.weight.sum() * 1e-3 + next(losses)
    }


def test_a_loss_that_stays_far_above_the_first_stops_training(capsys):
    model, reference = line(), line()
    history = training.fit(model, scripted(model, [2.0] * 250 + [50.0] * 150), stream(), 400)
    training.fit(reference, scripted(reference, [2.0] * 200), stream(), 200)
    said = capsys.readouterr().out
    assert (
        "stopped at step 260: the loss, " in said
        and "as it was after step 200" in said
        and len(history) == 260
    )
    assert same(weights(model), weights(reference))


@pytest.mark.parametrize(
    "losses",
    [[1e-4] + [5.0] * 99, [-3.0] * 100, [2.0] * 50 + [500.0] * 4 + [2.0] * 46, [0.0] * 100],
)
def test_what_a_healthy_loss_may_do(losses, capsys):
    """Begin very small, be negative, have a few bad steps among good ones in two readings, be 0."""
    model = line()
    assert (
        len(training.fit(model, scripted(model, losses), stream(), 100)) == 100
        and not capsys.readouterr().out
    )


def test_an_interrupt_keeps_what_was_learned(capsys):
    def interrupted():
        for n, batch in enumerate(stream()):
            if n == 12:
                raise KeyboardInterrupt
            yield batch

    model, reference = line(), line()
    film = training.Film(lambda: weights(model)[0], [0, 10, 12, 50, 100])
    history = training.fit(model, squared(model), interrupted(), 100, watch=[film], label="line")
    training.fit(reference, squared(reference), stream(), 12)
    assert len(history) == 12 and not model.training and same(weights(model), weights(reference))
    assert "line: interrupted after 12 steps" in capsys.readouterr().out
    # The cells below find every frame; the last ones show where training stopped.
    assert film.steps == [
        0,
        10,
        12,
        50,
        100,
    ]
    assert [bool((frame == film.frames[-1]).all()) for frame in film.frames] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_second_interrupt_ends_the_film_and_keeps_the_history(capsys):
    def interrupted():
        yield from (next(batches) for _ in range(7))
        raise KeyboardInterrupt

    batches, model, looks = stream(), line(), iter([0, 5])

    def look():
        if (seen := next(looks, None)) is None:
            raise KeyboardInterrupt
        return seen

    film = training.Film(look, [0, 5, 10])
    assert len(
        training.fit(model, squared(model), interrupted(), 10, watch=[film])
    ) == 7 and film.steps == [0, 5]


def test_an_interrupt_while_a_film_looks_gives_no_film_a_frame_twice():
    hits = iter([False, True])

    def look():
        if next(hits, False):
            raise KeyboardInterrupt
        return 1.0

    model, films = line(), [training.Film(lambda: 1.0, [0, 2, 4]), training.Film(look, [0, 2, 4])]
    training.fit(model, squared(model), stream(), 4, watch=films)
    assert [film.steps for film in films] == [[0, 2, 4], [0, 2, 4]]


def test_an_interrupt_between_freezing_and_training_leaves_nothing_frozen(monkeypatch):
    def stop(self, own):
        for p in self._parameters[:2]:
            p.requires_grad_(False)
        raise KeyboardInterrupt

    monkeypatch.setattr(game.Game, "_others_frozen", stop)
    model = nn.Sequential(line(0), nn.Linear(1, 1))
    model[1].bias.requires_grad_(False)
    training.fit(model, squared(model), stream(), 4)
    assert [p.requires_grad for p in model.parameters()] == [True, True, True, False]


def test_batches_that_end_stop_training_with_a_sentence(capsys):
    model, batches = line(), stream()
    history = training.fit(model, squared(model), (next(batches) for _ in range(5)), 20)
    assert len(history) == 5 and "no more batches after 5 steps" in capsys.readouterr().out


def test_batches_that_are_no_iterator_are_refused():
    model = line()
    with pytest.raises(TypeError, match="expected an iterator .*, got a list"):
        training.fit(model, squared(model), [next(stream())], 1)


@pytest.mark.parametrize(
    ("parts", "got"),
    [
        (lambda loss: loss, "an object of type Tensor"),
        (lambda loss: {"mse": loss}, r"parts of shapes {'mse': \[\]}"),
        (lambda loss: {"loss": loss.expand(4)}, r"parts of shapes {'loss': \[4\]}"),
    ],
)
def test_an_objective_that_returns_something_else_is_refused(parts, got):
    model = line()
    with pytest.raises(TypeError, match=f"an objective returns numbers by name.*got {got}"):
        training.fit(model, lambda x, y: parts(model(x).mean()), stream(), 4)


@pytest.mark.parametrize(
    ("cut", "got"),
    [(lambda loss: loss.item(), "float"), (lambda loss: loss.detach(), "without a gradient")],
)
def test_a_loss_that_is_cut_off_from_the_network_is_explained(cut, got):
    model = line()
    with pytest.raises(TypeError, match=f"depends on the network's parameters, got .*{got}"):
        training.fit(model, lambda x, y: {"loss": cut(model(x).mean())}, stream(), 4)


def test_a_full_device_keeps_what_was_learned(capsys):
    model, reference = line(), line()
    full = iter([False] * 12 + [True])

    def objective(x, y):
        if next(full):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return squared(model)(x, y)

    history = training.fit(model, objective, stream(), 100)
    training.fit(reference, squared(reference), stream(), 12)
    assert len(history) == 12 and not model.training and same(weights(model), weights(reference))
    assert "the memory of cpu was full after 12 steps" in capsys.readouterr().out


def test_statistics_that_overflow_stop_training_too(capsys):
    """BatchNorm makes a huge batch's loss harmless, and ruins its running variance."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    history = training.fit(
        model,
        squared(model),
        ((1e25 * x if n == 30 else x, y) for n, (x, y) in enumerate(stream())),
        50,
    )
    assert len(history) == 30 and all(torch.isfinite(buffer).all() for buffer in model.buffers())
    assert "stopped at step 31" in capsys.readouterr().out


def test_the_optimizer_is_as_usable_after_a_stop_as_before():
    model = line()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    training.fit(model, squared(model), poisoned(at=3, value=float("nan")), 10, optimizer=optimizer)
    before = weights(model)
    training.fit(model, squared(model), stream(), 1, optimizer=optimizer)
    assert not same(weights(model), before)


def test_only_the_optimizers_parameters_are_trained_and_measured():
    model = nn.Sequential(line(0), nn.Linear(1, 1))
    frozen = weights(model[1])
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.0)
    batch = next(stream())
    history = training.fit(model, squared(model), iter([batch] * 5), 5, optimizer=optimizer)
    assert np.ptp(history.column("grad_norm")) == 0 and same(weights(model[1]), frozen)


@pytest.mark.parametrize("sync_every", [1, 50])
def test_parts_must_stay_the_same(sync_every):
    model, calls = line(), []

    def objective(x, y):
        calls.append(1)
        return {"loss": model(x).mean(), "early" if len(calls) < 3 else "late": torch.ones(())}

    with pytest.raises(
        ValueError, match="same parts at every step: first loss, early, now loss, late"
    ):
        training.fit(model, objective, stream(), 10, sync_every=sync_every)


def test_a_schedule_needs_its_optimizer():
    model = line()
    schedule = torch.optim.lr_scheduler.ConstantLR(torch.optim.SGD(model.parameters(), lr=1.0))
    with pytest.raises(ValueError, match="pass that optimizer"):
        training.fit(model, squared(model), stream(), 1, schedule=schedule)


def test_a_history_shows_itself_in_a_line():
    model = line()
    assert repr(training.fit(model, squared(model), stream(), 3)).startswith(
        "History of 3 steps; the last: step 3, loss "
    )
    assert repr(training.History()) == "History of 0 steps; the last: nothing"


def noisy_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))


def test_a_film_changes_nothing_and_sees_the_model_at_rest():
    plain, filmed = noisy_net(), noisy_net()
    probe, modes = torch.ones(5, 3), []

    def look():
        modes.append(filmed.training)
        torch.rand(100)  # a look may draw random numbers
        return filmed(probe)

    film = training.Film(look, steps=[0, 3, 10, 99])
    torch.manual_seed(1)
    training.fit(plain, squared(plain), stream(), 20)
    torch.manual_seed(1)
    training.fit(filmed, squared(filmed), stream(), 20, watch=[film])
    assert same(weights(plain), weights(filmed))
    assert film.steps == [0, 3, 10] and film.frames.shape == (3, 5, 1) and modes == [False] * 3
    assert not filmed.training and not np.array_equal(film.frames[0], film.frames[1])


def test_a_film_gives_the_frame_of_a_step():
    film = training.Film(iter([1.0, 2.0]).__next__, steps=[0, 3])
    film.record(0), film.record(3)
    assert film.at(3) == 2.0
    with pytest.raises(KeyError, match=r"recorded steps \[0, 3\], got 1"):
        film.at(1)


def test_a_film_keeps_several_things_by_name():
    model = line()
    film = training.Film(lambda: {"weight": model.weight, "two": 2.0}, [0, 3])
    training.fit(model, squared(model), stream(), 3, lr=0.05, watch=[film])
    first, last = film.frames
    assert set(first) == {"weight", "two"} and first["two"] == 2.0
    assert not np.array_equal(first["weight"], last["weight"])
    np.testing.assert_array_equal(last["weight"], model.weight.detach())


@pytest.mark.parametrize("seen", ["a text", None, {"a": "text"}])
def test_a_film_of_anything_but_numbers_is_refused_before_the_first_step(seen):
    model = line()
    before = weights(model)
    with pytest.raises(TypeError, match="a film keeps arrays, tensors and numbers"):
        training.fit(model, squared(model), stream(), 4, watch=[training.Film(lambda: seen, [0])])
    assert same(weights(model), before)


def test_a_film_keeps_values_not_references():
    counter = np.zeros(2)
    film = training.Film(lambda: counter, steps=[0, 1])
    film.record(0)
    counter += 1
    film.record(1)
    np.testing.assert_array_equal(film.frames, [[0, 0], [1, 1]])
    assert training.Film(lambda: counter, steps=[]).frames.shape == (0,)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu():
    model = line().cuda()
    batches = ((x.cuda(), y.cuda()) for x, y in poisoned(at=31, value=float("nan")))
    history = training.fit(model, squared(model), batches, 80, lr=0.01)
    reference = line().cuda()
    training.fit(
        reference, squared(reference), ((x.cuda(), y.cuda()) for x, y in stream()), 30, lr=0.01
    )
    assert len(history) == 30 and same(weights(model), weights(reference))


def test_a_film_that_saw_another_training_is_filled_after_an_interrupt():
    film, model = training.Film(lambda: 1.0, [0, 2, 4]), line()
    training.fit(model, squared(model), stream(), 4, watch=[film])

    def stops():
        yield from itertools.islice(stream(), 1)
        raise KeyboardInterrupt

    training.fit(model, squared(model), stops(), 4, watch=[film])
    assert film.steps == [0, 2, 4, 0, 2, 4]
