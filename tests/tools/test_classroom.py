"""A class: its tables, downloads, deadlines, and what goes back to the platform."""

import csv
import io
import os
import re
import shlex
import shutil
import stat
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import simulated_class
from simulated_class import FIRST, NOW, mark, paper, settled

from course_tools import cli
from course_tools.classroom import (
    due,
    gradebook,
    history,
    names,
    overrides,
    report,
    roster,
    similarity,
    statistics,
    tables,
    texts,
    think,
    unpack,
)
from course_tools.classroom.gradebook import Export
from course_tools.classroom.roster import Roster, Student
from course_tools.grading import extract
from course_tools.grading.collect import collect, content, same_lesson_twice
from course_tools.grading.mark import ANSWERED, NO_ANSWER, Mark
from course_tools.publish import notebooks
from course_tools.publish.address import Address
from course_tools.publish.class_repo import release
from course_utils.exercises import TASKS

needs_bwrap = pytest.mark.skipif(
    not shutil.which("bwrap") and os.environ.get("COURSE_TEST_ALL") != "1",
    reason="bubblewrap is not installed here",
)
DOCS = (notebooks.ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """What stands in the documentation between fences of a kind."""
    return re.search(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL)[1]


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Names


@pytest.mark.parametrize(
    ("entry", "folder", "expected"),
    [
        ("Ada Lovelace_55501_assignsubmission_file", True, ("Ada Lovelace", "moodle", "55501")),
        ("Ada Lovelace_55501_assignsubmission_file_", True, ("Ada Lovelace", "moodle", "55501")),
        ("Ada L_7_assignsubmission_file_05.ipynb", False, ("Ada L", "moodle", "7")),
        ("lovelaceada_10001_55501_05_ada.ipynb", False, ("lovelaceada", "canvas", "10001")),
        ("lovelaceada_LATE_10001_55501_05.ipynb", False, ("lovelaceada", "canvas", "10001")),
        ("05_ada.ipynb", False, ("ada", "", "")),
        ("Ada Lovelace", True, ("Ada Lovelace", "", "")),
        # The end of a name is the student's: it cannot make the file somebody else's.
        ("eve_1_2_ada_10001_55501_05.ipynb", False, ("eve", "canvas", "1")),
        (
            "Eve_1_assignsubmission_file_Ada_2_assignsubmission_file_x.ipynb",
            False,
            ("Eve", "moodle", "1"),
        ),
    ],
)
def test_the_platform_says_whose_file_it_is(entry, folder, expected):
    found = names.origin(entry, folder=folder)
    assert (found.name, found.system, found.id) == expected and found.entry == entry
    assert found.late == ("_LATE_" in entry)


def test_without_a_roster_everybody_is_one_student_per_system(tmp_path):
    for entry in (
        "Ada Lovelace_1_assignsubmission_file/01.ipynb",
        "Ada Lovelace_2_assignsubmission_file/02.ipynb",
        "lovelaceada_10001_55501_01_ada.ipynb",
        "lovelaceada_LATE_10001_55502_02_ada.ipynb",
        "leeann_3_55503_01.ipynb",
        "leeann_4_55504_01.ipynb",
    ):
        (tmp_path / entry).parent.mkdir(exist_ok=True)
        (tmp_path / entry).write_text("{}")
    papers, problems, _ = collect(tmp_path)
    count = {each.student: sum(p.student == each.student for p in papers) for each in papers}
    assert count == {"Ada Lovelace": 2, "lovelaceada (10001)": 2, "leeann (3)": 1, "leeann (4)": 1}
    assert not problems
    people = Roster((Student("Ada Lovelace", canvas="10001"), Student("Ann Lee")))
    papers, problems, _ = collect(tmp_path, people)
    # Two people of Canvas could be the one Ann Lee: nobody guesses. The one who is known is found.
    assert {p.student for p in papers} == {"Ada Lovelace", "Ann Lee"}


def test_a_name_that_is_not_certain_is_flagged(tmp_path):
    for entry in (
        "Zoë Lee_1_assignsubmission_file",
        "Zoe\u0308 Lee_2_assignsubmission_file",
        "Nobody_3_assignsubmission_file",
    ):
        (tmp_path / entry).mkdir()
        (tmp_path / entry / "01.ipynb").write_text("{}")
    people = Roster((Student("Zoë Lee"), Student("Ada")))
    papers, problems, _ = collect(tmp_path, people)
    said = {problem.reason for problem in problems}
    assert len(papers) == 2 and any("looks the same" in text for text in said)
    assert any("not on the roster" in text for text in said)


def test_two_folders_of_one_student_are_late_by_themselves(tmp_path):
    for folder, when in (("Ada Lovelace", NOW), ("Augusta King", NOW + timedelta(2))):
        (tmp_path / folder).mkdir()
        path = file(tmp_path / folder, "01.ipynb", "{}")
        os.utime(path, (when.timestamp(), when.timestamp()))
    people = Roster((Student("Ada Lovelace", also=("Augusta King",)),))
    papers, _, _ = collect(tmp_path, people)
    assert [each.name for each in papers] == ["01.ipynb", "Augusta King/01.ipynb"]
    marks = [mark("Ada Lovelace", "auc", (1, 0)[i], file=p.name) for i, p in enumerate(papers)]
    marks += [mark("Ada Lovelace", FIRST[-1].name, 1, file=papers[1].name)]
    dues = due.Due({"01": due.Deadline(NOW, daily=0.5)}, now=NOW)
    final = settled(marks, papers=papers, dues=dues, file_times=True).marks
    assert {each.task: each.points for each in final} == {"auc": 1, FIRST[-1].name: 0}


def test_two_people_of_one_name_are_flagged():
    papers = [
        paper("Ann Lee", f"{n}/01.ipynb", f"Ann Lee_{n}_assignsubmission_file") for n in (1, 2)
    ]
    marks = [mark("Ann Lee", FIRST[0].name, 0, file=each.name) for each in papers]
    (found,) = same_lesson_twice(papers, marks)
    assert "lesson 01 was handed in under 2 numbers of Moodle: 1, 2" in found.reason
    assert not same_lesson_twice(papers[:1], marks[:1])


# Tables


@pytest.mark.parametrize(
    "text",
    [
        "name,id,email,canvas\nAda Lovelace,M1,a@example.org,\nAlan Turing,M2,,7\n",
        "First name;Last name;ID number;Email address\nAda;Lovelace;M1;a@example.org\n"
        "Alan;Turing;M2;\n",
        'Student,ID,SIS User ID,SIS Login ID\n"    Points Possible",,,\n'
        '"Lovelace, Ada",6,M1,a@example.org\n"Turing, Alan",7,M2,\n"Student, Test",9,,\n',
    ],
    ids=["own", "Moodle's", "Canvas's"],
)
def test_a_roster_may_be_ones_own_or_exported(tmp_path, text):
    found = roster.read(file(tmp_path, "roster.csv", text)).students
    assert [(s.name, s.id) for s in found] == [("Ada Lovelace", "M1"), ("Alan Turing", "M2")]
    assert found[0].email == "a@example.org"
    assert found[1].canvas == ("" if text.startswith("First") else "7")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("who,id\nada,1\n", r"line 1: expected a column “name”.*got who, id"),
        ("name\nAda\n\nada\n", r"line 4: expected every name once; got “ada”.*line 2"),
        ("name\nZoë\nZo\u200bë\n", r"line 3: expected every name once"),
        ("name,also\nAda,King\nKing,\n", r"line 3: expected every name once"),
        ("name,id\nAda,1\nBob,1\n", r"line 3: expected every id once; got “1”"),
        ("name,id\n,1\n", r"line 2: expected a name, got none"),
        ("name,name\nAda,Bob\n", r"line 1: the column “name” stands there twice"),
        ('name\n"Ada\n', r"cannot be read as a table"),
        ("name\nAda,1\n", r"line 2: .*expected 1 cells, got 2"),
    ],
)
def test_a_roster_that_cannot_be_used_says_why(tmp_path, text, says):
    path = file(tmp_path, "roster.csv", text)
    with pytest.raises(tables.TableError, match=says) as error:
        roster.read(path)
    assert str(path) in str(error.value) and "Nothing was written." in str(error.value)


