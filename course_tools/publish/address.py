"""The course's address on GitHub.

What is committed, links and Colab cells, follows pyproject.toml. What is built, site and decks,
follows the repository in which it is built.
"""

import os
import re
import subprocess
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_tools.publish import notebooks

PLACEHOLDER = "OWNER/REPOSITORY"
BRANCH = "main"
REMOTE = re.compile(r"(?:^|[/@])github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
LINK = re.compile(r"\n*\[Open in Colab\]\([^)]*\)")
CELL = """#@title On Colab, this installs the course. Elsewhere it does nothing.
import sys
if "google.colab" in sys.modules:
    %pip install -q "git+ADDRESS"
    sys.modules["google.colab"].output.enable_custom_widget_manager()"""


@dataclass(frozen=True)
class Address:
    """An address on GitHub.

    Attributes:
        repo: "owner/name".
        ref: a tag or branch.
    """

    repo: str
    ref: str

    @property
    def url(self) -> str:
        """The address of the repository."""
        return f"https://github.com/{self.repo}"

    @property
    def pages(self) -> str:
        """The address at which GitHub Pages shows the site."""
        owner, name = self.repo.split("/")
        host = f"{owner.lower()}.github.io"
        return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"

    def file(self, file: str) -> str:
        """Return the address at which GitHub shows a file of the repository."""
        return f"{self.url}/blob/{self.ref}/{file}"

    def edit(self, file: str) -> str:
        """Return the address at which one proposes a change to a file of the repository."""
        return f"{self.url}/edit/{BRANCH}/{file}"

    def colab(self, file: str) -> str:
        """Return the address at which Colab opens a file of the repository."""
        return f"https://colab.research.google.com/github/{self.repo}/blob/{self.ref}/{file}"

    def cell(self) -> str:
        """Return the source of the cell that installs the course on Colab."""
        return CELL.replace("ADDRESS", f"{self.url}@{self.ref}")


def read() -> Address:
    """Return the address in pyproject.toml."""
    project = notebooks.pyproject()
    repo = project["project"]["urls"]["Repository"].removeprefix("https://github.com/")
    return Address(repo, project["tool"]["course"]["ref"])


def from_git() -> Address | None:
    """Return the address of the repository that this is a clone of; None where git knows none.

    It is that of the remote `origin`, with the tag of this commit or, without one, the branch.
    """
    found = REMOTE.search(_git("remote", "get-url", "origin"))
    if not found:
        return None
    ref = _git("describe", "--tags", "--exact-match") or _git("branch", "--show-current")
    return Address(found[1], ref or read().ref)


def derived() -> Address:
    """Return the address for what is built here.

    In a workflow of GitHub it is that of its repository, elsewhere that of `from_git`, and else
    the one in pyproject.toml.
    """
    if repo := os.environ.get("GITHUB_REPOSITORY"):
        return Address(repo, os.environ.get("GITHUB_REF_NAME") or BRANCH)
    return from_git() or read()


def _git(*arguments: str) -> str:
    """Return what git prints; "" where it cannot answer, or there is no git."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=notebooks.ROOT, capture_output=True, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def check() -> None:
    """Raise SystemExit while the address is the placeholder: links and Colab cells lead nowhere."""
    if read().repo == PLACEHOLDER:
        raise SystemExit(
            f"The address is still {PLACEHOLDER}: course address --from-git, or --repo owner/name"
            " --ref v1.0"
        )


def put(notebook: NotebookNode, file: str, address: Address | None) -> None:
    """Give a notebook its link to Colab and its Colab cell, or take both away.

    Args:
        notebook: changed in place.
        file: its path in the repository.
        address: of the course; None takes link and cell away.
    """
    title = notebook.cells[0]
    title.source = LINK.sub("", title.source)
    notebook.cells = [
        cell for cell in notebook.cells if "colab" not in cell.metadata.get("tags", [])
    ]
    if address:
        title.source += f"\n\n[Open in Colab]({address.colab(file)})"
        about = {
            "slideshow": {"slide_type": "skip"},
            "tags": ["colab"],
            "cellView": "form",
            "jupyter": {"source_hidden": True},
        }
        notebook.cells.insert(1, new_code_cell(address.cell(), metadata=about, id="colab"))
