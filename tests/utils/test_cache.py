"""Remembered trainings: the same bits as without, and nothing remembered that is not the same."""

import itertools
import os

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel
from torch.utils._pytree import tree_leaves

from course_utils import datasets, objectives, training
from course_utils.layers import dense
from course_utils.training import cache


@pytest.fixture
def remembering(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "own_folder", lambda: tmp_path)
    monkeypatch.setenv("COURSE_CACHE", "1")
    return tmp_path


def game(
    *,
    lr=0.01,
    steps=12,
    seed=0,
    scale=1.0,
    power=1,
    shift=0.0,
    looks=(0, 5, 12),
    calls=None,
    own_dice=True,
):
    """A small GAN with all that `play` can carry; returns all it leaves, as one list."""
    torch.manual_seed(seed)
    D, G = dense(2, 8, 1), dense(3, 8, 2)
    generator = torch.Generator().manual_seed(1) if own_dice else None  # else PyTorch's

    def batches():
        while True:
            yield torch.randn(16, 2, generator=generator) + shift, None

    def tell(x, y):
        if calls is not None:
            calls.append(1)
        return {"loss": objectives.discriminator_loss(D(x), D(G(torch.randn(16, 3)).detach()))}

    def fool(x, y):
        return {"loss": scale * objectives.generator_loss(D(G(torch.randn(16, 3))))}

    adams = [torch.optim.Adam(network.parameters(), lr, betas=(0.0, 0.9)) for network in (D, G)]
    falling = LambdaLR(adams[1], lambda step: (1 - step / steps) ** power)
    average = AveragedModel(G)
    films = [
        training.Film(lambda: G(torch.ones(4, 3)), looks),
        training.Film(lambda: {"a": 1.0, "b": D.training}, [3]),
    ]
    stream = batches()
    players = {
        "D": training.Player(D, tell, adams[0]),
        "G": training.Player(G, fool, adams[1], falling, average),
    }
    history = training.play(players, stream, steps, watch=films, label="game")
    after = torch.rand(3).tolist()
    left = [
        history,
        films[0].steps,
        films[0].frames.tolist(),
        films[1].frames,
        after,
        next(stream)[0].tolist(),
    ]
    states = tree_leaves([value.state_dict() for value in (D, G, average, *adams, falling)])
    return [*left, [v.tolist() if torch.is_tensor(v) else v for v in states]]


@pytest.mark.parametrize("own_dice", [True, False])
def test_kept_and_remembered_trainings_leave_the_same_bits_as_any_other(
    own_dice, remembering, monkeypatch, capsys
):
    monkeypatch.delenv("COURSE_CACHE")
    plain = game(own_dice=own_dice)
    assert not cache.folder().exists()
    monkeypatch.setenv("COURSE_CACHE", "1")
    calls = []
    assert game(calls=calls, own_dice=own_dice) == plain and len(calls) == 12
    assert "remembered" not in capsys.readouterr().out
    calls.clear()
    assert game(calls=calls, own_dice=own_dice) == plain and len(calls) == 1
    assert (
        "game: 12 steps, remembered from an earlier run (COURSE_CACHE)" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "change",
    [
        {"lr": 0.02},
        {"steps": 11},
        {"seed": 1},
        {"scale": 2.0},
        {"power": 2},
        {"shift": 1.0},
        {"looks": (0, 6, 12)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_different_is_trained(remembering, capsys, change):
    first = game()
    assert game(**change) != first and "remembered" not in capsys.readouterr().out


def test_another_objective_is_trained_even_if_the_first_step_is_the_same(remembering, capsys):
    def fitted(late: float) -> torch.Tensor:
        torch.manual_seed(0)
        net, taken = torch.nn.Linear(2, 1), []

        def objective(x, y):
            taken.append(1)
            return {"loss": net(x).square().mean() * (late if len(taken) > 3 else 1.0)}

        x = torch.ones(4, 2)
        training.fit(net, objective, iter([(x, x)] * 20), 10)
        return net.weight.detach().clone()

    assert not torch.equal(fitted(1.0), fitted(2.0)) and "remembered" not in capsys.readouterr().out


def test_what_an_objective_counts_is_the_same_with_and_without(remembering, monkeypatch):
    def fitted():
        torch.manual_seed(0)
        net, taken, x = torch.nn.Linear(2, 1), [], torch.ones(4, 2)

        def objective(x, y):
            taken.append(1)
            return {"loss": net(x).square().mean() / len(taken)}

        return training.fit(net, objective, iter([(x, x)] * 20), 10), net.weight.tolist()

    kept, remembered = fitted(), fitted()
    monkeypatch.delenv("COURSE_CACHE")
    assert fitted() == kept == remembered


LATE = 1.0  # a lesson's global number


def test_a_global_number_and_what_a_film_shows_belong_to_the_training(
    remembering, monkeypatch, capsys
):
    def fitted(shown: torch.Tensor, look=None):
        torch.manual_seed(0)
        net, taken, x = torch.nn.Linear(2, 1), [], torch.ones(4, 2)

        def objective(x, y):
            taken.append(1)
            return {"loss": net(x).square().mean() * (LATE if len(taken) > 3 else 1.0)}

        film = training.Film(look or (lambda: net(shown)), [5, 10])
        training.fit(net, objective, iter([(x, x)] * 20), 10, watch=[film])
        return film.frames.tolist()

    first = fitted(torch.ones(3, 2))
    assert fitted(torch.ones(3, 2)) == first and "remembered" in capsys.readouterr().out
    assert len(fitted(torch.ones(5, 2))[0]) == 5  # other pictures are looked at
    assert fitted(torch.ones(3, 2), look=lambda: 1.0) == [1.0, 1.0]
    monkeypatch.setitem(globals(), "LATE", 2.0)
    assert fitted(torch.ones(3, 2)) != first and "remembered" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "make", [lambda: torch.Generator().manual_seed(0), lambda: np.random.default_rng(0)]
)
def test_an_objective_with_a_generator_of_its_own_is_trained_every_time(make, remembering, capsys):
    def fitted():
        torch.manual_seed(0)
        net, own, x = torch.nn.Linear(2, 1), make(), torch.ones(4, 2)
        draw = (
            (lambda: torch.rand((), generator=own))
            if isinstance(own, torch.Generator)
            else own.random
        )
        training.fit(
            net, lambda x, y: {"loss": (net(x) * draw()).square().mean()}, iter([(x, x)] * 20), 10
        )
        return net.weight.tolist()

    assert fitted() == fitted() and "remembered" not in capsys.readouterr().out


def test_a_first_step_that_is_not_finite_says_so_once_and_fills_the_film(remembering, capsys):
    net, x = torch.nn.Linear(2, 1), torch.ones(4, 2)
    film = training.Film(lambda: 1.0, [0, 5, 10])
    training.fit(
        net,
        lambda x, y: {"loss": net(x).mean() * float("nan")},
        iter([(x, x)] * 20),
        10,
        watch=[film],
    )
    assert film.steps == [0, 5, 10] and capsys.readouterr().out.count("stopped at step 1") == 1


def test_what_cannot_be_written_costs_no_history(remembering, capsys):
    net, x = torch.nn.Linear(2, 1), torch.ones(4, 2)
    adam = torch.optim.Adam(net.parameters(), lr=np.float32(0.01))
    history = training.fit(
        net, lambda x, y: {"loss": net(x).square().mean()}, iter([(x, x)] * 20), 10, optimizer=adam
    )
    assert len(history) == 10 and "cannot be kept" in capsys.readouterr().out


def test_a_broken_file_is_trained_anew(remembering, capsys):
    plain = game()
    (kept,) = cache.folder().glob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:100])
    assert game() == plain and "remembered" not in capsys.readouterr().out
    assert game() == plain and "remembered" in capsys.readouterr().out


