"""What the lab page gets from the models: graphs, thresholds, packed files."""

import json

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from course_tools.publish import lab_models, lab_page, notebooks, npm
from course_utils import data, weights
from course_utils.errors import CourseError


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", "test")


def test_packing_loses_nothing(generator):
    for length in (0, 1, 2, 1001):
        content = torch.randint(256, (length,), generator=generator).byte().numpy().tobytes()
        for halves in (False, True):
            packed = lab_models.pack(content, halves=halves)
            assert lab_models.unpack(packed, halves=halves) == content


def test_halves_apart_take_less(generator):
    content = torch.randn(20_000, generator=generator).half().numpy().tobytes()
    whole, split = (len(lab_models.pack(content, halves=halves)) for halves in (False, True))
    assert split < 0.96 * whole


def test_log_densities_are_those_of_gaussians(digits):
    """Of PCA over pixels, and of the autoencoder's codes: against PyTorch's own Gaussian."""
    x = digits.x[:20]
    pca, ae = (weights.pretrained(name, "digits") for name in ("pca", "ae"))
    log_p = lab_models.graphs_of(pca)["encode"].function(x)[1]
    assert torch.allclose(log_p, pca.log_prob(x.flatten(1)), rtol=1e-5)
    z, log_p = lab_models.graphs_of(ae)["encode"].function(x)
    gaussian = MultivariateNormal(ae.mean.double(), scale_tril=ae.root.double())
    assert torch.allclose(log_p.double(), gaussian.log_prob(z.double()), atol=1e-3)


def test_a_detector_turns_away_what_it_was_set_to(generator):
    """And ranks a score as the share of calibration scores below it."""
    x = torch.rand(4000, 1, generator=generator)
    found = lab_models._calibrated(lambda x: x[:, 0], x, {"low": x * 0, "high": x + 1})
    assert abs(found["threshold"] - 0.05) < 0.015
    assert abs(found["rejects"]["digits"] - 0.05) < 0.015
    assert found["rejects"]["low"] == 1 and found["rejects"]["high"] == 0
    assert np.allclose(found["quantiles"], np.linspace(0, 1, 21), atol=0.03)


def test_an_example_is_what_the_detectors_mostly_say():
    images = torch.tensor([0.1, 0.9, 0.8, 0.95])[:, None]
    detectors = {"bright": (lambda x: x[:, 0], {"threshold": 0.5})}
    assert lab_models._typical(images, detectors).item() == pytest.approx(0.9)


def test_weights_are_stored_in_half_only_where_nothing_is_lost():
    onnx = pytest.importorskip("onnx")
    rounded, exact = torch.nn.Linear(20, 20), torch.nn.Linear(20, 20)
    with torch.no_grad():
        rounded.weight.copy_(rounded.weight.half().float())
        exact.weight.fill_(0.1)  # no float16 is 0.1
    model = torch.nn.Sequential(rounded, exact)
    graph = lab_models.Graph(model, "z", ("out",))
    proto = onnx.load_from_string(lab_models.export(graph, model, k=20))
    kinds = {tuple(t.dims): [] for t in proto.graph.initializer}
    for tensor in proto.graph.initializer:
        kinds[tuple(tensor.dims)].append(tensor.data_type)
    assert sorted(kinds[20, 20]) == sorted([onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT])
    z = torch.randn(3, 20)
    run = onnx.reference.ReferenceEvaluator(proto).run(None, {"z": z.numpy()})[0]
    assert np.allclose(run, model(z).detach().numpy(), atol=1e-5)


def test_a_data_set_without_weights_is_named():
    with pytest.raises(CourseError, match="kmnist"):
        lab_models.shipped("kmnist")


def test_without_npm_or_exporter_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    monkeypatch.setattr(lab_page, "EXPORTER", ())
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)  # where nothing was installed before
    with pytest.raises(npm.NpmError, match="npm"):
        lab_page.build(tmp_path / "lab")
    monkeypatch.setattr(lab_page, "EXPORTER", ("no_such_package",))
    with pytest.raises(CourseError, match=r"no_such_package .* pip install -e '\.\[site\]'"):
        lab_page.build(tmp_path / "lab")
    assert not (tmp_path / "lab").exists()


def test_the_lock_file_names_no_host():
    lock = (lab_page.FRONTEND / npm.LOCK).read_text(encoding="utf-8")
    assert '"resolved"' not in lock and "registry" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)


def test_npm_that_fails_says_what_it_was_to_do(tmp_path):
    if not npm.shutil.which("npm"):
        pytest.skip("there is no npm here")
    with pytest.raises(npm.NpmError, match="no-such-script"):
        npm.run(tmp_path, "run", "no-such-script")