def test_a_table_that_is_no_utf_8_says_so(tmp_path):
    (tmp_path / "roster.csv").write_bytes("name\nMüller\n".encode("latin-1"))
    with pytest.raises(tables.TableError, match="is not UTF-8, from byte 6 on"):
        roster.read(tmp_path / "roster.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lesson,when\n01,2026-01-01\n", r"line 1: expected the columns lesson, due"),
        ("lesson,due\n99,2026-01-01\n", r"line 2: expected a lesson from 01 to .*got “99”"),
        ("lesson,due\n01,12.10.2026\n", r"line 2: expected a day such as .*got “12.10.2026”"),
        ("lesson,due\n01,2026-10-12T10:00+02:00\n", r"line 2: expected a time of this machine"),
        ("lesson,due,late\n01,2026-10-12,half\n", r"line 2: expected “accept”.*got “half”"),
        ("lesson,due,late\n01,2026-10-12,200% a day\n", r"got “200% a day”"),
        ("lesson,due\n01,2026-10-12\n1,2026-10-13\n", r"line 3: lesson 01 is due once"),
        ("lesson,due,student\n01,2026-10-12,Ada\n", r"line 2: expected another line for lesson 01"),
        ("lesson,due,student\n01,2026-10-12,Eve\n", r"line 2: expected the name, id or e-mail"),
        ("lesson,due,think\n01,2026-10-12,many\n", r"expected the points for a Think answer"),
        (
            "lesson,due,student,think\n01,2026-10-12,,1\n01,2026-10-13,Ada,2\n",
            r"line 3: expected no points for Think answers.*got “2”",
        ),
        (
            "lesson,due,student\n01,2026-10-12,\n01,2026-10-13,Ada\n1,2026-10-14,ada\n",
            r"line 4: expected one line for ada and lesson 01; got a second",
        ),
    ],
)
def test_deadlines_that_cannot_be_used_say_why(tmp_path, text, says):
    with pytest.raises(tables.TableError, match=says):
        due.read(file(tmp_path, "due.csv", text), Roster((Student("Ada"),)))


def test_more_time_for_nobody_is_said(tmp_path, capsys):
    text = "lesson,due,student\n01,2026-10-12,\n01,2026-10-13,ada\n01,2026-10-13,Eva\n"
    dues = due.read(file(tmp_path, "due.csv", text), Roster())
    report.write(tmp_path, settled([mark("Ada", "auc", 0)], dues=dues), safe=True)
    said = [line for line in capsys.readouterr().out.splitlines() if "more time" in line]
    assert said == ["  more time for Eva, lesson 01: nobody has this name"]


def test_the_tables_of_the_documentation_can_be_used(tmp_path):
    people = roster.read(file(tmp_path, "roster.csv", block("text roster")))
    found = due.read(file(tmp_path, "due.csv", block("text due")), people)
    assert people.named("augusta king") is people.students[0]
    assert found.of("Ada Lovelace", "03").due == datetime(2026, 10, 26, 23, 59)
    assert found.of("Alan Turing", "03").due == datetime(2026, 10, 29, 23, 59)
    assert found.lessons["01"].due == datetime(2026, 10, 12, 23, 59, 59)
    assert [found.lessons["01"].keeps(days) for days in range(5)] == [1, 0.9, 0.8, 0.7, 0]
    assert [found.lessons["02"].keeps(9), found.lessons["03"].keeps(1)] == [1, 0]
    assert (found.think("01"), found.think("02")) == (1, 2)


