"""Grading: honest work gets exactly its points, and nothing that a student controls gets more."""

import ast
import csv
import dataclasses
import hashlib
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attacks
import nbformat
import pytest

from course_tools.classroom import overrides, tables
from course_tools.classroom import report as reports
from course_tools.classroom.grades import best
from course_tools.classroom.names import same, shown
from course_tools.grading import collect as collecting
from course_tools.grading import extract, mark, protocol, sandbox
from course_tools.grading import run as grading
from course_tools.publish import notebooks
from course_tools.publish.student_version import STUDENT
from course_utils import exercises

LESSON = notebooks.find("07")[0]
FULL = {
    "fooling_loss": "1",
    "both_turns": "3",
    "value_at_best": "2",
    "js_bound": "2",
    "modes_found": "2",
}
NONE = dict.fromkeys(FULL, "0")
SECRET = "a secret of the grader"

needs_bwrap = pytest.mark.skipif(
    not shutil.which("bwrap"), reason="bubblewrap is not installed here"
)
if (
    os.environ.get("COURSE_TEST_ALL") == "1" and sys.platform == "linux"
):  # as in CI: what is missing is a failure
    needs_bwrap = pytest.mark.filterwarnings("error")
needs_forks = pytest.mark.skipif(
    not shutil.which("bwrap") or not sandbox.forks(),
    reason="a process in bubblewrap cannot make namespaces here",
)
pytestmark = [needs_bwrap, pytest.mark.slow]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Tasks end sooner than in a real grading, and the environment holds something to steal."""
    monkeypatch.setattr(sandbox, "SECONDS", 5.0)
    monkeypatch.setenv("SECRET_TOKEN", SECRET)


def attacked(job: mark.Job) -> mark.Mark:
    """Return the mark of the function that `attacks` attacks with."""
    return next(each for each in mark.mark(job) if each.task == "value_at_best")


def run(folder: Path, out: Path, **settings) -> dict[str, dict[str, str]]:
    """Grade a folder. Returns points by student and task, and reasons under the key (student)!"""
    assert grading.grade(folder, out, **settings) == 0
    return table(out)


def table(out: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["task"].startswith(extract.THINK):
                found.setdefault(row["student"], {})[row["task"]] = row["points"]
    return found


def reasons(out: Path, task: str) -> dict[str, str]:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["student"]: row["reason"]
            for row in csv.DictReader(file)
            if row["task"] in (task, "")
        }


def hand_in(folder: Path, student: str, notebook: dict | nbformat.NotebookNode) -> Path:
    path = folder / student / "07_gan.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def digest(folder: Path) -> dict[str, str]:
    """All plain files below a folder, with the hashes of their bytes."""
    files = [path for path in _plain(folder) if path.stat().st_size < 10**8]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _plain(folder: Path, levels: int = 6) -> list[Path]:
    inside = sorted(folder.iterdir()) if levels else []
    below = [
        path
        for each in inside
        if each.is_dir() and not each.is_symlink()
        for path in _plain(each, levels - 1)
    ]
    return below + [path for path in inside if path.is_file() and not path.is_symlink()]


def late() -> str:
    """The right answer, after the limit."""
    source = next(cell.source for cell in LESSON.read().cells if "def value_at_best" in cell.source)
    head, rest = source.split(":\n", 1)
    return f"{head}:\n    __import__('time').sleep(100)\n{rest}"


ATTACKS = {**attacks.ATTACKS, "late": late()}


@dataclasses.dataclass(frozen=True)
class Batch:
    """Everything at once, as `course grade` left it.

    Attributes:
        folder: what was handed in.
        out: the grades of all but `attacks.BLIND`.
        points: of everybody, by student and task.
        reasons: for the task that is attacked, by student.
        pages: the feedback, by the name of its file.
        before: the files that no attack may change, as they were before.
        after: the same, as they are afterwards.
        port: the port of this machine that the attacks know; somebody listened there.
    """

    folder: Path
    out: Path
    points: dict[str, dict[str, str]]
    reasons: dict[str, str]
    pages: dict[str, str]
    before: dict[str, str]
    after: dict[str, str]
    port: socket.socket


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """All attacks and all that is broken, with three honest students among it. What looks around
    gets the time to look at everything there is, in a batch of its own.
    """
    root, port = tmp_path_factory.mktemp("class"), socket.create_server(("127.0.0.1", 0))
    port.setblocking(False)
    neighbour = hand_in(root / "others", "ada", LESSON.read())
    run(root / "others", root / "grades")
    folder, blind, out = root / "handed in", root / "blind", root / "graded" / "grades"
    honest = hand_in(folder, "zoe", LESSON.read())
    hand_in(folder, "mia", nbformat.read(STUDENT / LESSON.path.name, 4))
    hand_in(folder, "one point", attacks.notebook(attacks.code(attacks.HONEST)))
    known = [neighbour, honest, root / "grades" / "grades.csv", exercises.__file__, "/etc/passwd"]
    for name, source in ATTACKS.items():
        about = attacks.with_attack(source, list(map(str, known)), port.getsockname()[1])
        student = f"attack {name.replace('/', ' ')}"
        hand_in(blind if name in attacks.BLIND else folder, student, about)
    for name, notebook in attacks.NOTEBOOKS.items():
        hand_in(folder, f"notebook {name}", notebook)
    attacks.broken_files(folder)
    attacks.links(folder, honest)
    attacks.trees(folder)
    attacks.shadows(folder / "shadows", attacks.NOTEBOOKS["skip-execution"])
    (folder / "=cmd()").mkdir()
    (folder / "=cmd()" / "<script>.ipynb").write_text("{}")
    safe = (root / "others", root / "grades", folder, blind, Path(exercises.__file__).parents[1])
    before = {path: content for each in safe for path, content in digest(each).items()}
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_TOKEN", SECRET)
        for where, to, seconds in ((blind, root / "graded blind", 60.0), (folder, out, 5.0)):
            patch.setattr(sandbox, "SECONDS", seconds)
            found |= run(where, to)
    reports = (out, root / "graded blind")
    pages = [page for to in reports for page in (to / "feedback").iterdir()]
    yield Batch(
        folder,
        out,
        found,
        {name: why for to in reports for name, why in reasons(to, "value_at_best").items()},
        {page.stem: page.read_text(encoding="utf-8") for page in pages},
        before,
        {path: content for each in safe for path, content in digest(each).items()},
        port,
    )
    port.close()
    # Too deep for pytest to take away.
    subprocess.run(["rm", "-rf", str(folder / "deep")], check=True)


def test_no_attack_sees_or_changes_anything(batch):
    """What looked around found nothing, nobody came to the port, and all files are as before."""
    for name in attacks.BLIND:
        said = batch.reasons[f"attack {name.replace('/', ' ')}"]
        assert said.partition("found: ")[2].rstrip(".") in attacks.FOUND, (name, said)
    assert not [why for why in batch.reasons.values() if SECRET in why]
    assert not [student for student, page in batch.pages.items() if SECRET in page]
    with pytest.raises(BlockingIOError):
        batch.port.accept()
    assert batch.after == batch.before
    assert not list(Path("/tmp").glob("pickled"))


@needs_forks
@pytest.mark.exhaustive
def test_where_no_template_can_fork_what_looks_around_finds_nothing_either(batch, monkeypatch):
    """The other way to start a sandbox, for systems that do not allow the first."""
    monkeypatch.setattr(sandbox, "forks", lambda: False)
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)

    def marked(name):
        path = batch.folder.parent / "blind" / f"attack {name}" / "07_gan.ipynb"
        return name, mark.mark(mark.Job(name, "07.ipynb", path.read_bytes(), b"0" * 32))

    with ThreadPoolExecutor(2) as pool:
        for name, marks in pool.map(marked, sorted(attacks.BLIND)):
            of = {each.task: each for each in marks}
            found = of["value_at_best"].reason.partition("found: ")[2].rstrip(".")
            assert not of["value_at_best"].points and found in attacks.FOUND, (name, found)
            assert of["fooling_loss"].status == "right", name
    assert not list(Path("/tmp").glob("pickled"))


def test_a_batch_gives_honest_students_exactly_their_points(batch):
    points = batch.points
    assert points["zoe"] == FULL
    assert points["mia"] == NONE
    assert points["one point"] == {**NONE, "fooling_loss": "1"}


def test_a_batch_gives_nobody_else_more(batch):
    for student, own in batch.points.items():
        if student.startswith(("attack", "notebook", "shadows")):
            assert own["value_at_best"] in ("0", ""), (student, own)
            assert own["fooling_loss"] == "1", (student, own)
            assert own["js_bound"] == own["modes_found"] == "0", (student, own)
        elif student not in ("zoe", "mia", "one point"):
            assert own == {"": ""}, (student, own)


def test_only_what_kills_the_sandbox_is_left_to_a_person(batch):
    review = {
        student
        for student, own in batch.points.items()
        if "" in own.values() and student.startswith(("attack", "notebook"))
    }
    assert review <= {
        "notebook helpers at import",  # its helper is not made, for a reason outside the answer
    }


def test_files_that_are_no_notebooks_say_what_they_are(batch):
    said = reasons(batch.out, "")
    assert (
        "is a link, and links are not followed" in said["link"]
        and "is a link" in said["up"]
        and "is a link" in said["passwd"]
    )
    assert "linked folder" not in said
    assert "no notebook in the folder" in said["folder inside"]
    assert "has 200 MB; at most 50 are read" in said["200 MB"]
    assert "not a plain file" in said["pipe"]
    assert all(
        "is not a notebook" in said[name]
        for name in ("broken JSON", "deep JSON", "invalid UTF-8", "no cells", "empty")
    )
    assert "holds none of the course's tasks" in said["odd cells"]
    assert "is not a notebook" in said["'=cmd()"]  # as text, not as a formula


def test_feedback_holds_no_script_and_nothing_of_others(batch):
    for student, page in batch.pages.items():
        assert (
            "<script" not in page
            and "<img" not in page
            and "onerror=alert" not in page.replace("onerror=alert(1)&gt;", "")
        )
        assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
        assert student == "zoe" or "zoe" not in page or student.startswith("attack")
    assert "&lt;script&gt;alert(1)" in batch.pages["attack markup"]
    assert "10 of 10 points" in batch.pages["zoe"] and "return" in batch.pages["zoe"]


def test_again_gives_the_same_table_from_what_was_kept(batch, monkeypatch):
    """Killed and run again: what was marked is not marked again, and nothing stands twice. What
    needs review is marked again where somebody asks for it.
    """
    out = batch.out
    visited = []
    real = mark.mark
    monkeypatch.setattr(mark, "mark", lambda job: visited.append(job.student) or real(job))
    monkeypatch.setattr(sandbox, "SLACK", 1.0)
    before = (out / "grades.csv").read_bytes()
    assert grading.grade(batch.folder, out) == 0
    assert (out / "grades.csv").read_bytes() == before and not visited
    assert grading.grade(batch.folder, out, again=True) == 0
    again = ("attack kill", "attack stop", "notebook helpers")  # those that need review
    assert visited and all(student.startswith(again) for student in visited), visited


NOISE = """    import sys, warnings
    print("here")
    print("there", file=sys.stderr)
    warnings.warn("everywhere")
