"""MathJax, which draws the formulas of the site in the browser and those of the decks at build."""

import atexit
import functools
import importlib.util
import json
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

from course_utils.errors import CourseError

PACKAGE = "sphinx-mathjax-offline"  # MathJax 3.2.2 as npm has it, file by file
ALPHABET = re.compile(r'<mi[^>]* mathvariant="(script|double-struck)"[^>]*>([A-Z])</mi>')
# It reads one formula a line, as JSON, and writes each as MathML, or null where it has an error.
SCRIPT = r"""
const lines = require("readline").createInterface({ input: process.stdin });
const fail = (_, error) => { throw error; };
const packages = { "[-]": ["noundefined", "noerrors"], "[+]": ["html"] };
// \hot{2}{…}: what a slide lights at its second step
const macros = { hot: ["\\class{hot-#1}{#2}", 2] };
const tex = { packages, macros, formatError: fail };
const load = ["input/tex", "[tex]/html"];
require(process.argv[1]).init({ loader: { load }, tex }).then((MathJax) => {
  lines.on("line", (line) => {
    const { tex, display } = JSON.parse(line);
    let text = null;
    try { text = MathJax.tex2mml(tex, { display }); } catch {}
    console.log(JSON.stringify(text));
  });
});
"""


class FormulaError(CourseError):
    """A formula that cannot be drawn."""


def folder() -> Path:
    """Return the folder with MathJax's files, which a package of the extra `site` brings along.

    Raises:
        SystemExit: where it is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if not found or not found.submodule_search_locations:
        raise SystemExit("Formulas need MathJax: pip install -e '.[site]'")
    return Path(found.submodule_search_locations[0]) / "static" / "mathjax"


@functools.cache
def mathml(tex: str, display: bool) -> str:
    """Return a formula as MathML, which every browser shows without a script.

    Args:
        tex: the formula, in LaTeX.
        display: whether it stands on its own.

    Raises:
        SystemExit: where there is no Node.js.
        FormulaError: for a formula that MathJax does not understand, or where it has ended.
    """
    process = _converter()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise FormulaError("Node.js, which draws the formulas, has ended. Try again")
    text = json.loads(line)
    if text is None:
        raise FormulaError(f"MathJax does not understand this formula: {tex}")
    # With this attribute nbconvert would give the tags in headings a prefix.
    text = text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    text = re.sub(r">\s+<", "><", text)
    # Browsers know no alphabets but the usual one, and put no space between log and its argument.
    text = ALPHABET.sub(lambda found: f"<mi>{_letter(found[1], found[2])}</mi>", text)
    return text.replace('texclass="NONE">&#x2061;', 'texclass="NONE" rspace="0.17em">&#x2061;')


def _letter(alphabet: str, letter: str) -> str:
    try:
        return unicodedata.lookup(f"MATHEMATICAL {alphabet} CAPITAL {letter}")
    except KeyError:  # a few letters, such as ℝ, are older than their alphabet
        return unicodedata.lookup(f"{alphabet} CAPITAL {letter}")


@functools.cache
def _converter() -> subprocess.Popen:
    """Start MathJax once; it ends with this process."""
    node = shutil.which("node")
    if not node:
        raise SystemExit("The formulas of the decks need Node.js: https://nodejs.org")
    process = subprocess.Popen(
        [node, "-e", SCRIPT, str(folder() / "node-main.js")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    atexit.register(process.communicate)
    return process
