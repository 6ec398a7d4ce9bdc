"""Training from the command line: an unbroken run and a killed one end in the same bits; what it
draws is what it says.
"""

import copy
import itertools
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from course_tools import cli as commands
from course_tools.models import train
from course_tools.models.checkpoint import Checkpoint, RequestError
from course_utils import data, models, recipes, tensor_io, training, weights

pytestmark = pytest.mark.slow

DRAWING = [name for name, recipe in recipes.RECIPES.items() if recipe.draw]
# One model of each kind is enough for `make test`; `make test-all` takes them all.
KINDS = {"pca", "cvae", "gan", "cvae_gan", "latent_flow_label", "pixel_cnn", "classifier"}


def each(names):
    return [
        pytest.param(name, marks=[] if name in KINDS else pytest.mark.exhaustive) for name in names
    ]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setenv("COURSE_DATASET", "digits")


def test_every_model_that_ships_has_a_recipe(capsys):
    assert list(recipes.RECIPES) == list(models.SHIPPED)
    with pytest.raises(SystemExit):
        commands.main(["train", "vea"])
    assert f"expected one of {', '.join(models.SHIPPED)}, got 'vea'" in capsys.readouterr().err


@pytest.mark.parametrize("name", each(recipes.RECIPES))
def test_every_model_is_trained_written_and_read(name, tmp_path, capsys):
    path = tmp_path / "w.safetensors"
    assert commands.main(["train", name, "--steps", "3", "--out", str(path)]) == 0
    module = train.load(name, path)
    assert not module.training and str(path) in capsys.readouterr().out
    assert {t.dtype for t in load_file(path).values() if t.is_floating_point()} == {torch.float16}
    # Neither checkpoint nor temporary file.
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.safetensors"]


# Layers that are normalised, or small: with such a rate they learn badly. But their loss stays
# below ten times the first one, and it falls again with the rate.
ROBUST = {"latent_flow", "latent_flow_label", "pixel_cnn"}


@pytest.mark.parametrize("name", each(sorted(recipes.RECIPES.keys() - {"pca"})))
def test_a_learning_rate_a_thousand_times_too_large_stops_with_a_sentence(name, capsys):
    """And what is left is finite: all as it was at a step that is named, or the last weights before
    a number was not.
    """
    torch.manual_seed(0)
    module, recipe = models.SHIPPED[name](), recipes.RECIPES[name]
    batches = recipe.batches(module, data.load("digits", "train"), 32, 0)
    start = copy.deepcopy(module.state_dict())
    players = recipe.players(module, 200)
    for player in players.values():
        for group in player.optimizer.param_groups:
            group["lr"] *= 1000
        if player.schedule is not None:
            player.schedule.base_lrs = [1000 * lr for lr in player.schedule.base_lrs]
    history = training.play(players, batches, 200)
    said = capsys.readouterr().out
    assert all(torch.isfinite(value).all() for value in module.state_dict().values())
    if name in ROBUST:
        assert len(history) == 200 and history[-1]["loss"] < 10 * history[0]["loss"]
        return
    assert len(history) <= 50 and "Usual cure: a smaller learning rate." in said, said
    if "as it was after step 0" in said:
        assert all(torch.equal(value, start[key]) for key, value in module.state_dict().items())
    else:
        assert "nan" in said or "inf" in said


@pytest.mark.parametrize("name", each(DRAWING))
def test_samples_are_pictures_and_their_labels_balanced(name, tmp_path):
    path, out = tmp_path / "w.safetensors", tmp_path / "x.npz"
    train.train(name, steps=3, out=path)
    train.sample(name, 23, seed=1, out=out, weights=path)
    drawn = np.load(out)
    assert drawn["images"].shape == (23, 28, 28) and drawn["images"].dtype == np.uint8
    assert ("labels" in drawn) == recipes.RECIPES[name].conditional
    if recipes.RECIPES[name].conditional:
        counts = np.bincount(drawn["labels"], minlength=10)
        assert counts.max() - counts.min() <= 1 and counts.sum() == 23
    again, other = tmp_path / "again.npz", tmp_path / "other.npz"
    train.sample(name, 23, seed=1, out=again, weights=path)
    train.sample(name, 23, seed=2, out=other, weights=path)
    assert np.array_equal(np.load(again)["images"], drawn["images"])
    assert not np.array_equal(np.load(other)["images"], drawn["images"])


@pytest.mark.parametrize("name", sorted(set(DRAWING) - {"pca"}))
def test_samples_and_reconstructions_have_the_shape_of_images(name):
    """And labels count where the recipe says so, and nowhere else."""
    torch.manual_seed(0)
    recipe, module = recipes.RECIPES[name], models.SHIPPED[name]().eval()
    x, y = torch.rand(3, 1, 28, 28), torch.tensor([3, 1, 4])
    z = torch.randn(3, recipe.latent_dim)
    drawn = recipe.draw(module, z, y)
    assert drawn.shape == x.shape and 0 <= drawn.min() <= drawn.max() <= 1
    assert torch.equal(drawn, recipe.draw(module, z, y + 1)) != recipe.conditional
    if recipe.reconstruct:
        x_hat = recipe.reconstruct(module, x, y)
        assert x_hat.shape == x.shape and 0 <= x_hat.min() <= x_hat.max() <= 1
        assert torch.equal(x_hat, recipe.reconstruct(module, x, y + 1)) != recipe.conditional


