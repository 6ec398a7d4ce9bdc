"""Two processes that share every batch do what one does on the whole of it."""

import json
import os
import subprocess
import sys

import pytest
import torch

from course_utils.training import distributed

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

CURVE = """
import json, pathlib, sys
import torch
from course_utils import data, models, objectives, recipes, runtime, training
from course_utils.training import distributed

torch.set_num_threads(1)
digits = data.load("digits", "train")
runtime.seed_everything(3)
with distributed.joined():
    if sys.argv[1] == "ae":
        players = recipes.autoencoder_players(models.SHIPPED["ae"](), 30)
    else:  # its noise is a function of the image, so that it is the same wherever the image is
        G, D = models.Decoder(16), models.Discriminator(width=4)
        generated = lambda x: G(x.flatten(1)[:, 300:316] - 0.5).sigmoid()
        real_or_not = lambda x: (D(x), D(generated(x).detach()))
        tell_apart = lambda x, y: {"loss": objectives.discriminator_loss(*real_or_not(x))}
        fool = lambda x, y: {"loss": objectives.generator_loss(D(generated(x)))}
        players = {
            "D": recipes.adversarial_player(D, tell_apart, 30, 2e-3),
            "G": recipes.adversarial_player(G, fool, 30, 2e-3, ema=0.9),
        }
    distributed.own_noise(3)
    history = training.play(players, distributed.share(data.batches(digits, 32)), 30)
    parameters = [p for player in players.values() for p in player.network.parameters()]
    weights = sum(p.detach().double().abs().sum().item() for p in parameters)
    if distributed.rank() == 0:
        print(json.dumps([[row[name] for name in sorted(row)] for row in history] + [[weights]]))
# A thread of the group that outlives it can abort the process while Python shuts down.
names = [file.read_text() for file in pathlib.Path("/proc/self/task").glob("*/comm")]
assert not [name for name in names if "gloo" in name], names
"""


def run(processes: int, *command: str, **environment: str) -> str:
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(processes),
        "--no-python",
        sys.executable,
    ]
    start = [sys.executable, *(torchrun if processes > 1 else ())]
    done = subprocess.run(
        [*start, *command],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "COURSE_DATASET": "digits",
            "COURSE_DEVICE": "cpu",
            **environment,
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("what", ("ae", "game"))
def test_two_processes_give_the_curve_of_one(what, tmp_path):
    script = tmp_path / "curve.py"
    script.write_text(CURVE)
    one, two = (json.loads(run(n, str(script), what)) for n in (1, 2))
    assert len(one) == len(two) == 31
    for single, together in zip(one, two, strict=True):
        torch.testing.assert_close(
            torch.tensor(together), torch.tensor(single), rtol=2e-3, atol=2e-4
        )
    first, last = (torch.tensor(one[i]) for i in (0, 29))
    assert (first - last).abs().max() > 0.05  # it has moved


def test_the_command_writes_one_file(tmp_path):
    out = tmp_path / "vae.safetensors"
    said = run(2, "-m", "course_utils", "train", "vae", "--steps", "4", "--out", str(out))
    assert said.count("vae, digits: 4 steps in") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["vae.safetensors"]


def test_with_one_process_nothing_happens():
    batch = (torch.ones(3, 1, 28, 28), torch.zeros(3))
    with distributed.joined():
        assert (distributed.world(), distributed.rank()) == (1, 0)
        assert next(distributed.share(iter([batch]))) is batch
        tensor = torch.ones(2)
        distributed.average([tensor])
        assert tensor.tolist() == [1, 1] and distributed.agree(1)


def test_a_batch_that_cannot_be_shared_is_said(monkeypatch):
    monkeypatch.setattr(distributed, "world", lambda: 2)
    monkeypatch.setattr(distributed, "rank", lambda: 0)
    with pytest.raises(
        ValueError,
        match="a batch of 3 cannot be shared equally by 2 processes: take a number that divides it",
    ):
        next(distributed.share(iter([(torch.ones(3), torch.ones(3))])))
