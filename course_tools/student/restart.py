"""`course restart`: start a lesson again from the beginning, and keep the old copy."""

from course_tools.student import lab


def restart(lesson: str) -> int:
    """Put a fresh copy of a lesson into `work/`, and move the old one to `work/kept/`.

    Args:
        lesson: its number, e.g. "05".

    Returns:
        The exit code.
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
        print(f"Your old copy is kept: {kept}")
    lab.copy_missing()
    print(f"A fresh copy: {path}")
    return 0