@pytest.mark.parametrize("name", [n for n in DRAWING if hasattr(models.SHIPPED[n](), "logits")])
def test_the_encoder_gives_two_numbers_for_each_latent_dimension(name):
    module, k = models.SHIPPED[name](), recipes.RECIPES[name].latent_dim
    given = (torch.tensor([3, 1]),) if recipes.RECIPES[name].conditional else ()
    mu, log_var = module.encode(torch.rand(2, 1, 28, 28), *given)
    assert mu.shape == log_var.shape == (2, k)


def test_the_weight_of_the_kl_rises_to_one():
    torch.manual_seed(0)
    player = recipes.elbo_players(models.make_vae(3).double(), 40, warm_up=0.1)[""]
    x, y, beta = torch.rand(4, 1, 28, 28).double(), torch.zeros(4, dtype=torch.long), []
    for _ in range(6):
        parts = player.objective(x, y)
        beta.append(((parts["loss"] - parts["reconstruction"]) / parts["kl"]).item())
        player.optimizer.step()
        player.schedule.step()
    assert beta == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_pca_draws_its_means():
    train = data.load("digits")
    pca = models.PCA.fit(train.x.flatten(1), models.LATENT_DIM)
    shipped = models.SHIPPED["pca"]()
    recipes.RECIPES["pca"].finish(shipped, train)
    z = torch.randn(4, models.LATENT_DIM)
    spread = (pca.eigenvalues[: models.LATENT_DIM] - pca.noise).sqrt()
    expected = (pca.mean + (z * spread) @ pca.axes).clamp(0, 1)
    torch.testing.assert_close(recipes.RECIPES["pca"].draw(shipped, z, None).flatten(1), expected)