"""
MANGLED = {
    "no metadata": lambda nb: (
        [cell.pop("metadata") for cell in nb["cells"]] and nb.update(metadata={})
    ),
    "no ids": lambda nb: [cell.pop("id") for cell in nb["cells"]] and nb.update(nbformat_minor=0),
    "moved": lambda nb: nb["cells"].reverse(),
    "twice": lambda nb: nb["cells"].extend(list(nb["cells"])),
    "lists of lines": lambda nb: [
        cell.update(source=cell["source"].splitlines(True)) for cell in nb["cells"]
    ],
    "Windows lines": lambda nb: [
        cell.update(source=cell["source"].replace("\n", "\r\n")) for cell in nb["cells"]
    ],
    "noise": lambda nb: [
        c.update(source=c["source"].replace("    return", NOISE + "    return"))
        for c in nb["cells"]
    ],
    "a stub after it": lambda nb: nb["cells"].append(
        attacks.code(
            "def js_bound(*a, **k):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
        )
    ),
    "magics and a broken cell": lambda nb: nb["cells"].extend(
        [attacks.code("%matplotlib inline\n!ls"), attacks.code("def (")]
    ),
}


def test_trees_and_names_stop_nothing(batch):
    said = reasons(batch.out, "")
    assert "no notebook" in said["deep"] and "no notebook" in said["n" * 250]
    assert "300 notebooks; the first 20 were read." in (batch.out / "grades.csv").read_text(
        encoding="utf-8"
    )
    assert {"ad\\xe9", "ad\\x5cxe9"} <= set(said)


@pytest.mark.exhaustive
def test_honest_mangling_costs_nothing(tmp_path):
    for name, mangle in MANGLED.items():
        notebook = json.loads(nbformat.writes(LESSON.read()))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
        mangle(notebook)
        hand_in(tmp_path / "handed in", name, notebook)
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "07_ada_lovelace.ipynb").write_bytes(b"\xef\xbb\xbf" + LESSON.path.read_bytes())
    (flat / "Grace Hopper.ipynb").write_bytes(LESSON.path.read_bytes())
    assert run(tmp_path / "handed in", tmp_path / "grades") == dict.fromkeys(MANGLED, FULL)
    assert run(flat, tmp_path / "grades 2") == dict.fromkeys(("ada_lovelace", "Grace Hopper"), FULL)


@pytest.mark.parametrize("forged", ("the same", "another each time"))
def test_hints_of_a_process_do_not_keep_the_grader_for_ever(forged, monkeypatch):
    task, tries = exercises.TASKS["auc"], []

    def run(name, chosen, packed, arrays):
        tries.append(chosen)
        place = len(tries) if forged == "another each time" else 1
        hint = {"error": "ValueError: no", "checked": place, "cell": place}
        return sandbox.Outcome("answer", hint)

    seen = sandbox.Reading(process=None, within=None)
    monkeypatch.setattr(seen, "run", run)
    job = mark.Job("Ada", "07.ipynb", b"", b"key", b"")
    list(mark._verdicts(job, task, extract.Found(named=True), seen, end=math.inf))
    assert 2 <= len(tries) <= mark.TRIES and len(set(tries)) == len(tries)


def test_what_attacks_look_for_is_there():
    """An attack on a module that is gone would attack nothing."""
    text = Path(attacks.__file__).with_name("hostile.py").read_text(encoding="utf-8")
    names = set(re.findall(r'sys\.modules\["(\w+)"\]', text)) - sys.stdlib_module_names
    inside = {path.stem for path in sandbox.FILES} | {"torch", "numpy", "__main__"}
    assert "protocol" in names and names <= inside
    assert Path(mark.__file__).name in text


def test_without_the_lessons_nothing_is_graded(tmp_path, monkeypatch):
    monkeypatch.setattr(mark, "lesson_cells", lambda: {"texts": [], "ids": [], "questions": []})
    with pytest.raises(grading.GradingError, match="Expected the lessons in .* --editable"):
        grading.grade(tmp_path, tmp_path.parent / "grades")


def test_every_solution_of_every_lesson_gets_all_points(tmp_path):
    """Also across files: the best answer to each task counts."""
    for lesson in notebooks.find():
        (tmp_path / "all" / "ada").mkdir(parents=True, exist_ok=True)
        shutil.copy(lesson.path, tmp_path / "all" / "ada")
    shutil.copy(STUDENT / lesson.path.name, tmp_path / "all" / "ada" / f"{lesson.number} (1).ipynb")
    points = run(tmp_path / "all", tmp_path / "grades")["ada"]
    assert points == {name: str(task.points) for name, task in exercises.TASKS.items()}


def test_two_students_get_other_inputs_and_the_same_student_the_same(tmp_path):
    source = (
        "def value_at_best(*values, **named):\n    raise ValueError([*values,"
        " *named.values()][0][0].item())"
    )
    notebook = json.dumps(attacks.notebook(attacks.code(source))).encode()
    said = [
        attacked(mark.Job(name, "x", notebook, key)).reason
        for name, key in (
            ("ada", b"1" * 32),
            ("bob", b"1" * 32),
            ("ada", b"1" * 32),
            ("ada", b"2" * 32),
        )
    ]
    assert said[0] == said[2] and len(set(said)) == 3


LEAVES = """
    with open("/tmp/found", "w") as file:
        file.write("me")
    os.environ["FOUND"] = "me"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for process in [1, os.getppid(), os.getpid()]:
        os.setpriority(os.PRIO_PROCESS, process, 15)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (20, 20))
    os.kill(1, signal.SIGSTOP)
    os.kill(1, signal.SIGKILL)
