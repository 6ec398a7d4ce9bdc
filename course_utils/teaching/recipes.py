"""How the weights that ship with the course were made: `python -m course_utils train NAME`."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils import data, metrics, models, runtime
from course_utils.training import fit


def jitter(x: Tensor) -> Tensor:
    """Each image (B, 1, H, W) turned by up to 10°, scaled by up to 10 %, moved by up to 2 of 28 pixels."""
    turn, scale, right, down = (torch.rand(4, len(x), device=x.device) * 2 - 1).unbind()
    turn, scale = turn * torch.pi / 18, 1 + 0.1 * scale
    cos, sin = turn.cos() * scale, turn.sin() * scale
    theta = torch.stack([cos, -sin, right / 7, sin, cos, down / 7], dim=1).view(-1, 2, 3)
    return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


def classifier(name: str, seed: int, out: Path | None) -> Path:
    """Train the digit classifier on data set `name`, print its test accuracy, write its weights and return their path."""
    runtime.seed_everything(seed)
    device = runtime.pick_device()
    train = data.load(name, "train", device=device)
    test = data.load(train.name, "test", device=device)
    net = models.Classifier().to(device)
    steps = 3000 if len(train) > 5000 else 1500
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(net(jitter(x)), y, label_smoothing=0.02)}

    history = fit(
        net, objective, data.batches(train, 128, seed=seed), steps, optimizer=optimizer, schedule=schedule, label=train.name
    )
    if len(history) < steps:
        raise SystemExit("Training did not reach its end; nothing was written.")
    score = metrics.accuracy(net.eval().half().float(), test.x, test.y)
    path = out or models.WEIGHTS / f"classifier_{train.name}.safetensors"
    about = {"model": "classifier", "data": train.name, "images": str(len(train)), "seed": str(seed), "steps": str(steps)}
    models.save_weights(net, path, {**about, "test accuracy": f"{score:.4f}"})
    print(f"{train.name}: {score:.2%} of {len(test)} test images; {path} ({path.stat().st_size / 1e6:.2f} MB)")
    return path
