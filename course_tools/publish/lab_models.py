"""What the lab page needs of the models: their functions as ONNX graphs, and what was measured.

Everything is made from the weights that ship and from test images, and kept in `build/` under a
checksum of what it was made from.
"""

import base64
import hashlib
import json
import logging
import math
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from course_tools.publish import notebooks
from course_utils import atomic, data, layers, models, recipes, weights
from course_utils.errors import CourseError

CACHE = notebooks.ROOT / "build" / "lab_models"
# The page's models and the weights behind them. Its VAE is the one with as many latent dimensions
# as its PCA and its autoencoder. The flow is left out where its weights do not ship.
WEIGHTS = {
    **{name: name for name in ("classifier", "pca", "ae", "vae2", "cvae", "vae_gan", "cvae_gan")},
    "vae": "vae_bound",
    "gan": "gan",
    "cgan": "cgan",
    "flow": "latent_flow_label",
}
CALIBRATION, CODES, REJECTED = 1000, 600, 0.05
LATENT = ("vae", "cvae", "vae_gan", "cvae_gan")  # models whose dimensions have a cost, the KL

Function = Callable[..., Tensor | tuple[Tensor, ...]]


@dataclass(frozen=True)
class Graph:
    """One function of a model, as the page calls it.

    Attributes:
        function: of the tensors named in `inputs`.
        inputs: a letter each: x images (B, 1, 28, 28), z codes or noise (B, k), t times (B,),
            y labels (B,), int64.
        outputs: their names.
    """

    function: Function
    inputs: str
    outputs: tuple[str, ...]


class _Module(nn.Module):
    """A function as a module, with the model whose weights it uses: what `torch.onnx` exports."""

    def __init__(self, function: Function, model: nn.Module) -> None:
        super().__init__()
        self.function, self.model = function, model

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.function(*inputs)


def graphs_of(model: nn.Module) -> dict[str, Graph]:
    """Return the functions of a model that the page calls, by name."""
    if isinstance(model, models.Classifier):
        return {"classify": Graph(model, "x", ("logits",))}
    if isinstance(model, models.PCA):
        return _of_pca(model)
    if isinstance(model, models.DrawingAE):
        return _of_autoencoder(model)
    if isinstance(model, models.VAE):
        label = "y" if model.D.n_classes else ""

        def decode(*code: Tensor) -> tuple[Tensor, Tensor]:
            logits = model.logits(*code)
            return logits.sigmoid(), logits

        return {
            "encode": Graph(model.encode, "x" + label, ("mu", "log_var")),
            "decode": Graph(decode, "z" + label, ("image", "logits")),
        }
    if isinstance(model, models.Decoder):
        label = "y" if model.n_classes else ""
        return {"decode": Graph(lambda *code: model(*code).sigmoid(), "z" + label, ("image",))}
    return {  # the latent flow; its decoder is that of the autoencoder, which the page has already
        "velocity": Graph(model.velocity, "zty", ("v",)),
        "prior": Graph(lambda z: z * model.scale + model.mean, "z", ("code",)),
    }


def _of_pca(pca: models.PCA) -> dict[str, Graph]:
    k, d = pca.axes.shape
    kept, noise = pca.eigenvalues[:k], float(pca.noise)
    # `PCA.log_prob` asks whether there is noise; a graph cannot, so here is the formula alone.
    constant = d * math.log(2 * math.pi) + float(kept.log().sum()) + (d - k) * math.log(noise)

    def encode(x: Tensor) -> tuple[Tensor, Tensor]:
        z = pca.encode(x.flatten(1))
        outside = (x.flatten(1) - pca.decode(z)).square().sum(dim=1)
        return z, -0.5 * (constant + (z.square() / kept).sum(dim=1) + outside / noise)

    scale = (kept - noise).clamp(min=0).sqrt()
    return {
        "encode": Graph(encode, "x", ("code", "log_p")),
        "decode": Graph(
            lambda z: pca.decode(z).clamp(0, 1).unflatten(1, (1, 28, 28)), "z", ("image",)
        ),
        "prior": Graph(lambda z: z * scale, "z", ("code",)),
    }


