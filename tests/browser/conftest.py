"""A real Chromium.

Without one these tests are skipped with a reason, or fail where COURSE_TEST_ALL=1 asks for them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HANGS = 600_000  # milliseconds; a busy machine is slow, what takes longer than this does not end
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(what: str) -> None:
    if os.environ.get("COURSE_TEST_ALL") == "1":
        pytest.fail(f"COURSE_TEST_ALL=1, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium():
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        missing("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def packages():
    """The folder with what npm fetches, axe-core included."""
    if not shutil.which("npm"):
        missing("there is no npm here, so no deck can be built")
    from course_tools.publish import slides

    return slides.frontend()


class Watch:
    """A page, and all that it says or asks for that it should not."""

    def __init__(self, page) -> None:
        self.page, self.errors, self.requests = page, [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("request", lambda asked: self.requests.append(asked.url))

    @property
    def outside(self) -> list[str]:
        """Requests to anything but the file itself and what stands inside it."""
        return [
            url[:200] for url in self.requests if not url.startswith(("file:", "data:", "blob:"))
        ]


@pytest.fixture
def watched(chromium):
    """Makes pages of a size: watched(1280, 720) → Watch."""
    opened = []

    def make(width: int, height: int) -> Watch:
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(HANGS)
        opened.append(page)
        return Watch(page)

    yield make
    for page in opened:
        page.close()


@dataclass(frozen=True)
class Lab:
    address: str
    token: str
    folder: Path

    def page(self, name: str) -> str:
        return f"{self.address}/lab/tree/{name}?reset&token={self.token}"

    def end_kernels(self) -> None:
        """Give their memory back: nine lessons at once are too many for a small machine."""
        for session in json.load(urlopen(f"{self.address}/api/sessions?token={self.token}")):
            urlopen(
                Request(
                    f"{self.address}/api/sessions/{session['id']}?token={self.token}",
                    method="DELETE",
                )
            )


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium, trained):
    """A JupyterLab of its own. Every cell is in the page, also one that is not in view."""
    home = tmp_path_factory.mktemp("my Übungen")
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    (home / "work").mkdir()
    environment = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "COURSE_CACHE": trained,
    }
    log = open(home / "log", "w+")  # noqa: SIM115
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port-retries=50",
        f"--ServerApp.root_dir={home / 'work'}", "--LabApp.news_url=None", 
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=home / "work", env=environment, stdout=log, stderr=log)
    try:
        for _ in range(120):
            time.sleep(0.5)
            found = re.search(
                r"http://(?:localhost|127\.0\.0\.1):(\d+)/lab\?token=(\w+)",
                (home / "log").read_text(),
            )
            if found:
                break
        else:
            pytest.fail("JupyterLab did not start: " + (home / "log").read_text()[-2000:])
        yield Lab(f"http://localhost:{found[1]}", found[2], home / "work")
    finally:
        server.terminate()
        server.wait(20)
        log.close()