@pytest.mark.parametrize("hours", [-1, 0, 1, 23, 24, 25, 100])
def test_a_day_that_has_begun_is_a_day_of_lateness(hours):
    deadline = due.Deadline(NOW)
    found = due.Due({"01": deadline})
    days = found.days_late("Ada", "01", NOW + timedelta(hours=hours), flagged=False)
    assert days == max(0, -(-hours // 24))
    assert found.days_late("Ada", "01", None, flagged=True) == 1
    assert found.days_late("Ada", "02", None, flagged=True) == 0


# Points


def test_what_is_due_and_missing_counts_and_what_is_not_due_is_blank():
    dues = due.Due(
        {"01": due.Deadline(NOW - timedelta(1)), "02": due.Deadline(NOW + timedelta(1))},
        {("bob", "01"): due.Deadline(NOW + timedelta(1), student="Bob")},
        NOW,
    )
    marks = [mark("Ada", task.name, task.points) for task in FIRST]
    grades = settled(marks, students=("Ada", "Bob", "Cyd"), dues=dues)
    of = sum(task.points for task in FIRST)
    points = {
        s.name: (grades.points(s.name, "01"), grades.of(s.name, "01")) for s in grades.students
    }
    assert points == {"Ada": (of, of), "Bob": (None, 0), "Cyd": (0, of)}
    assert grades.points("Ada", "02") is None and grades.total("Ada") == (of, of)
    assert grades.lessons == ["01"]


def test_what_cannot_be_read_needs_review(tmp_path, capsys):
    unread = Mark("Ada", "05.ipynb", "", "", "unreadable", None, 0, "it is damaged.")
    marks = [unread, *(mark("Bob", task.name, 0) for task in FIRST)]
    dues = due.Due({"01": due.Deadline(NOW), "05": due.Deadline(NOW - timedelta(1))}, now=NOW)
    grades = settled(marks, dues=dues)
    assert grades.reviews("Ada", "05") == 1 and grades.reviews("Bob", "05") == 0
    path = file(tmp_path, "m.csv", "Full name,Lesson 05\nAda,-\nBob,-\n")
    export = Export.read("moodle", path, tmp_path / "out")
    export.fill(grades)
    assert [line[1] for line in export.lines[1:]] == ["-", "0"]
    report.write(tmp_path, grades, safe=True)
    assert "needs review: Ada 05.ipynb" in capsys.readouterr().out
    assert "needs review: it is damaged." in (tmp_path / "grades.csv").read_text(encoding="utf-8")
    assert "? it is damaged." in (tmp_path / "feedback" / "Ada.html").read_text(encoding="utf-8")


def test_the_average_is_that_of_the_tasks(tmp_path, capsys):
    tag, of = f"think-{FIRST[0].name}", sum(task.points for task in FIRST)
    marks = [mark("Ada", task.name, task.points) for task in FIRST]
    marks.append(mark("Ada", tag, None, status=ANSWERED, source="Yes."))
    grades = settled(marks, given={("Ada", "01", tag): overrides.Given(1, 1, "good")})
    report.write(tmp_path, grades, safe=True)
    assert f"{of:5.2f} of {of} on average" in capsys.readouterr().out


def test_lateness_costs_what_was_agreed_and_the_better_file_counts():
    task = FIRST[0]
    dues = due.Due({"01": due.Deadline(NOW, daily=0.5)}, now=NOW)
    papers = [
        paper("Ada", "early", time=NOW),
        paper("Ada", "later", time=NOW + timedelta(hours=30)),
    ]
    late = mark("Ada", task.name, task.points, file="later")
    grades = settled([late], papers=papers, dues=dues, file_times=True)
    assert grades.total("Ada")[0] == 0 and "2 days late" in grades.marks[0].reason
    assert settled([late], papers=papers, dues=dues).total("Ada")[0] == task.points
    early = mark("Ada", task.name, task.points, file="early")
    assert settled([late, early], papers=papers, dues=dues, file_times=True).total("Ada")[0] == (
        task.points
    )


def test_answers_in_words_count_once_they_are_marked():
    tag, other = (f"think-{task.name}" for task in FIRST[:2])
    marks = [mark(name, task.name, 0) for name in ("Ada", "Bob", "Cyd") for task in FIRST]
    marks += [
        mark("Ada", tag, None, status=ANSWERED, source="Nothing."),
        mark("Bob", tag, 0, status=NO_ANSWER),
        mark("Cyd", tag, None, status=ANSWERED, source="It falls."),
        mark("Ada", other, None, status=ANSWERED, source="Later."),
    ]
    tasks = sum(task.points for task in FIRST)
    before = settled(marks)
    assert [before.of(name, "01") for name in ("Ada", "Bob", "Cyd")] == [tasks] * 3
    given = {("Ada", "01", tag): overrides.Given(0.5, 1, "half")}
    after = settled(marks, given=given)
    # Bob said nothing to a question that is marked by now; Cyd's answer waits.
    assert [after.of(name, "01") for name in ("Ada", "Bob", "Cyd")] == [tasks + 1, tasks + 1, tasks]
    assert after.points("Ada", "01") == 0.5 and after.points("Bob", "01") == 0


def test_a_person_may_give_anything_within_reason(tmp_path):
    text = ",".join(overrides.COLUMNS) + "\n"
    text += "Ada,1,auc,-0.5,copied\nAda,01,think-auc,1,\nAda,,bonus,3,talk\nAda,1,bonus,-1,late\n"
    file(tmp_path, overrides.OVERRIDES, text)
    marked = (
        ",".join((*overrides.COLUMNS, "answer"))
        + "\nAda,01,think-auc,0,no,x\nBob,01,think-auc,,,y\n"
    )
    file(tmp_path, overrides.MARKED, marked)
    given = overrides.read(tmp_path, due.Due())
    assert {key: each.points for key, each in given.items()} == {
        ("Ada", "01", "auc"): -0.5,
        ("Ada", "01", "think-auc"): 1,
        ("Ada", "", "bonus"): 3,
        ("Ada", "01", "bonus"): -1,
    }
    grades = settled([mark("Ada", task.name, task.points) for task in FIRST], given=given)
    of = sum(task.points for task in FIRST)
    assert grades.total("Ada") == (of - TASKS["auc"].points - 0.5 + 1 + 3 - 1, of + 1)
    for line in ("Ada,01,think-auc,2,", "Ada,01,bonus,1000,", "Ada,99,bonus,1,", "Ada,1,auc,1,"):
        file(tmp_path, overrides.OVERRIDES, text + line + "\n")
        with pytest.raises(overrides.OverridesError, match="row 6: expected"):
            overrides.read(tmp_path, due.Due())


def test_decisions_may_come_from_any_spreadsheet(tmp_path):
    text = ";".join(overrides.COLUMNS) + "\nAda;1;auc;0,5;half\n\n\"'=Bob\";01;auc;1;'-1 of 2\n"
    file(tmp_path, overrides.OVERRIDES, text)
    given = overrides.read(tmp_path, due.Due())
    assert {key[0]: (each.points, each.reason) for key, each in given.items()} == {
        "Ada": (0.5, "half"),
        "=Bob": (1, "-1 of 2"),
    }


def test_points_are_for_the_words_that_were_read(tmp_path):
    tag, said = f"think-{FIRST[0].name}", "It falls;\n- by\t=1,\0 since I'm sure."
    marks = [mark("Ada", tag, None, status=ANSWERED, source=said)]
    think.write(tmp_path, settled(marks))
    table = tables.read(tmp_path / think.TABLE)
    rows = [list(table.header), *table.lines[1:]]
    rows[1][3] = "1"
    simulated_class.table(tmp_path / overrides.MARKED, rows)
    given = overrides.read(tmp_path, due.Due())
    for source, status, points in (
        (said, "right", 1),
        (said.upper().replace(" ", "  "), "right", 1),
        ("It grows.", ANSWERED, None),
        ("", NO_ANSWER, 0),
    ):
        start = ANSWERED if source else NO_ANSWER
        marks = [mark("Ada", tag, None if source else 0, status=start, source=source)]
        grades = settled(marks, given=given)
        assert (grades.marks[0].status, grades.marks[0].points) == (status, points), source
    # Without the column, as in overrides.csv, the decision is for whatever is said.
    simulated_class.table(tmp_path / overrides.MARKED, [row[:5] for row in rows])
    given = overrides.read(tmp_path, due.Due())
    marks = [mark("Ada", tag, None, status=ANSWERED, source="It grows.")]
    assert settled(marks, given=given).points("Ada", "01") == 1


def test_no_text_is_a_formula_in_any_table(tmp_path):
    signs, tag = ("=", "+", "-", "@"), f"think-{FIRST[0].name}"
    marks = [
        mark(f"{sign}Ada", task.name, 0, reason=f"{sign}cmd()") for sign in signs for task in FIRST
    ]
    marks += [mark(f"{s}Ada", tag, None, status=ANSWERED, source=f"{s}1 is it.") for s in signs]
    given = {(f"{s}Ada", "01", tag): overrides.Given(1, 1, f"{s}1") for s in signs}
    given["+Ada", "01", FIRST[0].name] = overrides.Given(-1, 1, "@copied")
    grades = settled(marks, given=given)
    report.write(tmp_path, grades, safe=True)
    think.write(tmp_path, grades)
    paths = list(tmp_path.glob("*.csv"))
    assert len(paths) == 4
    for path in paths:
        table = tables.read(path)
        for column in {"student", "task", "reason", "answer", "question"} & set(table.header):
            cells = [row[column] for row in table.rows]
            assert not any(text.startswith(signs) for text in cells), (path.name, column)


def test_who_has_no_points_for_once_keeps_their_history(tmp_path):
    ada = ("Ada", "05", "kl_term")
    history.note(tmp_path, {ada: ("1", "right")}, NOW)
    assert history.note(tmp_path, {}, NOW, students={"Ada"}) == 1  # no longer handed in
    assert history.note(tmp_path, {ada: ("1", "right")}, NOW, students={"Ada"}) == 1
    rows = tables.read(tmp_path / history.HISTORY).rows
    assert [row["after"] for row in rows] == ["1", "", "1"]


def test_every_change_is_in_the_history(tmp_path):
    key = ("Ada", "01", "auc")
    assert history.note(tmp_path, {key: ("1", "right"), ("Bob", "01", "auc"): ("0", "")}, NOW) == 2
    assert history.note(tmp_path, {key: ("1", "right")}, NOW) == 0
    assert history.note(tmp_path, {key: ("0.5", "by hand: late")}, NOW) == 1
    rows = tables.read(tmp_path / history.HISTORY).rows
    assert [(row["student"], row["before"], row["after"]) for row in rows] == [
        ("Ada", "", "1"),
        ("Ada", "1", "0.5"),
    ]  # who is gone leaves nothing


# Back to the platform


@pytest.fixture
def graded(tmp_path):
    marks = [
        mark(name, task.name, task.points)
        for name in ("Ada Lovelace", "Alan Turing")
        for task in FIRST
    ]
    return settled(marks)


MOODLE = "First name,Last name,Email address,Assignment: Lesson 01 (Real),Lesson 01 (Percentage)\n"
CANVAS = "Student,ID,Lesson 1 (80),Lesson 02 (81)\n    Points Possible,,9,8\n"


def test_only_cells_that_are_there_are_filled(tmp_path, graded):
    path = file(tmp_path, "m.csv", MOODLE + "Ada,Lovelace,,-,-\n\nEve,Nobody,,3,-\n")
    export = Export.read("moodle", path, tmp_path / "out")
    export.fill(graded)
    export.write(tmp_path / "out", graded, safe=True)
    filled = (tmp_path / "out" / "m.csv").read_text(encoding="utf-8")
    of = sum(task.points for task in FIRST)
    assert filled == MOODLE + f"Ada,Lovelace,,{of},-\n\nEve,Nobody,,3,-\n"
    assert path.read_text(encoding="utf-8").endswith("Ada,Lovelace,,-,-\n\nEve,Nobody,,3,-\n")
    path = file(tmp_path, "c.csv", CANVAS + '"Turing, Alan",7,,5\n"Student, Test",9,,\n')
    export = Export.read("canvas", path, tmp_path / "out")
    export.fill(graded)
    rows = [line for line in export.lines if line]
    assert [row[2:] for row in rows[2:]] == [[str(of), "5"], ["", ""]]


@pytest.mark.parametrize("title", ["Lesson 1", "lesson 01 (Real)", "01 The probabilistic view"])
def test_a_lesson_is_found_by_number_or_title(tmp_path, title):
    path = file(tmp_path, "m.csv", f"First name,Last name,{title},Lesson 10,Lesson 11\nAda,L,,,\n")
    assert Export.read("moodle", path, tmp_path / "out").columns["01"] == title


def test_a_worksheet_of_one_assignment_is_filled(tmp_path, graded):
    text = "Identifier,Full name,Grade,Maximum Grade\nParticipant 1,Ada Lovelace,,100\n"
    path = file(tmp_path, "Grades-Lesson 01-77.csv", text)
    export = Export.read("moodle", path, tmp_path / "out")
    export.fill(graded)
    assert export.lines[1][2] == str(sum(task.points for task in FIRST))
    assert any("100 points there" in line for line in export.said)


@pytest.mark.parametrize(
    ("system", "text", "says"),
    [
        ("moodle", "a,b\n1,2\n", r"line 1: expected the column “Full name” or “First name”"),
        ("canvas", MOODLE + "Ada,Lovelace,,,\n", r"line 1: expected the column “Student”"),
        ("moodle", "Full name,Homework\nAda Lovelace,\n", r"expected a column for a lesson"),
        ("moodle", "Full name,Lesson 01\nEve,\n", r"line 2: expected somebody of this class"),
        ("moodle", "Full name,Lesson 01,lesson 1\nAda,,\n", r"expected one column for lesson 01"),
        (
            "moodle",
            "Full name,Lesson 10 (after lesson 9)\nAda,\n",
            r"line 1: expected one lesson for the column “Lesson 10 \(after lesson 9\)”, got 09 and"
            r" 10. Rename it in a copy, such as “Lesson 09”. Nothing was written",
        ),
        ("ilias", "Full name,Lesson 01\nAda,\n", r"expected moodle or canvas, got ilias"),
    ],
)
def test_a_gradebook_of_another_course_is_refused(tmp_path, graded, system, text, says):
    path = file(tmp_path, "g.csv", text)
    with pytest.raises(tables.TableError, match=says):
        Export.read(system, path, tmp_path / "out").fill(graded)
    assert [each.name for each in tmp_path.iterdir()] == ["g.csv"]


@pytest.mark.parametrize(
    ("row", "whose"),
    [
        ('"Lee, Ann",7,S1', "Ann Lee"),
        ('"Lee, Ann",8,', None),  # another Ann Lee
        ('"Lee, Ann",,S2', None),
        ('"Lee, Ann",8,S1', None),
        ('"Lee, Ann",,', "Ann Lee"),
        ('"Turing, Alan",8,S2', "Alan Turing"),  # whose numbers nobody wrote down
        ('"King, Augusta",,', "Ada Lovelace"),
        ('"Hopper, Grace",7,', "Ann Lee"),
    ],
)
def test_whose_line_it_is(tmp_path, row, whose):
    students = [
        Student("Ann Lee", id="S1", canvas="7"),
        Student("Alan Turing"),
        Student("Ada Lovelace", also=("Augusta King",)),
    ]
    table = tables.read(file(tmp_path, "c.csv", f"Student,ID,SIS User ID\n{row}\n"))
    found = gradebook._student(table.rows[0], students)
    assert (found.name if found else None) == whose


def test_two_lines_of_one_name_are_left_as_they_are(tmp_path):
    grades = settled([mark(name, FIRST[0].name, 0) for name in ("Ann Lee", "Bob")])
    text = 'Student,ID,Lesson 01\n"Lee, Ann",7,\n"Lee, Ann",8,\nBob,9,\n'
    export = Export.read("canvas", file(tmp_path, "c.csv", text), tmp_path / "out")
    export.fill(grades)
    assert [line[2] for line in export.lines[1:]] == ["", "", "0"]
    assert sum("not certain who" in line for line in export.said) == 2


def test_a_cell_of_two_lines_does_not_move_the_points(tmp_path, graded):
    text = 'Full name,Note,Lesson 01\n"Ada\nLovelace","a\n\nb",\n\nAlan Turing,,\n'
    export = Export.read("moodle", file(tmp_path, "m.csv", text), tmp_path / "out")
    export.fill(graded)
    of = str(sum(task.points for task in FIRST))
    assert [line[-1] for line in export.lines if line] == ["Lesson 01", of, of]


@pytest.mark.parametrize("name", ["Lesson {}: {}", "{} {}"])
def test_every_lesson_has_a_column_of_its_own(tmp_path, name):
    titles = {number: name.format(number, title) for number, title in texts.lessons().items()}
    simulated_class.table(tmp_path / "m.csv", [["Full name", *titles.values()]])
    assert Export.read("moodle", tmp_path / "m.csv", tmp_path / "out").columns == titles


def test_feedback_goes_back_under_the_names_of_the_platform(tmp_path):
    entries = {
        "Ada": "Ada_7_assignsubmission_file",
        "Bob": "lovelacebob_LATE_10001_55501_01_bob.ipynb",
    }
    papers = [paper(name, f"{name}.ipynb", entry) for name, entry in entries.items()]
    marks = [mark(name, task.name, 0, file=f"{name}.ipynb") for name in entries for task in FIRST]
    grades = settled(marks, papers=papers)
    for system, name, expected in (
        ("moodle", "Ada", "Ada_7_assignsubmission_file/feedback_01.html"),
        ("canvas", "Bob", "lovelacebob_LATE_10001_55501_01_bob_feedback_01.html"),
    ):
        ((path, n),) = gradebook._write_archives(tmp_path, system, grades, True)
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == [expected] and n == 1
            assert f"Feedback for {name}" in archive.read(expected).decode()


def test_two_people_of_one_name_get_no_page_of_each_other(tmp_path, capsys):
    papers = [
        paper("Ann Lee", f"{n}/01.ipynb", f"Ann Lee_{n}_assignsubmission_file") for n in (1, 2)
    ]
    papers.append(paper("Ada", "01.ipynb", "Ada_7_assignsubmission_file"))
    marks = [mark(each.student, task.name, 0, file=each.name) for each in papers for task in FIRST]
    grades = settled(marks, papers=papers)
    path = file(tmp_path, "m.csv", MOODLE + "Ada,,,-,-\n")
    export = Export.read("moodle", path, tmp_path / "out")
    export.fill(grades)
    export.write(tmp_path / "out", grades, safe=True)
    with zipfile.ZipFile(tmp_path / "out" / "feedback-moodle-01.zip") as opened:
        assert opened.namelist() == ["Ada_7_assignsubmission_file/feedback_01.html"]
    assert "Ann Lee, lesson 01: no feedback" in capsys.readouterr().out


# The class repository


@pytest.mark.slow
def test_an_update_keeps_the_address_of_the_class(tmp_path):
    out, link = tmp_path / "class", "colab.research.google.com/github/school/class/blob/v1/"
    release(out, Address("school/class", "v1"), lessons=["01"])
    release(out, lessons=["01", "02"])
    for path in [out / "README.md", *(out / "notebooks" / "student").iterdir()]:
        assert link in path.read_text(encoding="utf-8"), path.name
    release(out, Address("school/other", "v1"))
    assert "github/school/other/" in (out / "README.md").read_text(encoding="utf-8")


# Downloads


def archive(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for info, content in members:
            zipped.writestr(info, content)
    return path


def test_a_download_is_unpacked_with_its_times(tmp_path):
    info = zipfile.ZipInfo("Ada_1_assignsubmission_file/01.ipynb", (2026, 10, 12, 9, 30, 0))
    path = archive(
        tmp_path / "a.zip", (info, b"{}"), ("Bob_2_assignsubmission_file/x.pdf", b"%PDF"),
        ("__MACOSX/._x.ipynb", b""), (".hidden/y.ipynb", b""),
    )  # fmt: skip
    assert unpack.unpack([path], tmp_path / "in") == 0
    found = tmp_path / "in" / info.filename
    assert found.read_bytes() == b"{}"
    assert datetime.fromtimestamp(found.stat().st_mtime) == datetime(2026, 10, 12, 9, 30)
    # Who handed in no notebook is still there, to be told so.
    assert sorted(each.name for each in (tmp_path / "in").iterdir()) == [
        "Ada_1_assignsubmission_file",
        "Bob_2_assignsubmission_file",
    ]


@pytest.mark.parametrize(
    "name",
    ["../x.ipynb", "/x.ipynb", "a/../../x.ipynb", "a\\..\\x.ipynb", "C:x.ipynb", "a/" * 9 + "../x"],
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    path = archive(tmp_path / "a.zip", ("ok.ipynb", b"{}"), (info, b"{}"))
    with pytest.raises(unpack.ArchiveError, match="expected names of files inside it"):
        unpack.unpack([path], tmp_path / "in")
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_what_one_student_packed_does_not_stop_the_class(tmp_path, monkeypatch):
    for module in (extract, unpack):
        monkeypatch.setattr(module, "LARGEST", 10)
    name = "{}_{}_assignsubmission_{}/{}"
    path = archive(
        tmp_path / "a.zip",
        (name.format("Ada", 1, "file", "01.ipynb"), b"{}"),
        (name.format("Ada", 1, "onlinetext", "onlinetext.html"), b"Hello"),
        (name.format("Bob", 2, "file", "01.ipynb"), b"x" * 1000),
        (name.format("Cyd", 3, "file", "a/" * 7 + "01.ipynb"), b"{}"),
        (name.format("Dan", 4, "file", "a/" * 2000 + "01.ipynb"), b"{}"),
    )
    assert unpack.unpack([path], tmp_path / "in") == 0
    papers, problems, _ = collect(tmp_path / "in")
    assert [each.student for each in papers] == ["Ada", "Bob", "Cyd"]
    assert [(each.student, each.needs_review) for each in problems] == [("Dan", True)]
    assert papers[1].path.stat().st_size == 11
    with pytest.raises(extract.UnreadableError, match="Clear its outputs"):
        content(papers[1].path)


def test_too_many_files_of_one_student_stay_in_the_archive(tmp_path, capsys):
    name = "{}_{}_assignsubmission_file/{}.ipynb"
    long = "ü" * 200
    path = archive(
        tmp_path / "a.zip",
        *((name.format("Ada", 1, n), b"{}") for n in range(50)),
        (name.format("Bob", 2, long), b"{}"),
        (name.format("Bob", 2, long + "e"), b"{}"),
    )
    assert unpack.unpack([path], tmp_path / "in") == 0
    said = capsys.readouterr().out
    assert "23 notebooks; 29 other files stay in it" in said
    assert "Ada_1_assignsubmission_file: 50 notebooks, of which the first 21 were taken" in said
    papers, problems, _ = collect(tmp_path / "in")
    assert [each.student for each in papers].count("Bob") == 2
    (problem,) = problems
    assert problem.student == "Ada" and "the first 20 were read" in problem.reason
    folder = unpack._fitting("ü" * 200 + "_2_assignsubmission_file")
    assert len(folder.encode()) <= 255 and folder.endswith("_2_assignsubmission_file")


def test_a_download_of_many_large_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "TOTAL", 1000)
    path = archive(tmp_path / "a.zip", *((f"{n}.ipynb", b"x" * 300) for n in range(4)))
    with pytest.raises(unpack.ArchiveError, match="GB of notebooks.*Nothing was unpacked"):
        unpack.unpack([path], tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_link_in_a_download_is_refused(tmp_path):
    info = zipfile.ZipInfo("x.ipynb")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(unpack.ArchiveError, match="got a link or device"):
        unpack.unpack([archive(tmp_path / "a.zip", (info, b"/etc/passwd"))], tmp_path / "in")
    file(tmp_path, "b.zip", "no zip")
    with pytest.raises(unpack.ArchiveError, match="b.zip: expected a zip file"):
        unpack.unpack([tmp_path / "b.zip"], tmp_path / "in")
    assert not (tmp_path / "in").exists()


# Pages


@pytest.fixture
def hostile():
    return simulated_class.hostile()


def test_nothing_of_a_student_is_markup_on_a_page(tmp_path, hostile):
    report.write(tmp_path, hostile, safe=True)
    statistics.write(tmp_path / "statistics.html", hostile)
    similarity.write(tmp_path / "similarity.html", hostile)
    think.write(tmp_path, hostile)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 5
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert "<img" not in page and page.count("<script") == (path.name == think.PAGE)
        assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'", page)
    assert "Eve" not in (tmp_path / "statistics.html").read_text(encoding="utf-8")
    assert all(path.parent in (tmp_path, tmp_path / "feedback") for path in pages)


def test_the_table_of_answers_becomes_points(tmp_path):
    tag = f"think-{FIRST[0].name}"
    marks = [mark("=Ada", tag, None, status=ANSWERED, source="a, b\nand c")]
    think.write(tmp_path, settled(marks))
    rows = list(csv.reader(io.StringIO((tmp_path / think.TABLE).read_text(encoding="utf-8"))))
    assert rows[1][:5] == ["'=Ada", "01", tag, "", ""] and rows[1][5] == "a, b\nand c"
    rows[1][3:5] = ["0.5", "half"]
    simulated_class.table(tmp_path / overrides.MARKED, rows)
    given = overrides.read(tmp_path, due.Due())
    assert settled(marks, given=given).points("=Ada", "01") == 0.5


def test_partial_points_are_shown_as_partial():
    task = next(task for task in FIRST if task.points > 1)
    grades = settled([mark("Ada", task.name, 0.5)])
    page = report.feedback(grades, "Ada", "")
    assert "◐" in page and "✗" not in page and f"0.5 of {task.points}" in page
    assert texts.tasks()[task.name].title in page and "2026-11-02" in page and "Next step" in page


def test_every_task_and_question_has_its_texts():
    known = texts.tasks()
    assert known.keys() == TASKS.keys()
    for name, text in known.items():
        assert text.number and text.title and text.question and len(text.rubric) > 20, name
        assert "SOLUTION" not in text.rubric + text.question
        assert "<math" in texts.html(text.question) or "$" not in text.question


def test_mistakes_have_the_names_of_the_specs():
    task = "intrinsic_dimension"
    names = {getattr(wrong, "__name__", ""): hint for wrong, hint in TASKS[task].wrong}
    named, nameless = names["_own_distance_counted"], TASKS[task].hints[0]
    marks = [mark(name, task, 0, reason=f"wrong. Hint: {named}") for name in "abc"]
    marks += [mark(name, task, 0, reason=f"wrong. Hint: {nameless}") for name in "de"]
    marks += [mark("f", task, 0, reason="your function stopped with TypeError: no.")]
    marks += [mark("g", task, 0, reason="expected 1, got 2."), mark("h", task, TASKS[task].points)]
    assert statistics.mistakes(marks) == [
        (task, 3, named, "own distance counted"),
        (task, 2, nameless, ""),
        (task, 1, "stops with TypeError", ""),
        (task, 1, statistics.NO_HINT, ""),
    ]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("your function stopped with ValueError: x Hint: EVIL Eve.", "stops with ValueError"),
        ("your function stopped with EVIL: Eve.", "stops with an error of its own"),
        ("your function stopped with évil: Eve.", "stops with an error of its own"),
        ("your function stopped with print: Eve.", "stops with an error of its own"),
        ("expected a single number, got an EVIL Hint: Eve.", "returns another shape"),
        (
            "expected shape (3,), got an x Hint: every number is e too large.",
            "returns another shape",
        ),
        ("expected a function, got a EVIL Hint: Eve.", statistics.NO_HINT),
        ("your function needs `EVIL`: Eve.", "needs what a grader does not have"),
        ("expected 1, got 2. Hint: EVIL is 2 times what it should be.", statistics.NO_HINT),
        (
            "expected 1, got -2. Hint: the number is -2.5e-05 times what it should be.",
            "the number is … times what it should be.",
        ),
        ("wrong. Hint: every number is 0.5 too small.", "every number is … too small."),
        ("wrong. Hint: the right numbers, transposed.", "the right numbers, transposed."),
    ],
)
def test_no_sentence_of_a_student_is_shown_to_the_class(reason, shown):
    ((_, n, what, name),) = statistics.mistakes([mark("a", "auc", 0, reason=reason)])
    assert (n, what, name) == (1, shown, "")


@pytest.mark.parametrize("of", [1, 7, 11, 30])
def test_a_histogram_holds_everybody_once(of):
    points = [n / 2 for n in range(-1, 2 * of + 1)]
    bars = statistics.histogram(points, of)
    assert sum(bar.n for bar in bars) == len(points) and max(bar.height for bar in bars) == 100
    assert bars[-1].label.split("–")[-1] == str(of)


def test_times_that_unpacking_made_are_not_shown():
    assert statistics.hours([NOW, NOW + timedelta(minutes=5)]) == []
    bars = statistics.hours([NOW, NOW + timedelta(hours=26)])
    assert {bar.label: bar.n for bar in bars if bar.n} == {"12": 1, "14": 1}


def test_a_disguised_copy_is_more_alike_than_another_answer():
    """Independent right answers to a task against copies with other names and comments."""

    def share(one: str, other: str) -> float:
        kinds = [[token.kind for token in similarity.tokens_of(text)] for text in (one, other)]
        return similarity.Indel.normalized_similarity(*kinds)

    copies, others = [], []
    for folder in sorted(simulated_class.ANSWERS.iterdir()):
        answers = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("right_*.py"))]
        answers = [a for a in answers if len(similarity.tokens_of(a)) >= similarity.LONG]
        copies += [share(answer, disguised(answer)) for answer in answers]
        others += [share(a, b) for i, a in enumerate(answers) for b in answers[:i]]
    assert min(copies) >= similarity.ALIKE
    assert sum(each >= similarity.ALIKE for each in others) < len(others) / 20


