"""The suite with other versions: of Python, and of what the course is built on.

    python3.12 tests/versions.py newest           the newest of everything that this Python can have
    python3.10 tests/versions.py oldest -k vae    the oldest that pyproject.toml allows; what follows goes to pytest

makes an environment of its own in build/ and leaves .venv alone.
"""

import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOUND = re.compile(r'^ +"([\w-]+)>=([\d.]+)"', re.MULTILINE)  # no tomllib in Python 3.10, and nothing is installed yet


def oldest() -> list[str]:
    """Every lower bound as a pin of its first two numbers, its patches free."""
    found = BOUND.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [
        f"{name}=={version}" if version.count(".") > 1 else f"{name}=={version}{'.0' * ('.' not in version)}.*"
        for name, version in found
    ]


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in ("oldest", "newest"):
        raise SystemExit(__doc__)
    which, *arguments = sys.argv[1:]
    name = f"python{sys.version_info.major}.{sys.version_info.minor}-{which}"
    place = ROOT / "build" / name
    print(f"{place}: PyTorch alone takes minutes", flush=True)
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pins = place / "pins.txt"
    pins.write_text("\n".join(oldest() if which == "oldest" else []) + "\n", encoding="utf-8")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", pins]
    subprocess.run([*install, "--editable", f"{ROOT}[dev]"], check=True)
    old = ["-W", "default"] * (which == "oldest")  # what old packages say of each other's newer versions is no fault of ours
    return subprocess.run([python, "-m", "pytest", *old, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