"""
LOOKS = """
import os, resource, signal, sys, torch

def value_at_best(*_, **__):
    known = [name for name in os.listdir("/proc") if name.isdigit()]
    found = [os.listdir("/tmp"), known, os.getppid(), dict(os.environ), os.sched_getaffinity(0)]
    found += [os.getpriority(os.PRIO_PROCESS, 1), resource.getrlimit(resource.RLIMIT_NOFILE)]
    found += [os.listdir("/dev/shm"), len(sys.modules), torch.get_num_threads()]
"""


@needs_forks
def test_no_notebook_finds_a_trace_of_another():
    """What a notebook sees is the same before and after one that leaves what it can."""

    def sees(*more: str) -> str:
        source = "".join((LOOKS, *more, "    raise ValueError(found)\n"))
        notebook = json.dumps(attacks.notebook(attacks.code(source))).encode()
        return attacked(mark.Job("ada", "x", notebook, b"1" * 32)).reason

    before, template = sees(), getattr(sandbox._own, "template", None)
    assert "[[], [" in before
    assert not attacked(
        mark.Job(
            "eve", "x", json.dumps(attacks.notebook(attacks.code(LOOKS + LEAVES))).encode(), b""
        )
    ).points
    assert sees() == before
    assert getattr(sandbox._own, "template", None) is template


@needs_forks
def test_a_template_ends_with_its_thread():
    notebook = json.dumps(attacks.notebook(attacks.code(attacks.HONEST))).encode()

    def started(_) -> subprocess.Popen:
        assert any(each.points for each in mark.mark(mark.Job("ada", "x", notebook, b"")))
        return sandbox._own.template.process

    with ThreadPoolExecutor(1) as pool:
        first, second = pool.map(started, range(2))
    assert first is second and first.wait(60)


@needs_forks
def test_who_loses_a_template_gets_another():
    """A template that was killed costs at most the notebook that it was for."""
    notebook = json.dumps(attacks.notebook(attacks.code(attacks.HONEST))).encode()
    job = mark.Job("ada", "x", notebook, b"")
    right = mark.mark(job)
    sandbox._own.template.process.kill()
    sandbox._own.template.process.wait()
    assert mark.mark(job) == right
    sandbox._own.template.control.close()
    assert [each.status for each in mark.mark(job)] == [mark.REVIEW]
    assert mark.mark(job) == right


def test_points_by_hand_stay_and_count(tmp_path):
    hand_in(tmp_path / "in", "ada", attacks.notebook(attacks.code(attacks.WRONG)))
    out = tmp_path / "grades"
    assert run(tmp_path / "in", out)["ada"]["value_at_best"] == "0"
    decided = "student,lesson,task,points,reason\nada,07,value_at_best,1.5,right idea\n"
    (out / "overrides.csv").write_text(decided)
    assert run(tmp_path / "in", out)["ada"]["value_at_best"] == "1.5"
    assert (out / "overrides.csv").read_text() == decided
    assert reasons(out, "value_at_best")["ada"] == "by hand: right idea"
    before = digest(out)
    for line in (
        "ada,07,value_at_best,3,too much",
        "ada,08,value_at_best,1,other lesson",
        "ada,07,nothing,1,",
        "ada,07,value_at_best,,",
    ):
        (out / "overrides.csv").write_text(decided + line + "\n")
        with pytest.raises(
            overrides.OverridesError,
            match="row 3: expected student, lesson such as 05, task, points",
        ):
            grading.grade(tmp_path / "in", out)
    for bad, says in (
        (decided + "ada,07,value_at_best,1,5,a comma in the points\n", "row 3"),
        (decided + "ada,07,value_at_best,1,right idea, wrong sign\n", "row 3"),
        (decided + 'ada,07,value_at_best,1,"right idea\nada,07,js_bound,1,"\n', "row 3"),
        (decided + 'ada,07,value_at_best,1,"right idea\n', "cannot be read as a table"),
        (
            decided.partition("\n")[2],
            "expected student,lesson,task,points,reason as its first line",
        ),
    ):
        (out / "overrides.csv").write_text(bad)
        with pytest.raises(overrides.OverridesError, match=says):
            grading.grade(tmp_path / "in", out)
    for encoding in ("latin-1", "utf-16"):
        (out / "overrides.csv").write_text(decided.replace("ada", "Müller"), encoding=encoding)
        with pytest.raises(overrides.OverridesError, match="is not UTF-8"):
            grading.grade(tmp_path / "in", out)
    (out / "overrides.csv").write_text(decided)
    assert digest(out) == before


def test_points_by_hand_also_where_nothing_could_be_read(tmp_path):
    (tmp_path / "in" / "=eve").mkdir(parents=True)
    (tmp_path / "in" / "=eve" / "07_gan.ipynb").write_text("{}")
    run(tmp_path / "in", tmp_path / "grades")
    (tmp_path / "grades" / "overrides.csv").write_text(
        "student,lesson,task,points,reason\n'=eve,07,js_bound,2,seen on paper\n"
    )
    assert run(tmp_path / "in", tmp_path / "grades")["'=eve"]["js_bound"] == "2"


def test_points_by_hand_find_a_name_however_it_is_composed(tmp_path):
    one, two = "M\u00fcller", "Mu\u0308ller"
    hand_in(tmp_path / "in", two, attacks.notebook(attacks.code(attacks.WRONG)))
    run(tmp_path / "in", tmp_path / "grades")
    decided = (
        f"student,lesson,task,points,reason\n{one},07,value_at_best,1.5,right"
        f" idea\n{one},07,js_bound,1,on paper\n"
    )
    (tmp_path / "grades" / "overrides.csv").write_text(decided, encoding="utf-8")
    points = run(tmp_path / "in", tmp_path / "grades")[two]
    assert (points["value_at_best"], points["js_bound"]) == ("1.5", "1")


def test_a_folder_of_grades_is_that_of_one_folder_of_submissions(tmp_path):
    for week in ("w5", "w7"):
        hand_in(tmp_path / week, "ada", attacks.notebook(attacks.code(attacks.HONEST)))
    run(tmp_path / "w5", tmp_path / "grades")
    before = digest(tmp_path / "grades")
    with pytest.raises(grading.GradingError, match="holds the grades of .*w5, and would lose them"):
        grading.grade(tmp_path / "w7", tmp_path / "grades")
    assert digest(tmp_path / "grades") == before
    (tmp_path / "w5").rename(tmp_path / "moved")
    (tmp_path / "grades" / ".state" / "submissions").unlink()
    run(tmp_path / "moved", tmp_path / "grades")


def test_a_second_file_costs_neither_a_review_nor_a_reason():
    def built(file, status, points):
        return mark.Mark("ada", file, "07", "js_bound", status, points, 2, file)

    untouched, tried = built("z.ipynb", "not started", 0), built("a.ipynb", "wrong", 0)
    review, partly, full = (
        built("b.ipynb", "needs review", None),
        built("c.ipynb", "wrong", 1),
        built("d.ipynb", "right", 2),
    )
    for marks, kept in (
        ([untouched, tried], tried),
        ([untouched, review, partly], review),
        ([review, full, untouched], full),
        ([partly, tried, untouched], partly),
    ):
        assert best(marks) == best(marks[::-1]) == [kept]


def test_what_is_no_notebook_is_passed_over_aloud(tmp_path, capsys):
    hand_in(tmp_path / "in", "ada", attacks.notebook(attacks.code(attacks.HONEST)))
    (tmp_path / "in" / "07_bob.IPYNB").write_text(
        json.dumps(attacks.notebook(attacks.code(attacks.HONEST)))
    )
    (tmp_path / "in" / "07_cyd.ipynb.json").write_text("{}")
    (tmp_path / "in" / "07_dan.zip").write_bytes(b"PK")
    (tmp_path / "in" / "07_eve").symlink_to(tmp_path / "in" / "ada")
    (tmp_path / "in" / "__MACOSX").mkdir()
    assert run(tmp_path / "in", tmp_path / "grades").keys() == {"ada", "bob"}
    assert (
        "neither notebooks nor folders: 07_cyd.ipynb.json, 07_dan.zip, 07_eve."
        in capsys.readouterr().out
    )
    with pytest.raises(grading.GradingError, match="07_dan.zip is a file: unpack it"):
        grading.grade(tmp_path / "in" / "07_dan.zip", tmp_path / "grades")


def test_time_is_that_of_a_processor(tmp_path, monkeypatch):
    """Who computes too long gets nothing; who is not done because the machine has much to do is
    left to a person.
    """
    busy = "def value_at_best(*_, **__):\n    while True:\n        pass"
    job = mark.Job("ada", "x", json.dumps(attacks.notebook(attacks.code(busy))).encode(), b"1" * 32)
    monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    first = attacked(job)
    assert (first.status, first.points) == ("wrong", 0) and "of processor time" in first.reason
    monkeypatch.setattr(sandbox, "SECONDS", 60.0)
    monkeypatch.setattr(sandbox, "WALL", 5.0)
    second = attacked(job)
    assert (second.status, second.points) == (
        "needs review",
        None,
    ) and "fewer --jobs" in second.reason


def test_a_notebook_has_its_time(monkeypatch):
    """What comes after it is left to a person, and is not run."""
    monkeypatch.setattr(mark, "NOTEBOOK", -1.0)
    monkeypatch.setattr(sandbox.Reading, "run", lambda *_: 1 / 0)
    notebook = json.dumps(attacks.notebook(attacks.code(attacks.HONEST))).encode()
    marks = mark.mark(mark.Job("ada", "x", notebook, b"1" * 32))
    found = {each.task: each.status for each in marks if each.task in FULL}
    assert found == {**dict.fromkeys(FULL, "wrong"), "fooling_loss": mark.REVIEW}
    (said,) = (each.reason for each in marks if each.task == "fooling_loss")
    assert said == mark.MACHINE["overdue"]


def test_an_answer_is_not_wrong_where_the_time_was_up_before_all_its_places(monkeypatch):
    task, now = exercises.TASKS["auc"], iter([0.0, 0.0, 2.0])
    seen = sandbox.Reading(process=None, within=None)
    monkeypatch.setattr(mark.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(seen, "run", lambda *_: sandbox.Outcome("answer", {"error": "ValueError"}))
    found = extract.Found(checks=(3, 5), named=True)
    job = mark.Job("Ada", "07.ipynb", b"", b"key", b"")
    tried = list(mark._verdicts(job, task, found, seen, end=1.0))
    assert [each.machine for each in tried] == [False, False, True]
    result = mark._best(task, found, seen, tried)
    assert result.status == mark.REVIEW and result.message == mark.MACHINE["overdue"]


@pytest.mark.parametrize("ended", ["slow", "killed"])
def test_an_answer_is_not_wrong_where_the_machine_failed_in_one_of_its_places(ended, monkeypatch):
    """Nor does that cost anything where another place is right."""
    task, found = exercises.TASKS["auc"], extract.Found(checks=(3,), named=True)
    seen = sandbox.Reading(process=None, within=None)
    job = mark.Job("Ada", "07.ipynb", b"", b"key", b"")
    wrong = sandbox.Outcome("answer", {"error": "ValueError: no"})
    for outcomes in ([sandbox.Outcome(ended), wrong], [wrong, sandbox.Outcome(ended)]):
        answers = iter(outcomes)
        monkeypatch.setattr(seen, "run", lambda *_, answers=answers: next(answers))
        tried = list(mark._verdicts(job, task, found, seen, end=math.inf))
        result = mark._best(task, found, seen, tried)
        assert result.status == mark.REVIEW and result.message == mark.MACHINE[ended]
    right = mark.Verdict(mark.Result(task.name, "right", "", task.points, task.points), True)
    assert mark._best(task, found, seen, [*tried, right]).status == "right"


KILLED = """
import os, signal, sys, time
import run

