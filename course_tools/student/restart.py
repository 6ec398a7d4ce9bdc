"""`course restart`: begin a lesson afresh. What was there is kept."""

from course_tools.student import lab


def restart(lesson: str) -> int:
    """A fresh copy of a lesson in work/; the old one is kept beside it in work/kept/. Returns the
    exit code.
    """
    path = lab.copy_of(lesson)
    if path.exists():
        kept = next(
            place
            for n in range(1, 10_000)
            if not (place := lab.WORK / "kept" / f"{path.stem}-{n}.ipynb").exists()
        )
        kept.parent.mkdir(exist_ok=True)
        path.rename(kept)
        print(f"What you had is kept: {kept}")
    lab.copy_missing()
    print(f"A fresh copy: {path}")
    return 0