def _of_autoencoder(ae: models.DrawingAE) -> dict[str, Graph]:
    whiten = torch.linalg.inv(ae.root)
    constant = len(ae.mean) * math.log(2 * math.pi) + 2 * float(ae.root.diagonal().log().sum())

    def encode(x: Tensor) -> tuple[Tensor, Tensor]:
        z = ae.encode(x)
        distance = ((z - ae.mean) @ whiten.T).square().sum(dim=1)
        return z, -0.5 * (constant + distance)  # log density of the Gaussian fitted to the codes

    return {
        "encode": Graph(encode, "x", ("code", "log_p")),
        "decode": Graph(lambda z: ae.decode(z), "z", ("image",)),
        "prior": Graph(lambda z: ae.mean + z @ ae.root.T, "z", ("code",)),
    }


def shipped(dataset: str) -> dict[str, nn.Module]:
    """Return the page's models with the weights that ship for a data set, by the page's names.

    Raises:
        CourseError: where no weights ship for it.
    """
    found = {}
    for name, file in WEIGHTS.items():
        try:
            found[name] = weights.pretrained(file, dataset)
        except FileNotFoundError as missing:
            raise CourseError(
                f"The lab page shows models whose weights ship: {missing}. Or set COURSE_DATASET to"
                " mnist or digits."
            ) from missing
    return found


def sample_inputs(graph: Graph, k: int, n: int, *, seed: int = 0) -> tuple[Tensor, ...]:
    """Return random inputs for a graph.

    Args:
        graph: the graph.
        k: length of a code.
        n: batch size.
        seed: of the random numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    make = {
        "x": lambda: torch.rand(n, 1, 28, 28, generator=generator),
        "z": lambda: torch.randn(n, k, generator=generator),
        "t": lambda: torch.rand(n, generator=generator),
        "y": lambda: torch.randint(10, (n,), generator=generator),
    }
    return tuple(make[name]() for name in graph.inputs)


def export(graph: Graph, model: nn.Module, k: int) -> bytes:
    """Return a graph in ONNX's format, for any batch size.

    Weights that float16 holds without loss, as those that ship are, are stored in it and cast back
    by the graph: half the size, and the same numbers.

    Args:
        graph: the graph.
        model: the model whose weights it uses.
        k: length of a code.
    """
    # With a limit: else PyTorch 2.6 fixes the batch where a label joins an image.
    batch = torch.export.Dim("batch", max=1_000_000)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # on its own progress, for the authors of exporters
        program = torch.onnx.export(
            _Module(graph.function, model).eval(),
            sample_inputs(graph, k, 2),
            dynamo=True,
            dynamic_shapes=(tuple({0: batch} for _ in graph.inputs),),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _store_as_half(proto)
    del proto.graph.value_info[:]  # shapes in between, which a runtime infers itself
    for node in proto.graph.node:
        del node.metadata_props[:]  # where in Python a node comes from: the paths of this machine
        node.doc_string = ""
    return proto.SerializeToString()


def _store_as_half(proto) -> None:
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in proto.graph.initializer:
        value = numpy_helper.to_array(tensor)
        half = value.astype("float16") if tensor.data_type == TensorProto.FLOAT else None
        if half is None or value.size < 64 or (half.astype("float32") != value).any():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name + ".half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        proto.graph.node.insert(0, node)


def pack(content: bytes, *, halves: bool) -> bytes:
    """Compress a file for the page.

    Args:
        content: of the file.
        halves: put the bytes at even places before those at odd places. The first byte of a
            float16, its sign and exponent, compresses well, the second not at all; apart they
            take a tenth less.
    """
    if not halves:
        return zlib.compress(content, level=9)
    # Weights hardly repeat themselves, but each tensor has its own distribution: shorter blocks
    # (6 instead of 8) and fewer matches (filtered) save 2 %.
    how = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 6, zlib.Z_FILTERED)
    return how.compress(content[0::2] + content[1::2]) + how.flush()


def unpack(packed: bytes, *, halves: bool) -> bytes:
    """Return what was given to `pack`."""
    content = zlib.decompress(packed)
    if not halves:
        return content
    out, half = bytearray(len(content)), (len(content) + 1) // 2
    out[0::2], out[1::2] = content[:half], content[half:]
    return bytes(out)


def files(dataset: str) -> Iterator[tuple[str, str, Graph, bytes]]:
    """Export all graphs, or take them from the cache.

    Args:
        dataset: the data set of the weights.

    Yields:
        The page's name of the model, that of the function, the graph, and its packed file.
    """
    for name, model in shipped(dataset).items():
        k = recipes.RECIPES[WEIGHTS[name]].latent_dim
        for function, graph in graphs_of(model).items():
            path = CACHE / f"{name}.{function}.{_key(dataset, name)}.onnx.z"
            if not path.exists():
                atomic.write(path, pack(export(graph, model, k), halves=True))
            yield name, function, graph, path.read_bytes()


def measured(dataset: str) -> dict:
    """Measure on test images what the page shows beside a drawing, or take it from the cache.

    Args:
        dataset: the data set of weights and images.

    Returns:
        For JSON: examples to pick, detectors with their thresholds, codes of the 2-D VAE, and the
        cost of each latent dimension.
    """
    path = CACHE / f"measured.{_key(dataset, *WEIGHTS)}.json"
    if not path.exists():
        found = _measure(shipped(dataset), data.load(dataset, "test"))
        atomic.write(path, json.dumps(found).encode())
    return json.loads(path.read_bytes())


def _key(dataset: str, *names: str) -> str:
    """A checksum of what a file is made from: weights, code, and PyTorch's version."""
    made_from = hashlib.sha256(torch.__version__.encode())
    for code in (__file__, layers.__file__, models.__file__, data.__file__):
        made_from.update(Path(code).read_bytes())
    for name in names:
        path = weights.FOLDER / f"{WEIGHTS[name]}_{dataset}.safetensors"
        made_from.update(path.read_bytes())
    return f"{dataset}.{made_from.hexdigest()[:16]}"