def halfway(out):
    out.write(b"x" * 10)
    out.flush()
    os.kill(os.getpid(), signal.SIGKILL)

def waits(out):
    out.close()
    time.sleep(100)

works = {
    "silent": lambda out: os.kill(os.getpid(), signal.SIGKILL),
    "halfway": halfway,
    "crash": lambda out: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda out: os._exit(0),
    "waits": waits,
}
print(*(run.in_own_process(works[name], 20, 60, limited=False)[0] for name in sys.argv[1:]))
"""


def test_who_is_killed_from_outside_is_left_to_a_person():
    """However much it had written; a crash and an early end are the answer's own."""
    folder = Path(extract.__file__).parent / "inside"
    path = os.pathsep.join([str(folder), str(folder.parent)])
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, "silent", "halfway", "crash", "exit", "waits"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.split() == ["killed", "killed", "crash", "exit", "exit"], ran.stderr
    killed = mark._verdict(exercises.TASKS["auc"], sandbox.Outcome("killed"), [])
    assert killed.machine and "no memory left" in killed.result.message


def test_nobody_can_kill_in_a_sandbox():
    source = attacks.code(attacks.ATTACKS["kill itself"])
    found = attacked(mark.Job("ada", "x", json.dumps(attacks.notebook(source)).encode(), b"1" * 32))
    assert found.points == 0 and "PermissionError" in found.reason