def test_the_codes_of_an_autoencoder_get_a_gaussian():
    train = data.load("digits")
    torch.manual_seed(0)
    drawing = models.SHIPPED["ae"]().eval()
    drawing.fit_codes(train.x)
    codes = drawing.encode(train.x)
    torch.testing.assert_close(drawing.mean, codes.mean(dim=0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(drawing.root @ drawing.root.T, codes.T.cov(), atol=1e-5, rtol=1e-3)
    eps = torch.randn(3, models.LATENT_DIM)
    torch.testing.assert_close(
        drawing.draw(eps), drawing.decode(drawing.mean + eps @ drawing.root.T)
    )


def test_a_code_that_never_varies_in_a_dimension_can_be_drawn():
    train = data.load("digits")
    torch.manual_seed(0)
    drawing = models.SHIPPED["ae"]().eval()
    last = drawing.E.head[-1]
    with torch.no_grad():
        last.weight[3], last.bias[3] = 0, 2
    drawing.fit_codes(train.x)
    drawn = drawing.mean + torch.randn(100, models.LATENT_DIM) @ drawing.root.T
    assert drawn[:, 3].sub(2).abs().max() < 0.05 and drawn[:, 2].std() > 0
    torch.testing.assert_close(
        drawing.root @ drawing.root.T, drawing.encode(train.x).T.cov(), atol=1e-3, rtol=1e-2
    )
    flow = models.SHIPPED["latent_flow"]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "shipped", lambda name, images: drawing)
        codes, _ = next(recipes.codes_and_labels(flow, train, 500, 0))
    assert codes.isfinite().all()


@pytest.mark.parametrize("command", ["train", "sample"])
def test_an_option_names_the_data_set(command, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_DATASET")
    out = tmp_path / ("pca.safetensors" if command == "train" else "pca.npz")
    assert commands.main([command, "pca", "--dataset", "digits", "--out", str(out)]) == 0
    assert out.exists()
    with pytest.raises(SystemExit):
        commands.main([command, "pca", "--dataset", "numbers", "--out", str(out)])
    assert "expected one of auto, mnist" in capsys.readouterr().err


def same_weights(a, b) -> bool:
    one, two = load_file(a), load_file(b)
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


BITS = """
import hashlib, torch
from course_utils import data, recipes
torch.set_num_threads(1)
train = data.load("digits")
for name in recipes.RECIPES:
    state = recipes.make(name, train, seed=5, steps=12).state_dict()
    content = b"".join(value.numpy().tobytes() for value in state.values())
    print(name, hashlib.sha256(content).hexdigest())
"""


@pytest.mark.exhaustive
def test_the_same_seed_gives_the_same_bits_in_fresh_processes():
    runs = [
        subprocess.run(
            [sys.executable, "-c", BITS], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert [line.split()[0] for line in runs[0].splitlines()] == list(recipes.RECIPES)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["vae", "cgan", "latent_flow"])
def test_an_interrupted_run_goes_on_to_the_same_bits(name, tmp_path, monkeypatch, capsys):
    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    monkeypatch.setattr(Checkpoint.__init__, "__kwdefaults__", {"every": 4})
    train.train(name, steps=14, out=whole, seed=3)
    record = Checkpoint.record

    def and_stop(self, step):
        record(self, step)
        raise KeyboardInterrupt  # after the first checkpoint of each call

    monkeypatch.setattr(Checkpoint, "record", and_stop)
    for done in (4, 8, 12):
        with pytest.raises(SystemExit, match="The same command resumes from"):
            train.train(name, steps=14, out=broken, seed=3)
        assert (
            not broken.exists()
            and tensor_io.read(broken.with_suffix(".checkpoint"))["steps"] == done
        )
    # Two steps are left, too few for one more checkpoint.
    train.train(name, steps=14, out=broken, seed=3)
    assert same_weights(whole, broken) and not broken.with_suffix(".checkpoint").exists()
    assert "Resuming after step 12 of 14" in capsys.readouterr().out


def test_a_flow_that_has_no_step_left_has_its_autoencoder():
    class Ended:
        done = 3

    digits = data.load("digits", "train")
    flow = recipes.make("latent_flow", digits, steps=3, resume=lambda players: Ended())
    ae = weights.pretrained("ae", "digits")
    x = digits.x[:5]
    assert torch.equal(flow.ae.encode(x), ae.encode(x)) and flow.mean.any()


@pytest.mark.parametrize("seed", (0, 1))
def test_a_model_that_is_trained_on_the_way_leaves_the_random_numbers_alone(seed, monkeypatch):
    monkeypatch.setattr(weights, "pretrained_or_none", lambda *args, **kwargs: None)
    digits = data.load("digits", "train")
    torch.manual_seed(seed)
    expected = torch.rand(3)
    torch.manual_seed(seed)
    recipes.shipped("ae", digits, steps=2)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.exhaustive
def test_a_killed_run_leaves_a_whole_checkpoint(tmp_path):
    out = tmp_path / "w.safetensors"
    program = (
        "from course_tools.models import checkpoint, train\n"
        "checkpoint.Checkpoint.__init__.__kwdefaults__['every'] = 1\n"
        f"train.train('vae', steps=100000, out=__import__('pathlib').Path({str(out)!r}))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program], env=os.environ, stderr=subprocess.DEVNULL
    )
    checkpoint = out.with_suffix(".checkpoint")
    while not checkpoint.exists() and running.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)  # somewhere among the writes
    running.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    running.wait()
    assert tensor_io.read(checkpoint)["steps"] >= 1 and not out.exists()


def test_a_checkpoint_of_another_run_is_refused_and_kept(tmp_path, monkeypatch):
    out = tmp_path / "w.safetensors"
    monkeypatch.setattr(Checkpoint.__init__, "__kwdefaults__", {"every": 2})
    record = Checkpoint.record

    def and_stop(self, step):
        record(self, step)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "record", and_stop)
    with pytest.raises(SystemExit):
        train.train("vae", steps=6, seed=1, out=out)
    content = out.with_suffix(".checkpoint").read_bytes()
    with pytest.raises(
        RequestError, match="belongs to another run: .*seed 1.*this one is .*seed 2"
    ):
        train.train("vae", steps=6, seed=2, out=out)
    assert out.with_suffix(".checkpoint").read_bytes() == content
    out.with_suffix(".checkpoint").write_bytes(b"nothing")
    with pytest.raises(RequestError, match="is not a checkpoint"):
        train.train("vae", steps=6, seed=1, out=out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "gan", "--steps", "0"], "expected at least one step"),
        (["train", "all", "--out", "nowhere.safetensors"], "every model to its own file"),
        (["sample", "gan", "-n", "0"], "at least one image"),
        (["sample", "gan", "--weights", "nowhere.safetensors"], "nowhere.safetensors is not there"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, said, capsys):
    assert commands.main(arguments) == 1
    assert said in capsys.readouterr().err


def test_weights_of_another_model_are_refused(tmp_path):
    train.train("pca", out=tmp_path / "w.safetensors")
    with pytest.raises(RequestError, match="expected weights of gan, got those of pca"):
        train.sample("gan", 5, out=tmp_path / "x.npz", weights=tmp_path / "w.safetensors")


@pytest.mark.parametrize("name", ["vae", "cgan", "vae_gan"])
def test_a_model_whose_training_was_interrupted_is_kept_and_can_be_used(name, monkeypatch, capsys):
    def three(*args, **options):
        yield from itertools.islice(data_batches(*args, **options), 3)
        raise KeyboardInterrupt

    data_batches = data.batches
    monkeypatch.setattr(data, "batches", three)
    module = recipes.make(name, data.load("digits"), steps=10)
    assert "interrupted after 3 steps" in capsys.readouterr().out
    y = torch.arange(10)
    assert recipes.RECIPES[name].draw(
        module, torch.randn(10, recipes.RECIPES[name].latent_dim), y
    ).shape == (10, 1, 28, 28)


def test_only_what_is_trained_in_steps_says_so(tmp_path, capsys):
    train.train("pca", out=tmp_path / "p.safetensors")
    train.train("ae", steps=2, out=tmp_path / "a.safetensors")
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert "steps" not in first and "2 steps in" in second
