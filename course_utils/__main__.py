"""The commands of the course: `python -m course_utils COMMAND`."""

import argparse
import errno
import os
import sys
from pathlib import Path

MODELS = ("classifier", "pca", "ae", "vae", "cvae", "gan", "cgan", "vae_gan")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_utils", description="The commands of the course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("lab", help="copy the student notebooks to work/ and open JupyterLab there; more options go to it")
    command = commands.add_parser("course", help="run the lessons and write a page each")
    command.add_argument("lessons", nargs="*", metavar="02", help="only these (default: all)")
    command.add_argument("--out", type=Path, default=Path("build/site"), help="where to (default: %(default)s)")
    command = commands.add_parser("slides", help="write every lesson as a deck, from its committed figures")
    command.add_argument("lessons", nargs="*", metavar="02", help="only these (default: all)")
    command.add_argument("--out", type=Path, default=Path("build/slides"), help="where to (default: %(default)s)")
    commands.add_parser("outline", help="which slide of the lecture stands where")
    command = commands.add_parser("submit", help="check your copy of a lesson and write the one file to hand in")
    command.add_argument("lesson", help="its number, e.g. 05, or the path of your notebook")
    command.add_argument("--name", help="yours, to become part of the file's name")
    command.add_argument("--out", type=Path, help="folder for the file (default: handin/ beside your notebook)")
    command = commands.add_parser("restart", help="a fresh copy of a lesson in work/; the old one is kept")
    command.add_argument("lesson", help="its number, e.g. 05")
    command = commands.add_parser("train", help="train a model and write its weights; the same command goes on after a break")
    command.add_argument("model", choices=(*MODELS, "all"), help="or all, with their numbers, for MNIST and the digits")
    command.add_argument("--seed", type=seed, default=0)
    command.add_argument("--steps", type=int, help="default: those of the model's recipe")
    command.add_argument("--out", type=Path, help="file to write (default: among the weights of the package)")
    command = commands.add_parser("sample", help="draw pictures from a trained model into a file")
    command.add_argument("model", choices=MODELS[1:])
    command.add_argument("-n", type=int, default=100, help="how many (default: %(default)s)")
    command.add_argument("--seed", type=seed, default=0)
    command.add_argument("--out", type=Path, help="file to write (default: MODEL.npz)")
    command.add_argument("--weights", type=Path, help="file that `train` wrote (default: among the weights of the package)")
    command = commands.add_parser("scoreboard", help="measure every model that ships, on the same test pictures")
    command.add_argument("--json", type=Path, metavar="PATH", help="also write the numbers there")
    command = commands.add_parser("execute", help="for maintainers: run lessons and save them, with their figures, in place")
    command.add_argument("lessons", nargs="*", metavar="02", help="only these (default: all)")
    commands.add_parser("student", help="for maintainers: write the student versions of all lessons")
    command = commands.add_parser("release", help="write a class repository: no lessons, no references, no solutions")
    command.add_argument("out", type=Path, help="a new folder")
    command.add_argument("--repo", help="owner/name that it will have on GitHub, for links to Colab")
    command.add_argument("--ref", default="main", help="its branch or tag (default: %(default)s)")
    command = commands.add_parser("grade", help="mark what students handed in, their code in a sandbox; goes on after a break")
    command.add_argument("submissions", type=Path, help="a folder per student in it, or notebooks named by student")
    command.add_argument(
        "--out", type=Path, default=Path("grades"), help="folder for tables and feedback (default: %(default)s)"
    )
    command.add_argument("--jobs", type=int, metavar="N", help="notebooks at a time (default: one per core)")
    command.add_argument("--backend", choices=("local", "dask"), default="local", help="where (default: %(default)s)")
    command.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask cluster, e.g. tcp://10.0.0.1:8786")
    command.add_argument("--unsafe-no-sandbox", action="store_true", help="run their code with your rights; read it first")
    command = commands.add_parser("badges", help="for maintainers: the address of the course, in all links and Colab cells")
    command.add_argument("--repo", help="owner/name on GitHub")
    command.add_argument("--ref", help="the tag that Colab installs, e.g. v1.0")
    command.add_argument("--check", action="store_true", help="only say whether the address is still the placeholder")
    commands.add_parser("sync", help="for maintainers: rewrite environment.yml and the generated parts of the README")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows pipe has no x̂
    for name in ("COURSE_DATA", "COURSE_PRETRAINED"):  # relative to where the command was called, not to a kernel's folder
        if os.environ.get(name, "") not in ("", "0", "1"):
            os.environ[name] = str(Path(os.environ[name]).expanduser().resolve())
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    from course_utils.files import DataError

    try:
        return run(chosen, rest)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        reasons = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "nothing may be written there, or read")
        reasons |= {errno.ENOSPC: "there is no space left", errno.EISDIR: "it is a folder, where a file is meant"}
        reasons |= dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "it is, or lies below, a file, where a folder is meant")
        if (reason := reasons.get(error.errno or 0)) is None:
            raise
        way = "Work in a copy of the course that is yours, or name another place where the command has an --out."
        print(f"{error.filename or 'The disk'}: {reason}. {way}", file=sys.stderr)
        return 1


def seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {2**32 - 1}, got {text!r}")
    return int(text)


def run(chosen: argparse.Namespace, rest: list[str]) -> int:
    # Imported one by one: `lab` must start at once, and only some commands need the teaching extra.
    if chosen.command in ("badges", "sync", "student", "execute"):
        from course_utils.teaching.release import HANDOUT

        if HANDOUT.exists():
            print("This is a class repository. That is done in the course it was made from.", file=sys.stderr)
            return 1
    if chosen.command == "lab":
        from course_utils.teaching.lab import lab

        lab(rest)
    elif chosen.command == "course":
        from course_utils.teaching.site import course

        return course(chosen.out, *chosen.lessons)
    elif chosen.command == "slides":
        from course_utils.teaching import decks

        return decks.write(chosen.out, *chosen.lessons)
    elif chosen.command == "submit":
        from course_utils.teaching import handing_in

        return handing_in.submit(chosen.lesson, name=chosen.name, out=chosen.out)
    elif chosen.command == "restart":
        from course_utils.teaching import handing_in

        return handing_in.restart(chosen.lesson)
    elif chosen.command == "release":
        from course_utils.teaching.address import Address
        from course_utils.teaching.release import release

        release(chosen.out, Address(chosen.repo, chosen.ref) if chosen.repo else None)
    elif chosen.command == "grade":
        return grade(chosen)
    elif chosen.command == "badges":
        from course_utils.teaching import address

        if chosen.check:
            address.check()
        else:
            now = address.read()
            address.write(chosen.repo or now.repo, chosen.ref or now.ref)
    elif chosen.command == "outline":
        from course_utils.teaching import outline

        outline.write()
    elif chosen.command in ("train", "sample", "scoreboard"):
        from course_utils.teaching import board, shipping
        from course_utils.teaching.checkpoints import Refused

        try:
            if chosen.command == "scoreboard":
                board.write(chosen.json)
            elif chosen.command == "sample":
                out = chosen.out or Path(f"{chosen.model}.npz")
                shipping.sample(chosen.model, chosen.n, seed=chosen.seed, out=out, weights=chosen.weights)
            elif chosen.model == "all":
                if chosen.out:
                    raise Refused(f"`train all` writes into the package, every model to its own file; got --out {chosen.out}")
                shipping.train_all(seed=chosen.seed, steps=chosen.steps)
            else:
                shipping.train(chosen.model, seed=chosen.seed, out=chosen.out, steps=chosen.steps)
        except Refused as error:
            print(error, file=sys.stderr)
            return 1
    elif chosen.command == "execute":
        from course_utils.teaching.lessons import execute_in_place

        return execute_in_place(*chosen.lessons)
    elif chosen.command == "student":
        from course_utils.teaching import student

        student.write_all()
    elif chosen.command == "sync":
        from course_utils.teaching import generated

        generated.sync()
    return 0


def grade(chosen: argparse.Namespace) -> int:
    from course_utils.teaching.grade import NotGraded, grade
    from course_utils.teaching.reports import BadOverrides
    from course_utils.teaching.sandbox import NoSandbox

    if (chosen.backend == "dask") != bool(chosen.scheduler):
        print("--backend dask and --scheduler ADDRESS go together.", file=sys.stderr)
        return 2
    try:
        safe = not chosen.unsafe_no_sandbox
        return grade(chosen.submissions, chosen.out, jobs=chosen.jobs, scheduler=chosen.scheduler, safe=safe)
    except (NotGraded, NoSandbox, BadOverrides) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was marked is kept: run the same command again to go on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
