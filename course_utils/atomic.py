"""Write files in full or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: Path, content: bytes, aside: Path | None = None) -> None:
    """Write a file so that a reader sees either the old content or the new one, never a part.

    With `aside`, there is a moment without a file. Missing folders are created.

    Args:
        path: the file.
        content: its new content.
        aside: where to keep the old file; default: it is replaced.

    Raises:
        OSError: where the file cannot be written; the old one is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    except OSError as error:
        error.filename = str(path)  # nobody knows the name of the part
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)  # mkstemp's own files are for their owner alone
        if aside:
            path.rename(aside)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
            if aside and not path.exists():
                aside.rename(path)
        raise