@torch.no_grad()
def _measure(known: dict[str, nn.Module], test: data.Images) -> dict:
    x = test.x[: 2 * CALIBRATION]
    kinds = data.non_digits(x.chunk(2)[1][:300])  # of the half that sets no threshold
    detectors = {name: (f, _calibrated(f, x, kinds)) for name, f in scores(known).items()}
    digits = [test.x[test.y == label][0] for label in range(10)]
    others = {kind: _typical(images, detectors) for kind, images in kinds.items()}
    mu = known["vae2"].encode(test.x[:CODES].round())[0]
    return {
        "examples": [
            *({"label": str(label), "pixels": _bytes(image)} for label, image in enumerate(digits)),
            *({"label": kind, "pixels": _bytes(image)} for kind, image in others.items()),
        ],
        "detectors": {name: about for name, (_, about) in detectors.items()},
        "codes": {"z": mu.tolist(), "y": test.y[:CODES].tolist()},
        "cost": {name: _cost(known[name], x, test.y[: len(x)]) for name in LATENT},
    }


def scores(known: dict[str, nn.Module]) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return three scores for "this is a digit": images (B, 1, 28, 28) → (B,), higher is surer."""
    classify = known["classifier"]
    return {
        "certainty": lambda x: classify(x).softmax(dim=1).amax(dim=1),
        "density": lambda x: graphs_of(known["pca"])["encode"].function(x)[1],
        "code": lambda x: graphs_of(known["ae"])["encode"].function(x)[1],
    }


def _calibrated(score: Callable, x: Tensor, kinds: dict[str, Tensor]) -> dict:
    """The threshold that rejects `REJECTED` of the first half of x, and what it rejects else.

    `quantiles` are those of the same half, 0 %, 5 %, … 100 %, to show where a drawing lies.
    """
    first, second = (data.in_batches(score, half).double() for half in x.chunk(2))
    threshold = first.quantile(REJECTED).item()

    def rejected(values: Tensor) -> float:
        return (values < threshold).double().mean().item()

    return {
        "threshold": threshold,
        "quantiles": first.quantile(torch.linspace(0, 1, 21, dtype=torch.float64)).tolist(),
        "rejects": {
            "digits": rejected(second),
            **{kind: rejected(score(images).double()) for kind, images in kinds.items()},
        },
    }


def _typical(images: Tensor, detectors: dict[str, tuple[Callable, dict]]) -> Tensor:
    """The first image of which the detectors say what they say most often of such images."""
    verdicts = torch.stack([f(images) >= about["threshold"] for f, about in detectors.values()])
    _, which, counts = verdicts.unique(dim=1, return_inverse=True, return_counts=True)
    return images[(which == counts.argmax()).nonzero()[0, 0]]


def _cost(vae: models.VAE, x: Tensor, y: Tensor) -> list[float]:
    """The mean KL divergence of each latent dimension, in nats."""
    mu, log_var = vae.encode(x, y) if vae.D.n_classes else vae.encode(x)
    return (0.5 * (log_var.exp() + mu.square() - 1 - log_var)).mean(dim=0).tolist()


def _bytes(image: Tensor) -> str:
    """An image in [0, 1] as bytes of ink, in base64."""
    return base64.b64encode((255 * image).round().byte().numpy().tobytes()).decode()
