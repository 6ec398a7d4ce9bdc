"""One row of the search for recipes: train one model with some settings changed, and measure it.

    python benchmarks/search.py cvae k=12 steps=8000 seed=1      a line of JSON, added to --log
    python benchmarks/search.py vae_gan --judge judge.py         also by a second classifier

`Settings` says what the keys are. SEARCH.md holds what was found.
"""

import argparse
import importlib.util
import json
import math
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from course_utils import data, latent, metrics, models, recipes, runtime, weights
from course_utils.objectives import squared_error
from course_utils.training import Player, play
from course_utils.training.game import Game

SURE = 0.7  # the classifier's probability from which a sample is surely a digit


@dataclass(frozen=True)
class Settings:
    model: str = "vae"  # vae, cvae, vae_gan or cvae_gan: which losses, with labels or without
    k: int = 24  # latent dimensions
    width: int = 16  # of encoder and decoder
    hidden: int = 128  # width of the dense layers; 0: none
    steps: int = 2500
    batch: int = 32
    lr: float = 6e-3  # the peak, of a VAE
    warm_up: float = 0.0  # share of its steps in which β rises
    noise: float = recipes.NOISE  # s² of the Gaussian in the discriminator's layer
    gamma: float = recipes.GAMMA  # weight of the reconstructions for the decoder
    rate_e: float = recipes.RATES["E"]  # learning rate of the encoder of a VAE/GAN
    pixels: float = 0.0  # weight of the pixels' cross-entropy for that encoder
    game: bool = True  # False: the decoder of a VAE/GAN learns from the distance alone
    seed: int = 0


def players_of(vae: models.VAE, s: Settings) -> dict[str, Player]:
    if not s.model.endswith("gan"):
        return recipes.elbo_players(vae, s.steps, lr=s.lr, warm_up=s.warm_up)
    rates = {**recipes.RATES, "E": s.rate_e}
    options = {"noise": s.noise, "gamma": s.gamma, "rates": rates, "pixels": s.pixels}
    players = recipes.vae_gan_players(vae, s.steps, **options)
    if not s.game:  # the discriminator learns as before; for the decoder, KL is a constant
        players["D"].objective = players["E"].objective
    return players


def trained(s: Settings, train: data.Images) -> tuple[models.VAE, dict]:
    """The model; milliseconds of a step, beside those of a small VAE, and the last losses."""
    small = Game(recipes.elbo_players(models.make_vae(24, hidden=0), 100))
    some = data.batches(train, 32)
    times = sorted(milliseconds(small.step, *next(some)) for _ in range(30))
    runtime.seed_everything(s.seed)
    n = 10 if s.model.startswith("c") else 0
    vae = models.make_vae(s.k, n_classes=n, width=s.width, hidden=s.hidden)
    batches = data.batches(train, s.batch, seed=s.seed)
    players, history = players_of(vae, s), []
    ms = milliseconds(lambda: history.extend(play(players, batches, s.steps, label=s.model)))
    last, ms = history[-1], ms / len(history)
    if s.model.endswith("gan"):
        vae = models.VAE(*(players[name].average.module for name in "ED"))
    return vae.eval(), {"ms": ms, "reference_ms": times[2], "last": last}


def milliseconds(call, *arguments) -> float:
    start = time.process_time()  # of this process alone, whatever else the machine does
    call(*arguments)
    return 1e3 * (time.process_time() - start)


class Judge:
    """A classifier (`features`, `head`), and what it says of images."""

    def __init__(self, net: nn.Module, test: data.Images) -> None:
        self.net, self.h = net, torch.cat([net.features(part) for part in test.x.split(500)])

    def read(self, x: Tensor, y: Tensor, conditional: bool) -> dict[str, float]:
        """Fréchet distance, share surely a digit; label accuracy and that of the worst label."""
        h = torch.cat([self.net.features(part) for part in x.split(500)])
        best, label = self.net.head(h).softmax(dim=1).max(dim=1)
        row = {"frechet": metrics.frechet(h, self.h), "sure": share(best > SURE)}
        if conditional:
            worst = min(share(label[y == wanted] == wanted) for wanted in range(10))
            row |= {"label": share(label == y), "worst": worst}
        return row

    def transferred(self, written: dict[int, Tensor]) -> dict[str, float]:
        """Label accuracy of style transfer: mean over the labels it starts from, worst of them."""
        found = [
            metrics.accuracy(self.net, x.flatten(0, 1), torch.arange(10).repeat(len(x)))
            for x in written.values()
        ]
        return {"transfer": sum(found) / 10, "transfer worst": min(found)}


