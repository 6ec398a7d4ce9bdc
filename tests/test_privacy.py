"""Nothing that is committed names a machine, a person's folder, a secret, or a package registry;
links lead somewhere.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from course_tools.publish import notebooks

ROOT = notebooks.ROOT
TEXTS = {
    ".py",
    ".md",
    ".ipynb",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".css",
    ".js",
    ".ts",
    ".html",
    ".j2",
    ".cff",
    ".txt",
    ".lock",
    ".Dockerfile",
    "",
}
FORBIDDEN = {
    "a home folder": r"/home/\w+|/Users/\w+|[A-Z]:\\\\?Users\\",
    "a folder of one machine": r"(?<![\w<./])/(root|work|mnt|scratch)/\w+",
    "a registry's host": (
        r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|https?://(localhost|127\.0\.0\.1)[:/]\d*/simple"
    ),
    "an address of a person": r"[\w.+-]+@(?!example\.)[\w-]+\.(com|org|net|edu|io|de|ru)\b",
    "a secret": (
        r"ghp_\w{20}|github_pat_\w{20}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE"
        r" KEY|xox[bp]-\w{10}|hf_[A-Za-z]{30}"
    ),
}


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [
        path
        for path in paths
        if path.suffix in TEXTS and path.is_file() and path.name != Path(__file__).name
    ]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_committed_names(what):
    for path in committed():
        text = re.sub(r"[A-Za-z0-9+/=]{100,}", "", path.read_text(encoding="utf-8"))  # pictures
        found = re.search(FORBIDDEN[what], text)
        assert not found, (
            f"{path.relative_to(ROOT)} names {what}:"
            f" …{text[max(0, found.start() - 40) : found.end() + 20]}…"
        )


def test_every_link_to_a_file_of_the_course_leads_to_one():
    for path in committed():
        if path.suffix == ".md":
            texts = [path.read_text(encoding="utf-8")]
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        else:
            continue
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", "\n".join(texts)):
            if not re.match(r"[a-z]+:", link):
                assert (path.parent / link).exists(), (
                    f"{path.relative_to(ROOT)} links to {link}, which is not there"
                )
        for named in re.findall(
            r"`(?:python )?((?:benchmarks|course_utils|docker|docs|tests)/[\w./-]+)",
            "\n".join(texts),
        ):
            assert (ROOT / named).exists(), (
                f"{path.relative_to(ROOT)} names {named}, which is not there"
            )
