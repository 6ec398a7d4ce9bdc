"""Packages that a page or a deck is built with, installed once by npm from a lock file."""

import shutil
import subprocess
from pathlib import Path

from course_utils.errors import CourseError

LOCK = "package-lock.json"


class NpmError(CourseError):
    """npm is missing, or could not do its work; the message says what to do."""


def install(source: Path, out: Path, *, purpose: str) -> Path:
    """Copy a folder with package.json and its lock file, and install what they name there.

    Nothing is installed again while the lock file stays the same.

    Args:
        source: the folder.
        out: the folder to work in.
        purpose: what needs npm, and for what, e.g. "Slides need Node.js with npm".

    Returns:
        `out`, with the folder node_modules in it.

    Raises:
        NpmError: where there is no npm, or it cannot download.
    """
    wanted = (source / LOCK).read_bytes()
    fetched = out / "node_modules" / ".fetched"
    ready = fetched.exists() and fetched.read_bytes() == wanted
    npm = shutil.which("npm")
    if not npm and not ready:
        raise NpmError(
            f"{purpose}: install Node.js (https://nodejs.org), then run this command again."
        )
    # Not what a developer has beside it, and nothing that was deleted there since.
    for old in set(out.glob("*")) - {out / "node_modules"}:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    beside = shutil.ignore_patterns("node_modules", "public", "dist")
    shutil.copytree(source, out, dirs_exist_ok=True, ignore=beside)
    if not ready:
        run(out, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        fetched.write_bytes(wanted)
    return out


def run(folder: Path, *arguments: str) -> None:
    """Run npm in a folder.

    Args:
        folder: with package.json.
        arguments: of npm.

    Raises:
        NpmError: where it fails; what npm says stands above.
    """
    command = [shutil.which("npm") or "npm", *arguments]
    if subprocess.run(command, cwd=folder).returncode:
        raise NpmError(
            f"npm did not finish; its messages stand above. The command was {' '.join(command)},"
            f" in {folder}."
        )
