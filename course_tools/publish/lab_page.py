"""`course lab-page`: draw a digit, and every model of the course answers in the browser.

The page is a folder of static files: no kernel, nothing from elsewhere. Vite builds it from
`lab_frontend/`; its models are made by `lab_models`, and ONNX Runtime Web runs them.
"""

import functools
import hashlib
import http.server
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

from course_tools.publish import lab_models, notebooks, npm
from course_utils import data, recipes, weights
from course_utils.errors import CourseError

FRONTEND = Path(__file__).parent / "lab_frontend"
RUNTIME = "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"
EXPORTER = ("onnx", "onnxscript")


def build(folder: Path, *, dataset: str | None = None) -> Path:
    """Write the lab page.

    Args:
        folder: where to; it may lie anywhere below a site.
        dataset: of models and test images; default: as in the lessons, MNIST if it is there.

    Returns:
        The path of its index.html.

    Raises:
        npm.NpmError: where npm is missing or fails.
        CourseError: where the exporter is missing, or no weights ship for the data set.
    """
    absent = [name for name in EXPORTER if not importlib.util.find_spec(name)]
    if absent:
        raise CourseError(
            f"The lab page needs {' and '.join(absent)} to export its models: pip install -e"
            " '.[site]'"
        )
    work = npm.install(
        FRONTEND,
        notebooks.ROOT / "build" / "lab_frontend",
        purpose="The lab page needs Node.js with npm, and a network the first time",
    )
    npm.run(work, "run", "--silent", "build")
    dataset = dataset or data.load("auto", "test").name
    manifest = folder / "models" / "manifest.json"
    if folder.is_dir() and any(folder.iterdir()) and not manifest.is_file():
        raise CourseError(
            f"Expected an empty folder or an earlier lab page in {folder}, found other files."
            " Empty it, or give another --out."
        )
    for old in ("assets", "models"):  # their names change with their content
        shutil.rmtree(folder / old, ignore_errors=True)
    shutil.copytree(work / "dist", folder, dirs_exist_ok=True)
    _write_models(folder / "models", dataset, runtime=work / RUNTIME)
    return folder / "index.html"


def _write_models(folder: Path, dataset: str, *, runtime: Path) -> None:
    """Write graphs, runtime, and the manifest that names each file with size and checksum."""
    folder.mkdir(parents=True)
    known, shipped = weights.manifest(), lab_models.shipped(dataset)
    about: dict[str, Any] = {}
    for name, model in shipped.items():
        stem = f"{lab_models.WEIGHTS[name]}_{dataset}"
        recipe = recipes.RECIPES[lab_models.WEIGHTS[name]]
        about[name] = {
            "weights": stem,
            "recipe": known.get(stem, {}).get("recipe", ""),
            "latent_dim": recipe.latent_dim,
            "conditional": recipe.conditional,
            "parameters": sum(p.numel() for p in model.state_dict().values()),
            "graphs": {},
        }
    about["flow"]["guidance"] = shipped["flow"].guidance
    for name, function, graph, packed in lab_models.files(dataset):
        file = _write(folder, f"{name}.{function}.onnx", packed)
        about[name]["graphs"][function] = {
            **file,
            "inputs": list(graph.inputs),
            "outputs": list(graph.outputs),
        }
    packed = lab_models.pack(runtime.read_bytes(), halves=False)
    manifest = {
        "dataset": dataset,
        "runtime": _write(folder, "runtime.wasm", packed),
        "models": about,
        **lab_models.measured(dataset),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _write(folder: Path, name: str, packed: bytes) -> dict[str, object]:
    digest = hashlib.sha256(packed).hexdigest()
    # The name holds the checksum, so that a browser never takes an old copy for the new file. The
    # suffix is one that no server declares to be compressed: the page itself unpacks.
    file = f"{name}.{digest[:8]}.z"
    (folder / file).write_bytes(packed)
    return {"file": file, "bytes": len(packed), "sha256": digest}


class _Handler(http.server.SimpleHTTPRequestHandler):
    # Windows takes the types from its registry, where that of .js may be wrong.
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def log_message(self, *said: object) -> None:
        """Say nothing of single requests."""


def server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """Return a server of static files on this machine alone; `serve_forever` starts it.

    Args:
        folder: with the page.
        port: 0 for any free one.
    """
    handler = functools.partial(_Handler, directory=str(folder))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def serve(folder: Path, port: int) -> int:
    """Build the page and serve it until Ctrl-C; return the exit code.

    Args:
        folder: where to write it.
        port: 0 for any free one.
    """
    notebooks.require_checkout()
    with server(build(folder).parent, port) as running:
        print(
            f"The lab page: http://localhost:{running.server_address[1]}/ (Ctrl-C ends it). Any"
            f" static host can serve the folder {folder}.",
            flush=True,
        )
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0