@needs_forks
def test_files_without_content_are_limited_too():
    source = """
def value_at_best(*_, **__):
    opened = 0
    try:
        while opened < 50_000:
            open(f"/tmp/{opened}", "w").close()
            opened += 1
    except OSError as error:
        raise ValueError(f"after {opened}: {error.strerror}")
    return float(opened)
"""
    found = attacked(
        mark.Job("ada", "x", json.dumps(attacks.notebook(attacks.code(source))).encode(), b"1" * 32)
    )
    opened = int(re.search(r"after (\d+): No space left", found.reason)[1])
    assert 1000 < opened < 10_000


def test_limits_hold_where_a_system_does_not_say_how_much_memory_it_gave():
    """As on a Mac, where code can run without a sandbox."""
    code = """
import lockdown, pathlib, resource
lockdown.STATM = pathlib.Path("/no/such/file")
lockdown.limit(5)
print(resource.getrlimit(resource.RLIMIT_CPU)[0], resource.getrlimit(resource.RLIMIT_FSIZE)[0])
"""
    folder = Path(extract.__file__).parent / "inside"
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert ran.stdout.split() == ["5", "32000000"], ran.stderr


def test_links_are_refused_where_a_system_cannot_open_without_following(tmp_path, monkeypatch):
    """As Windows, which has neither of the two flags."""
    monkeypatch.delattr(os, "O_NOFOLLOW")
    monkeypatch.setattr(collecting, "OPEN_FLAGS", os.O_RDONLY)
    (tmp_path / "real.ipynb").write_bytes(b"{}")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    assert collecting.content(tmp_path / "real.ipynb") == b"{}"
    with pytest.raises(extract.UnreadableError, match="is a link"):
        collecting.content(tmp_path / "link.ipynb")


