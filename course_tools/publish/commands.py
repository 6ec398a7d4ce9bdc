"""`course run`, `site`, `slides`, `lab-page`, `outline` and `release`; for maintainers `execute`,
`student`, `address` and `sync`.
"""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_to(commands) -> None:
    """Declare the commands of this folder."""

    def of_lessons(name: str, **about) -> ArgumentParser:
        command = commands.add_parser(name, **about)
        command.add_argument("lessons", nargs="*", metavar="02", help="only these (default: all)")
        return command

    def out(command, folder: str) -> None:
        command.add_argument(
            "--out", type=Path, default=Path(folder), help="folder to write (default: %(default)s)"
        )

    command = of_lessons(
        "run", aliases=["course"], help="run the lessons and build the site from them"
    )
    out(command, "build/site")
    command.set_defaults(run=run)
    command = commands.add_parser(
        "site", help="build the site from the committed outputs; nothing is run"
    )
    _site_options(command, out)
    _slides_options(of_lessons("slides", help="write the decks; 00 is the whole lecture"), out)
    command = commands.add_parser("lab-page", help="serve a page where all models answer drawings")
    out(command, "build/lab-page")
    command.add_argument("--port", type=int, default=0, help="default: any free one")
    command.set_defaults(run=lab_page)
    commands.add_parser(
        "outline", help="list which slide of the lecture stands where"
    ).set_defaults(run=outline)
    _add_release(commands)
    _for_maintainers(commands)


def _slides_options(command, out) -> None:
    out(command, "build/slides")
    command.add_argument(
        "--pdf", action="store_true", help="write a handout beside each deck, with Chromium"
    )
    command.add_argument(
        "--accept",
        action="store_true",
        help="for maintainers: note that the words were read beside the figures of today",
    )
    command.set_defaults(run=slides)


def _site_options(command, out) -> None:
    out(command, "build/site")
    command.add_argument(
        "--complete", action="store_true", help="fail where slides or lab page cannot be built"
    )
    command.add_argument(
        "--check-links",
        action="store_true",
        help="build nothing: ask every address outside the site whether it still answers",
    )
    command.set_defaults(run=site)


def _for_maintainers(commands) -> None:
    command = commands.add_parser(
        "execute", help="for maintainers: run lessons and save them, with their figures, in place"
    )
    command.add_argument("lessons", nargs="*", metavar="02", help="only these (default: all)")
    command.set_defaults(run=execute)
    command = commands.add_parser(
        "student", help="for maintainers: write the student versions of all lessons"
    )
    command.set_defaults(run=student)
    command = commands.add_parser(
        "address",
        aliases=["badges"],
        help="for maintainers: write the address of the course into all links and Colab cells",
    )
    command.add_argument("--repo", help="owner/name on GitHub")
    command.add_argument("--ref", help="the tag that Colab installs, e.g. v1.0")
    command.add_argument(
        "--from-git", action="store_true", help="take both from the repository that this clones"
    )
    command.add_argument(
        "--check", action="store_true", help="only say whether the address is still the placeholder"
    )
    command.set_defaults(run=address)
    command = commands.add_parser(
        "sync",
        help="for maintainers: rewrite environment.yml and the generated parts of the README",
    )
    command.set_defaults(run=sync)


def _add_release(commands) -> None:
    command = commands.add_parser(
        "release", help="write or update a class repository: student versions, no solutions"
    )
    command.add_argument("out", type=Path, help="a new folder, or the repository to update")
    command.add_argument(
        "--lessons",
        metavar="01-03",
        help="only these (default: those that it has; for a new one, all)",
    )
    command.add_argument(
        "--repo", help="owner/name that it will have on GitHub, for links to Colab"
    )
    command.add_argument("--ref", default="main", help="its branch or tag (default: %(default)s)")
    command.set_defaults(run=release)


# Each function imports what it needs: only some of them need the extra `teach`.


def run(chosen: Namespace) -> int:
    from course_tools.publish import runs

    return runs.course(chosen.out, *chosen.lessons)


def site(chosen: Namespace) -> int:
    from course_tools.publish import site

    if chosen.check_links:
        return site.check_links()
    return site.build(chosen.out, complete=chosen.complete)


def slides(chosen: Namespace) -> int:
    from course_tools.publish import slides

    if chosen.accept:
        return slides.accept(*chosen.lessons)
    return slides.write(chosen.out, *chosen.lessons, pdf=chosen.pdf)


def lab_page(chosen: Namespace) -> int:
    from course_tools.publish import lab_page

    return lab_page.serve(chosen.out, chosen.port)


def outline(chosen: Namespace) -> None:
    from course_tools.publish import outline

    outline.write()


def release(chosen: Namespace) -> None:
    from course_tools.publish.address import Address
    from course_tools.publish.class_repo import numbers_of, release

    where = Address(chosen.repo, chosen.ref) if chosen.repo else None
    release(chosen.out, where, numbers_of(chosen.lessons) if chosen.lessons else None)


def execute(chosen: Namespace) -> int:
    from course_tools.publish import notebooks
    from course_utils.runtime import setting

    notebooks.require_the_course()
    # What is committed was seen on MNIST; without it a lesson would take the small digits.
    if setting("COURSE_DATASET", "auto") == "auto":
        os.environ["COURSE_DATASET"] = "mnist"
    return notebooks.execute_in_place(*chosen.lessons)


def student(chosen: Namespace) -> None:
    from course_tools.publish import notebooks, student_version

    notebooks.require_the_course()
    student_version.write_all()


def address(chosen: Namespace) -> None:
    from course_tools.publish import address, notebooks, set_address

    notebooks.require_the_course()
    if chosen.check:
        address.check()
        return
    now = address.from_git() if chosen.from_git else address.read()
    if now is None:
        raise SystemExit(
            "git knows no remote `origin` on GitHub here. Name the address:"
            " course address --repo owner/name --ref v1.0"
        )
    set_address.write(chosen.repo or now.repo, chosen.ref or now.ref)


def sync(chosen: Namespace) -> None:
    from course_tools.publish import notebooks, readme

    notebooks.require_the_course()
    readme.sync()
