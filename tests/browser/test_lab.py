"""Every untouched student version in JupyterLab: Run All reaches the end, every verdict is "not
started yet", nothing complains, and what can be moved moves the picture.
"""

import re
import shutil
from pathlib import Path

import pytest

from course_tools.publish import notebooks
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import TASKS

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()
FAILED = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']"
DONE = """([n, failed]) => document.querySelector(failed) ||
    n <= [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .filter(prompt => /\\[\\d+\\]/.test(prompt.textContent)).length"""
READY = (
    "/[|] Idle$/.test(document.querySelector('#jp-main-statusbar')?.textContent.match(/Python"
    " 3[^|]*[|] [A-Z][a-z]+/)?.[0])"
)
DRAG = Path(__file__).with_name("drag.js").read_text(encoding="utf-8")
# Milliseconds. A busy machine is slow; what takes longer than this does not end.
HANGS = 1_800_000