def disguised(source: str) -> str:
    """An answer with other names, comments, and blank lines."""
    own = set(re.findall(r"^\s*(\w+) =", source, re.MULTILINE))
    for name in own:
        source = re.sub(rf"(?<![.\w]){name}(?!\w|=[^=])", f"my_{name}", source)
    return "\n\n".join(f"{line}  # so" if line.strip() else line for line in source.splitlines())


def test_identical_files_and_answers_are_always_named():
    source = "x = 1\n" * similarity.LONG
    marks = [mark(name, task.name, 0, source=source) for name in "ab" for task in FIRST]
    marks += [mark("c", FIRST[0].name, 0, source="x = 1")]
    papers = [paper("c", "01"), replace(paper("d", "01"), digest="digest of c")]
    assert similarity.identical(settled(marks, papers=papers)) == [["a", "b"], ["c", "d"]]


# The walk of the documentation


@needs_bwrap
@pytest.mark.parametrize(
    ("people", "submissions"),
    [(4, 7), pytest.param(24, 60, marks=[pytest.mark.slow, pytest.mark.exhaustive])],
)
def test_a_class_from_download_to_gradebook(tmp_path, monkeypatch, people, submissions):
    """The commands of docs/teaching.md, with the answers in words marked between them."""
    monkeypatch.chdir(tmp_path)
    read = due.read  # deadlines have passed, whatever day it is
    monkeypatch.setattr(due, "read", lambda *given: replace(read(*given), now=NOW))
    for folder in ("downloads", "grades"):
        Path(folder).mkdir()
    everybody = simulated_class.write(Path("downloads"), people, submissions)
    simulated_class.roster(Path("grades/roster.csv"), everybody)
    file(tmp_path, "grades/due.csv", block("text due"))
    simulated_class.moodle_gradebook(Path("downloads/moodle.csv"), everybody)
    simulated_class.canvas_gradebook(Path("downloads/canvas.csv"), everybody)
    commands = [shlex.split(line)[1:] for line in block("sh walk").splitlines()]
    unpacking, grading, exporting = (
        [
            text
            for word in words
            for text in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
        ]
        for words in commands
    )
    assert cli.main(unpacking) == 0 and cli.main(grading) == 0
    before = len(tables.read(Path("grades/history.csv")).rows)
    text = Path("grades/answers.csv").read_text(encoding="utf-8")
    answers = list(csv.reader(io.StringIO(text, newline="")))
    wanted = sum(
        len([text for text in said.values() if text]) for p in everybody for said in p.said.values()
    )
    assert len(answers) == wanted + 1
    for row in answers[1:]:
        row[3] = "1" if "constant" in row[5] else "0"
    simulated_class.table(Path("grades/think.csv"), answers)
    assert cli.main(exporting) == 0
    assert len(tables.read(Path("grades/history.csv")).rows) > before

    expect_points(everybody)
    expect_gradebooks(everybody)
    expect_archives(everybody)