def test_what_a_newer_python_wrote_is_left_to_a_person():
    notebook = attacks.notebook(
        attacks.code(attacks.HONEST), attacks.code("def value_at_best(p, q, width)\n    return 0")
    )
    for version, status in (
        ("3.99.1", "needs review"),
        ("3.10.2", "wrong"),
        ("nonsense", "needs review"),
        (None, "needs review"),
    ):
        notebook["metadata"]["language_info"] = {"name": "python", "version": version}
        found = attacked(mark.Job("ada", "x", json.dumps(notebook).encode(), b"1" * 32))
        assert found.status == status and "is not valid Python" in found.reason, found


def test_annotations_may_be_for_later():
    source = "from __future__ import annotations\n" + attacks.HONEST.replace(
        "(logits)", "(logits: Undefined)", 1
    )
    marks = mark.mark(
        mark.Job("ada", "x", json.dumps(attacks.notebook(attacks.code(source))).encode(), b"1" * 32)
    )
    assert any(mark.points for mark in marks), marks


def test_who_is_gone_leaves_nothing(tmp_path):
    hand_in(tmp_path / "in", "ada", attacks.notebook(attacks.code(attacks.HONEST)))
    hand_in(tmp_path / "in", "bob", attacks.notebook(attacks.code(attacks.HONEST)))
    run(tmp_path / "in", tmp_path / "grades")
    shutil.rmtree(tmp_path / "in" / "bob")
    run(tmp_path / "in", tmp_path / "grades")
    kept = [
        path.read_text(encoding="utf-8")
        for path in (tmp_path / "grades").rglob("*")
        if path.suffix in (".json", ".html", ".csv")
    ]
    assert kept and not any("bob" in text for text in kept)
    assert (tmp_path / "grades" / ".state").stat().st_mode & 0o77 == 0


