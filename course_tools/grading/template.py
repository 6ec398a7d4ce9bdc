"""The grader's side of a template: a sandbox that forks a process for every notebook.

`inside/template.py` is the other side. Each thread of the grader has a template of its own.
"""

import os
import select
import signal
import socket
import subprocess
import weakref
from contextlib import suppress


class Fork:
    """A process that a template has started, as far as it is like a `subprocess.Popen`.

    Attributes:
        stdin: the stream to it.
        stdout: the stream from it.

    Args:
        control: the socket to its template.
        seconds: to wait for it.

    Raises:
        OSError, EOFError: where the template has ended, or does not answer.
    """

    def __init__(self, control: socket.socket, seconds: float) -> None:
        (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")
        self.descriptor = -1
        try:
            control.settimeout(seconds)
            socket.send_fds(control, [b"+"], [theirs_in, theirs_out])
            _, received, *_ = socket.recv_fds(control, 1, 1)
            if not received:
                raise EOFError("the template has ended")
            (self.descriptor,) = received
        except BaseException:
            self.stdin.close()
            self.stdout.close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def kill(self) -> None:
        """End it, and with it all that runs in its namespaces."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until it has ended, and let go of it."""
        ended = select.poll()
        ended.register(self.descriptor, select.POLLIN)
        ended.poll()
        os.close(self.descriptor)


class Template:
    """A sandbox that waits for notebooks; it ends with this object.

    Args:
        command: starts it.
        environment: its environment variables.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=environment, cwd="/", start_new_session=True,
            )  # fmt: skip
        self.end = weakref.finalize(self, _end, self.process, self.control)

    @property
    def alive(self) -> bool:
        """Whether it can be asked for a process."""
        return self.end.alive and self.process.poll() is None

    def fork(self, seconds: float) -> Fork:
        """Return a new process, for one notebook.

        Args:
            seconds: to wait for it: the first one comes when PyTorch is loaded.

        Raises:
            OSError, EOFError: where there is none; the template has then ended.
        """
        try:
            return Fork(self.control, seconds)
        except BaseException:
            self.end()
            raise


def _end(process: subprocess.Popen, control: socket.socket) -> None:
    control.close()
    process.kill()
    process.wait()