def expect_points(everybody) -> None:
    """Right answers have all their points, less what lateness costs; wrong ones have fewer."""
    found = {}
    with Path("grades/grades.csv").open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            found[row["student"], row["task"] or row["lesson"]] = row
    deadlines = due.Due({}, {}, NOW)
    keeps = {"01": 0.8, "02": 1, "03": 0}  # after two days of lateness
    for person in everybody:
        for lesson in simulated_class.DUE:
            tasks = [task for task in TASKS.values() if task.lesson == lesson]
            if lesson not in person.right:
                assert found[person.name, lesson]["points"] == "0"
                continue
            extended = lesson == "03" and person.number == 10_002
            late = person.late[lesson] and not extended
            share = keeps[lesson] if late else 1
            for task in tasks:
                points = float(found[person.name, task.name]["points"])
                full = task.name in person.right[lesson]
                assert points == round(share * task.points, 2) if full else points < task.points
            for tag, text in person.said[lesson].items():
                row = found[person.name, tag]
                of = {"02": 2.0}.get(lesson, deadlines.think(lesson))
                if text:
                    assert (row["points"], float(row["of"])) == (str(int("constant" in text)), of)
                else:
                    assert row["points"] in ("", "0")


def expect_gradebooks(everybody) -> None:
    """Only points were filled in, and they are those of the summary."""
    with Path("grades/summary.csv").open(encoding="utf-8", newline="") as opened:
        summary = {row["id"]: row for row in csv.DictReader(opened)}
    assert len(summary) == len(everybody)
    for system, number in (("moodle", "ID number"), ("canvas", "SIS User ID")):
        exported, filled = (
            tables.read(Path(path))
            for path in (f"downloads/{system}.csv", f"grades/export/{system}.csv")
        )
        assert filled.header == exported.header and len(filled.lines) == len(exported.lines)
        assert filled.encoding == exported.encoding
        own = 0
        for was, row in zip(exported.rows, filled.rows, strict=True):
            for column in exported.header:
                lesson = re.search(r"Lesson (\d\d) \(", column)
                if lesson and row[number] in summary:
                    assert row[column] == summary[row[number]][f"lesson {lesson[1]}"]
                    own += 1
                else:
                    assert row[column] == was[column]
        assert own == 3 * sum(person.system == system for person in everybody)


def expect_archives(everybody) -> None:
    """Every submission has a page under its own name, which names its student and nobody else."""
    for lesson in simulated_class.DUE:
        for system in ("moodle", "canvas"):
            with zipfile.ZipFile(f"downloads/{system} lesson {lesson}.zip") as download:
                there = {Path(name).parts[0].removesuffix(".ipynb") for name in download.namelist()}
            path = Path(f"grades/export/feedback-{system}-{lesson}.zip")
            if not there:
                assert not path.exists()
                continue
            with zipfile.ZipFile(path) as feedback:
                pages = {name: feedback.read(name).decode() for name in feedback.namelist()}
            entries = {
                name.split("/")[0].removesuffix(f"_feedback_{lesson}.html") for name in pages
            }
            assert entries == there
            for page in pages.values():
                named = [person.name for person in everybody if person.name in page]
                assert len(named) == 1 and "<img" not in page
    for name in (think.PAGE, "statistics.html", "similarity.html", "history.csv"):
        assert (Path("grades") / name).is_file()
    assert extract.THINK in Path("grades/history.csv").read_text(encoding="utf-8")