def share(hits: Tensor) -> float:
    return hits.float().mean().item()


@torch.no_grad()
def measured(vae: models.VAE, s: Settings, judges: dict[str, Judge], samples: int) -> dict:
    """What a VAE or a VAE/GAN can be measured by. samples: K of the bound, of a VAE."""
    test, labelled = data.load("mnist", "test"), bool(vae.D.n_classes)
    x, y = test.x[::10], test.y[::10]
    z = torch.randn(len(test), s.k, generator=Generator().manual_seed(0))
    parts = zip(z.split(500), test.y.split(500), strict=True)
    drawn = torch.cat([vae.decode(a, recipes.given(vae, b)) for a, b in parts])
    x_hat = vae.decode(vae.encode(x, recipes.given(vae, y))[0], recipes.given(vae, y))
    row: dict = {name: judge.read(drawn, test.y, labelled) for name, judge in judges.items()}
    for name, judge in judges.items():
        row[name]["feature error"] = squared_error(judge.net.features(x_hat), judge.h[::10]).item()
    if labelled:
        sources, written = rewritten(vae, test)
        for name, judge in judges.items():
            row[name] |= judge.transferred(written)
        row |= {f"{feature.__name__} from {label}": kept(feature, sources[label], written[label])
                for feature in (metrics.slant, metrics.thickness) for label in (1, 5)}  # fmt: skip
    if s.k == 2:
        grid = vae.decode(latent.normal_grid(20))
        row["kinds"] = {name: kinds(judge.net(grid)) for name, judge in judges.items()}
    if not s.model.endswith("gan"):
        binary = torch.bernoulli(x, generator=Generator().manual_seed(0))
        parts = zip(binary.split(250), y.split(250), strict=True)
        row["bound"] = torch.cat([bound(vae, *part, samples) for part in parts]).mean().item()
        row["active"] = metrics.active(vae.encode(x, recipes.given(vae, y))[0])
    return row


def bound(vae: models.VAE, x: Tensor, y: Tensor, samples: int) -> Tensor:
    found = metrics.iw_bound(
        metrics.log_weights(*recipes.log_weights_of(vae, y)), x, samples=samples
    )
    return found - math.log(10) if vae.D.n_classes else found  # log p(x) ≥ log p(x|y) + log 1/10


def rewritten(vae: models.VAE, test: data.Images) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """For every label 150 test digits, and each of them under all ten labels."""
    sources = {label: test.x[(test.y == label).nonzero()[:150, 0]] for label in range(10)}
    written = {
        label: latent.transfer(vae.decode, vae.encode(x, torch.full((len(x),), label))[0])
        for label, x in sources.items()
    }
    return sources, written


def kept(feature, x: Tensor, written: Tensor) -> float:
    """Correlation of a feature of x (N, …) and of what was written, mean over the ten labels."""
    pairs = [torch.stack([feature(x), feature(written[:, j])]) for j in range(10)]
    return sum(pair.corrcoef()[0, 1].item() for pair in pairs) / 10


def kinds(logits: Tensor) -> float:
    """exp of the entropy of the labels that are read: how many kinds of digits there are."""
    p = logits.argmax(dim=1).bincount(minlength=10) / len(logits)
    return math.exp(-torch.special.xlogy(p, p).sum().item())


def judges_of(test: data.Images, second: Path | None) -> dict[str, Judge]:
    """The classifier that ships, and a second one from a file that defines `load`."""
    judges = {"shipped": Judge(weights.pretrained("classifier", test.name), test)}
    if second:
        spec = importlib.util.spec_from_file_location("judge", second)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        judges["second"] = Judge(module.load(), test)
    return judges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("settings", nargs="*", help="key=value, see `Settings`")
    parser.add_argument("--judge", type=Path, help="a second classifier")
    parser.add_argument("--samples", type=int, default=50, help="K of the bound")
    parser.add_argument("--log", type=Path, default=Path("build/search.jsonl"))
    options = parser.parse_args()
    of = {field.name: type(field.default) for field in fields(Settings)}
    changed = dict(setting.split("=") for setting in options.settings)
    s = Settings(options.model, **{k: of[k](json.loads(v.lower())) for k, v in changed.items()})
    torch.set_num_threads(1)
    vae, took = trained(s, data.load("mnist"))
    judges = judges_of(data.load("mnist", "test"), options.judge)
    row = {**asdict(s), **took, **measured(vae, s, judges, options.samples)}
    line = json.dumps(json.loads(json.dumps(row), parse_float=lambda x: round(float(x), 4)))
    options.log.parent.mkdir(parents=True, exist_ok=True)
    with options.log.open("a") as log:
        log.write(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
