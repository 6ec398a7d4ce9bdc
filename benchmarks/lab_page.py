"""The lab page in Chromium, served from localhost: how fast it loads, answers and generates."""

import json
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from course_tools.publish import lab_page
from course_utils.errors import CourseError

LOADS, SECONDS = 5, 3
WARM = 2  # seconds of drawing before, in which the browser compiles what runs often
# Draws on the sheet, a point for every frame of the screen, and counts the answers shown meanwhile.
DRAW = """(seconds) => new Promise((done) => {
  const paper = document.querySelector(".paper"), shown = document.querySelector(".answers");
  const box = paper.getBoundingClientRect(), start = performance.now();
  const count = () => Number(shown.dataset.answers ?? 0), before = count();
  paper.setPointerCapture = () => {};
  const send = (kind, t) => paper.dispatchEvent(new PointerEvent(kind, {
    clientX: box.left + box.width * (0.5 + 0.3 * Math.sin(t)),
    clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(2 * t)), buttons: 1, pointerId: 1 }));
  send("pointerdown", 0);
  const go = (now) => {
    send("pointermove", (now - start) / 400);
    if (now - start < 1000 * seconds) requestAnimationFrame(go);
    else done((count() - before) / seconds);
  };
  requestAnimationFrame(go);
})"""
# Milliseconds of a call, several times.
TIMES = """async ([name, ...rest]) => {
  const noise = maths.normal(240, 1), y = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], times = [];
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    if (name === "flow") await lab.call("flow", noise, 24, y, 1.5, 20);
    else await lab.call("generate", name, noise, 24, y);
    times.push(performance.now() - start);
  }
  return times.slice(2);
}"""


@contextmanager
def page_of(browser: Browser, address: str) -> Iterator[Page]:
    """Open the page anew, with nothing in the browser's cache, and wait for its models."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.lab?.ready", timeout=120_000)
    yield page
    context.close()


def measure() -> dict[str, list[float]]:
    """Return several values for every figure, by its name; none where the page cannot be built."""
    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if not path:
        return {}
    with tempfile.TemporaryDirectory() as place:
        try:
            lab_page.build(Path(place))
        except CourseError as reason:
            print(reason)
            return {}
        with lab_page.server(Path(place)) as server, sync_playwright() as playwright:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-gpu"]
            )
            found = _sizes(Path(place))
            found |= _speeds(browser, f"http://localhost:{server.server_address[1]}/")
            browser.close()
            server.shutdown()
    return found


def _sizes(folder: Path) -> dict[str, list[float]]:
    about = json.loads((folder / "models" / "manifest.json").read_text(encoding="utf-8"))
    graphs = [graph for model in about["models"].values() for graph in model["graphs"].values()]
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "page_mb": [total / 1e6],
        "models_mb": [sum(graph["bytes"] for graph in graphs) / 1e6],
    }


def _speeds(browser: Browser, address: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"load_s": [], "answers_s": []}
    for _ in range(LOADS):
        with page_of(browser, address) as page:
            found["load_s"].append(page.evaluate("performance.now() / 1000"))
            page.evaluate(DRAW, WARM)
            found["answers_s"].append(page.evaluate(DRAW, SECONDS))
    with page_of(browser, address) as page:
        for name in page.evaluate("Object.keys(lab.manifest.models)"):
            if name == "classifier":
                continue
            times = page.evaluate(TIMES, [name])
            if name == "flow":
                found["flow_s"] = [statistics.median(times) / 1000]
            found[f"{name}.images_s"] = [10_000 / ms for ms in times]
    return found