def test_an_unfinished_training_is_not_kept(remembering):
    net = torch.nn.Linear(2, 1)
    batches, x = iter(range(5)), torch.ones(4, 2)

    def until_interrupted():
        for _ in batches:
            yield x, x
        raise KeyboardInterrupt

    history = training.fit(
        net, lambda x, y: {"loss": net(x).square().mean()}, until_interrupted(), 10
    )
    assert len(history) == 5 and not list(cache.folder().glob("*.safetensors"))


def test_where_nothing_can_be_kept_training_goes_on(remembering, monkeypatch, capsys):
    (remembering / ".cache").write_text("a file where a folder should be")
    plain = game()
    assert "cannot be kept" in capsys.readouterr().out and game() == plain


def test_old_trainings_make_room(remembering, monkeypatch):
    game()
    (mine := cache.folder() / "my_model.safetensors").write_bytes(b"not ours to delete")
    monkeypatch.setattr(cache, "ROOM", 0)
    game(seed=1)
    assert list(cache.folder().glob("*.safetensors")) == [mine]


def test_the_folder_may_be_chosen(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    first, second = game(), game()
    assert (
        first == second
        and "remembered" in capsys.readouterr().out
        and list(tmp_path.glob("*.safetensors"))
    )
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("COURSE_CACHE", f"~/{tmp_path.name}")
    assert cache.folder() == tmp_path.resolve() or os.name == "nt"
    monkeypatch.setenv("COURSE_CACHE", "yes")
    with pytest.raises(ValueError, match="expected 0, 1 or a folder that exists, got 'yes'"):
        game()


def test_a_lambda_over_two_lines_is_another_one_when_its_second_line_is(tmp_path, monkeypatch):
    """Though its first steps are the same: the key holds all of the code."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))

    def last_loss(double: bool) -> float:
        model, steps = torch.nn.Linear(1, 1), itertools.count()
        torch.nn.init.ones_(model.weight), torch.nn.init.zeros_(model.bias)
        torch.manual_seed(0)
        objective = (
            (lambda x, y: {"loss": model.weight.sum() ** 2
                           * (1 if next(steps) < 3 else 2)})
            if double else
            (lambda x, y: {"loss": model.weight.sum() ** 2
                           * (1 if next(steps) < 3 else 3)})
        )  # fmt: skip
        batches = itertools.repeat((torch.zeros(1, 1), torch.zeros(1)))
        return training.fit(model, objective, batches, 6)[-1]["loss"]

    assert last_loss(True) != last_loss(False)


def test_the_old_name_of_the_setting_is_heard_with_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setattr(cache, "_warned", set())
    monkeypatch.setenv("COURSE_PRETRAINED", str(tmp_path))
    assert cache.wanted() and cache.folder() == tmp_path
    assert capsys.readouterr().out.count("COURSE_PRETRAINED is now called COURSE_CACHE") == 1
    monkeypatch.setenv("COURSE_CACHE", "0")
    assert not cache.wanted()
