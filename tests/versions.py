"""The course with other versions: of Python, and of what it is built on.

    python3.12 tests/versions.py newest           the suite with the newest this Python can have
    python3.10 tests/versions.py oldest -k vae    the oldest allowed; what follows goes to pytest
    python3 tests/versions.py colab 03 04         these lessons (default: all) and their student
                                                  versions, with what Colab has
    .venv/bin/python tests/versions.py refresh preinstalled.txt
                                                  writes tests/colab.txt from Colab's own list

Each makes an environment of its own in build/ and leaves .venv alone. On Colab, the list comes from
`!pip freeze > preinstalled.txt`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLAB = ROOT / "tests" / "colab.txt"
# No tomllib in Python 3.10, and nothing is installed yet.
BOUND = re.compile(r'^ +"([\w-]+)>=([\d.]+)"', re.MULTILINE)
# What the oldest packages need and do not ask for: their authors could not know what came later.
OF_THEIR_TIME = ["protobuf<7"]  # onnxscript 0.2 writes a boolean where an integer belongs
# What runs a notebook, beside what a lesson imports.
KERNEL = (
    "ipykernel",
    "nbclient",
    "nbformat",
    "pip",
)
# No kernel needs it, and Colab's is not one that its ipywidgets allows.
FRONT_END = ("jupyterlab-widgets",)
VIEW = "application/vnd.jupyter.widget-view+json"
LIVE = re.compile(r"^ *figures\.(slider|sliders|stage|pad|drawing)\(", re.MULTILINE)
# In place of Colab's own module; its display hook and its front end cannot be had elsewhere.
STAND_IN = """
import sys, types
colab = sys.modules["google.colab"] = types.ModuleType("google.colab")
colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: print("widgets on"))
"""


def declared(text: str) -> dict[str, str]:
    """Packages in a part of pyproject.toml → their lower bounds; an extra may ask for more than a
    lesson does.
    """
    found: dict[str, str] = {}
    for name, version in BOUND.findall(text):
        found[name] = max(
            found.get(name, ""),
            version,
            key=lambda bound: [int(part) for part in bound.split(".") if part],
        )
    return found


def oldest() -> list[str]:
    """Every lower bound as a pin of its first two numbers, its patches free."""
    bounds = declared((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [
        (
            f"{name}=={version}"
            if version.count(".") > 1
            else f"{name}=={version}{'.0' * ('.' not in version)}.*"
        )
        for name, version in bounds.items()
    ]


def of_a_lesson() -> list[str]:
    """What a lesson imports, with lower bounds."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    part = text.split("\ndependencies = [")[1].split("\n]")[0]
    return [f"{name}>={version}" for name, version in declared(part).items()]