def test_a_second_attempt_gets_other_inputs(tmp_path):
    """Who returns the numbers that the reasons of a first attempt told gets nothing."""
    source = "def value_at_best(*_, **__):\n    return {}"

    def job(answer: str) -> mark.Job:
        return mark.Job(
            "ada",
            "x",
            json.dumps(attacks.notebook(attacks.code(source.format(answer)))).encode(),
            b"1" * 32,
        )

    first, again = attacked(job("0.0")), attacked(job("0.0"))
    assert first == again and first.reason.startswith("expected ")
    message = first.reason.split()[1].rstrip(",")
    second = attacked(job(message))
    assert (
        second.points == 0
        and second.reason.startswith("expected ")
        and second.reason.split()[1].rstrip(",") != message
    )


def test_all_files_of_a_student_are_one_draw():
    """Twenty copies draw no twenty times; another student, task or set of files draws anew."""
    task, other = exercises.TASKS["auc"], exercises.TASKS["slerp"]

    def seed(student, task, **about):
        job = mark.Job(student, file=os.urandom(3).hex(), key=b"1" * 32, **about)
        return mark._generator(job, task).initial_seed()

    copies = {seed("ada", task, notebook=bytes([n]), handed_in=b"all") for n in range(20)}
    others = {
        seed("bob", task, notebook=b"", handed_in=b"all"),
        seed("ada", other, notebook=b"", handed_in=b"all"),
        seed("ada", task, notebook=b"", handed_in=b"more"),
    }
    assert len(copies) == 1 and len(copies | others) == 4


def test_a_failure_of_ours_needs_review(tmp_path, monkeypatch):
    hand_in(tmp_path / "in", "ada", attacks.notebook(attacks.code(attacks.HONEST)))
    monkeypatch.setattr(mark, "compare", lambda *a: 1 / 0)
    assert run(tmp_path / "in", tmp_path / "grades")["ada"] == {"": ""}
    assert reasons(tmp_path / "grades", "") == {
        "ada": "needs review: the grader failed: ZeroDivisionError: division by zero"
    }
    monkeypatch.undo()
    assert run(tmp_path / "in", tmp_path / "grades")["ada"] == {"": ""}
    assert run(tmp_path / "in", tmp_path / "grades", again=True)["ada"] == {
        **NONE,
        "fooling_loss": "1",
    }
    assert (tmp_path / "grades").stat().st_mode & 0o77 == 0


def test_other_lessons_mark_everything_anew(monkeypatch):
    before = grading._version()
    assert grading._version() == before
    cells = mark.lesson_cells()
    monkeypatch.setattr(mark, "lesson_cells", lambda: {**cells, "texts": cells["texts"][1:]})
    assert grading._version() != before


def test_no_sandbox_no_grades(tmp_path, monkeypatch, capsys):
    from course_tools.cli import main

    hand_in(tmp_path / "in", "ada", LESSON.read())
    command = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "grades")]
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert main(command) == 1
    assert "sudo apt install bubblewrap" in capsys.readouterr().err
    monkeypatch.undo()
    leaky = sandbox._bwrap
    monkeypatch.setattr(
        sandbox, "_bwrap", lambda *options: leaky(*options, "--ro-bind", "/etc", "/etc")
    )
    assert main(command) == 1
    assert "The sandbox has gaps; possible in it: elsewhere" in capsys.readouterr().err
    assert not (tmp_path / "grades" / "grades.csv").exists()


def test_without_a_sandbox_every_report_says_so(tmp_path):
    hand_in(tmp_path / "in", "ada", LESSON.read())
    assert run(tmp_path / "in", tmp_path / "grades", safe=False)["ada"] == FULL
    assert all(
        "--unsafe-no-sandbox" in reason
        for reason in reasons(tmp_path / "grades", "fooling_loss").values()
    )
    for report in ("summary.csv", "feedback/ada.html"):
        assert "--unsafe-no-sandbox" in (tmp_path / "grades" / report).read_text(encoding="utf-8")


@pytest.mark.exhaustive
def test_a_cluster_gives_the_same_grades(tmp_path):
    distributed = pytest.importorskip("distributed")
    for student in ("ada", "bob", "eve"):
        hand_in(tmp_path / "in", student, LESSON.read())
    hand_in(tmp_path / "in", "mia", nbformat.read(STUDENT / LESSON.path.name, 4))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        points = run(tmp_path / "in", tmp_path / "grades", scheduler=cluster.scheduler_address)
    assert points == {**dict.fromkeys(("ada", "bob", "eve"), FULL), "mia": NONE}


