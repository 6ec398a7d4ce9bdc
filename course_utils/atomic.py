"""Files that are there in full or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: Path, content: bytes, aside: Path | None = None) -> None:
    """Write `content` to `path`, whatever happens meanwhile: a reader sees the old file or the new
    one.

    aside: the old file's new name, where it is to be kept. Folders are made. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
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
        raise