def environment(which: str) -> tuple[Path, list[str | Path]]:
    """A new environment's Python, and the command with which packages come into it."""
    place = ROOT / "build" / f"python{sys.version_info.major}.{sys.version_info.minor}-{which}"
    print(f"{place}: PyTorch alone takes minutes", flush=True)
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    return python, [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def suite(which: str, arguments: list[str]) -> int:
    python, install = environment(which)
    pins = python.parents[1] / "pins.txt"
    chosen = [*oldest(), *OF_THEIR_TIME] if which == "oldest" else []
    pins.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    subprocess.run([*install, "--constraint", pins, "--editable", f"{ROOT}[dev]"], check=True)
    # What old packages say of each other's newer versions is no fault of ours.
    old = ["-W", "default"] * (which == "oldest")
    return subprocess.run(
        [python, "-m", "pytest", *old, *arguments], cwd=ROOT, check=False
    ).returncode


def refresh(preinstalled: Path) -> int:
    """Keep of Colab's list what a lesson and its kernel need; what is Nvidia's follows from
    PyTorch.
    """
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = dict(
        re.findall(r"^([\w.-]+)==(\S+)$", preinstalled.read_text(encoding="utf-8"), re.MULTILINE)
    )
    there = {canonicalize_name(name): version.split("+")[0] for name, version in pins.items()}
    needed, left = set(), [*of_a_lesson(), *KERNEL]
    while left:
        asked = Requirement(left.pop())
        name = canonicalize_name(asked.name)
        if (
            name in needed
            or name.startswith("nvidia")
            or (asked.marker and not asked.marker.evaluate({"extra": ""}))
        ):
            continue
        needed.add(name)
        try:
            left += requires(name) or []
        except PackageNotFoundError:  # of another platform
            pass
    lines = [f"{name}=={there[name]}" for name in sorted(needed & there.keys() - set(FRONT_END))]
    about = (
        "# What Colab has of what a lesson needs; written by `python tests/versions.py refresh"
        " LIST`.\n"
    )
    COLAB.write_text(about + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{COLAB}: {len(lines)} packages; Colab lacks {', '.join(sorted(needed - there.keys()))}")
    return 0


def colab(numbers: list[str]) -> int:
    """Lessons as a student opens them there: the first cell installs a tag, in a kernel that has
    what Colab has.
    """
    python, install = environment("colab")
    subprocess.run([*install, "--constraint", COLAB, *of_a_lesson(), *KERNEL], check=True)
    subprocess.run(
        [python, "-m", "pip", "uninstall", "--quiet", "--yes", "generative-models-course"],
        check=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        tag = tagged(Path(folder))
        plan = subprocess.run(
            [*install, "--dry-run", "--report", "-", tag], check=True, stdout=subprocess.PIPE
        ).stdout
        wanted = [entry["metadata"]["name"] for entry in json.loads(plan)["install"]]
        print(f"pip would install {', '.join(wanted)}", flush=True)
        if wanted != ["generative-models-course"]:
            raise SystemExit(
                "On Colab, installing the course would replace or add packages: see the lower"
                " bounds."
            )
        before = freeze(python)
        here = {**os.environ, "COURSE_DATASET": "digits", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        ran = subprocess.run(
            [python, __file__, "run", tag, *numbers], env=here, cwd=folder, check=False
        ).returncode
        changed = before ^ freeze(python)
    if any(not line.startswith("generative-models-course") for line in changed):
        raise SystemExit(f"The first cell changed what was there: {', '.join(sorted(changed))}")
    return ran


def tagged(folder: Path) -> str:
    """The course as it stands here, under a tag in a repository of its own, as pip takes it."""
    copy = folder / "course"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    git = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=main",
    ]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v0"]):
        subprocess.run([*git, *command], cwd=copy, check=True)
    return f"git+{copy.as_uri()}@v0"


def freeze(python: Path) -> set[str]:
    said = subprocess.run(
        [python, "-m", "pip", "list", "--format", "freeze"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return set(said.stdout.splitlines())


def notebooks(numbers: list[str]) -> Iterator[Path]:
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if not numbers or path.name[:2] in numbers:
            yield path
            yield path.parent / "student" / path.name


def run(tag: str, numbers: list[str]) -> int:
    """Run notebooks in this environment's kernel.

    Whatever is live must carry its still picture, and be there at all. No library may warn.
    """
    import time

    import nbformat
    from nbclient import NotebookClient

    failed = []
    for path in notebooks(numbers):
        notebook = nbformat.read(path, as_version=4)
        cell = next(cell for cell in notebook.cells if "colab" in cell.metadata.get("tags", []))
        cell.source = STAND_IN + re.sub(r"git\+[^\"]+", tag, cell.source)
        expected = sum(
            len(LIVE.findall(cell.source)) for cell in notebook.cells if cell.cell_type == "code"
        )
        start, error = time.monotonic(), ""
        try:
            NotebookClient(
                notebook, timeout=3600, kernel_name="python3", resources={"metadata": {"path": "."}}
            ).execute()
        except Exception as failure:  # whatever it is, the other notebooks run, too
            error = str(failure)[-1500:]
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        live = [
            data
            for data in (output.get("data", {}) for output in outputs)
            if VIEW in data and ("image/png" in data or "text/html" in data)
        ]
        if not error and len(live) != expected:
            error = f"expected {expected} live pictures with a still one, got {len(live)}"
        said = "".join(o["text"] for o in outputs if o.get("name") == "stderr")
        if not error and "Warning" in said:
            error = f"expected no warning, got {said[-1500:]}"
        name = f"{path.parent.name}/{path.name}"
        print(
            f"{name}: {time.monotonic() - start:.0f} s, {len(live)} live, {error or 'ok'}",
            flush=True,
        )
        failed += [name] * bool(error)
    return int(bool(failed))


def main() -> int:
    which, *arguments = sys.argv[1:] or [""]
    if which in ("oldest", "newest"):
        return suite(which, arguments)
    if which == "colab":
        return colab(arguments)
    if which == "refresh" and len(arguments) == 1:
        return refresh(Path(arguments[0]))
    if which == "run" and arguments:
        return run(arguments[0], arguments[1:])
    raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