@pytest.mark.parametrize(
    "make", (lambda p: p / "none", lambda p: p), ids=("no folder", "an empty one")
)
def test_a_wrong_folder_is_said(make, tmp_path):
    with pytest.raises(grading.GradingError, match="one folder per student"):
        grading.grade(
            make(tmp_path),
            tmp_path / "x" / "grades" if make(tmp_path) != tmp_path else tmp_path.parent / "grades",
        )


@pytest.mark.exhaustive
def test_it_can_be_stopped_and_goes_on(tmp_path):
    """Killed in the middle: the second run has the whole table."""
    for n in range(6):
        hand_in(tmp_path / "in", f"student {n}", LESSON.read())
    command = [
        sys.executable,
        "-m",
        "course_utils",
        "grade",
        str(tmp_path / "in"),
        "--out",
        str(tmp_path / "grades"),
        "--jobs",
        "1",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while (
            process.poll() is None
            and len(list((tmp_path / "grades" / ".state").glob("*.json"))) < 2
        ):
            pass
        process.kill()
    assert 2 <= len(list((tmp_path / "grades" / ".state").glob("*.json"))) < 6
    assert run(tmp_path / "in", tmp_path / "grades") == {f"student {n}": FULL for n in range(6)}


NO_FRAMES = (
    b"",
    b"{}\n",
    b"[]\n",
    b"1" * 100,
    b"\xff\n",
    b"9" * 10_000 + b"\n",
    b"[" * 100_000 + b"\n",
    b'{"arrays": 1}\n',
    b'{"arrays": [["a"]]}\n',
    b'{"arrays": [["a", {}, []]]}\n',
    b'{"arrays": [["a", "|O", [1]]]}\n' + bytes(8),
    b'{"arrays": [["a", "<f8", [-1]]]}\n',
    b'{"arrays": [["a", "<f8", [1e9]]]}\n',
    b'{"arrays": [["a", "<f8", [true]]]}\n' + bytes(8),
    b'{"arrays": [["a", "<f8", [2, 2]]]}\n' + bytes(31),
    b'{"arrays": [[["a"], "<f8", []]]}\n' + bytes(8),
    b'{"arrays": [["a", "<f8", [1000000, 1000000]]]}\n',
)


@pytest.mark.parametrize("frame", NO_FRAMES, ids=lambda frame: frame[:40])
def test_the_channel_refuses_what_is_no_frame(frame):
    import io

    with pytest.raises((protocol.ProtocolError, EOFError)):
        protocol.receive(io.BytesIO(frame), 10_000)


def test_reading_needs_nothing_of_the_course(tmp_path):
    """The files that go into the sandbox import only each other, Python, PyTorch and NumPy."""
    for path in sandbox.FILES:
        shutil.copy(path, tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); before = set(sys.modules)\n"
        f"import {', '.join(path.stem for path in sandbox.FILES)}\n"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}"
        " - sys.stdlib_module_names))"
    )
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    loaded = set(ast.literal_eval(ran.stdout))
    assert {path.stem for path in sandbox.FILES} <= loaded, ran.stderr
    assert not loaded & {"course_utils", "course_tools"}
    # Nor later, inside a function: the one import of the course is for those outside.
    lines = "\n".join(path.read_text(encoding="utf-8") for path in sandbox.FILES)
    asked = re.findall(r"^ *(?:from|import) course_\w.*", lines, re.MULTILINE)
    assert asked == ["    from course_utils.names import bound_by"]


def test_names_of_files_are_shown_as_text():
    assert shown(os.fsdecode(b"ad\xe9\n\x1b[31m")) == "ad\\xe9\\u000a\\u001b[31m"
    several = [b"\x85", "\x85".encode(), "\u0850".encode(), "\x850".encode(), rb"\x85", rb"\u0085"]
    assert len({shown(os.fsdecode(name)) for name in several}) == len(several)
    names = ["é" * 120, "~" * 120, "~" * 119 + "a", "a" * 250, "a" * 249 + "~"]
    pages = [reports.file_name(name) for name in names]
    assert max(len(page.encode()) for page in pages) <= 240 and len(set(pages)) == len(pages)


def test_names_that_look_alike_are_one(tmp_path):
    alike = ("Zoë Lee", "Zoe\u0308 Lee", "zoë\u00a0lee", "Zo\u200bë Lee", "Zoë  Lee", "Ｚoë Lee")
    assert len({same(name) for name in alike}) == 1
    assert len({same(name) for name in ("Zoë", "Zoe", "Zo", "Zoëe")}) == 4


def test_no_cell_of_a_table_begins_like_a_formula():
    """Also where a spreadsheet splits at ; or at a tab."""
    for text in ("=1+1", "a;=1+1", "a\t@x", "+1;-2", ";=1", "'=1"):
        for part in re.split("[;\t]", str(tables.cell(text))):
            assert not part.startswith(("=", "+", "-", "@")), text
    assert tables.cell("a - b; c = d") == "a - b; c = d"
    assert extract.LARGEST == 50_000_000


def test_sandboxes_that_start_together_read_the_lessons_once(monkeypatch):
    """Two threads that parse Python at once can fail, and one of them would have cost a mark."""
    mark._lesson_cells.cache_clear()
    began, real = [], extract.fingerprints
    monkeypatch.setattr(extract, "fingerprints", lambda *x: began.append(x) or real(*x))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: mark.lesson_cells(), range(4)))
    assert len(began) == 1 and all(each is found[0] for each in found)
