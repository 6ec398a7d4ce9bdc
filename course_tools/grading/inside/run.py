"""What runs in the sandbox: it reads one notebook and calls the student's functions on the inputs
it is given.

A script that is started there with `protocol`, `calling`, `extract` and `lockdown` beside it, and
without `course_utils`. The grader trusts nothing that comes out of it once the first function of a
student has run.
"""

import __future__

import gc
import io
import os
import select
import signal
import sys
import time
import warnings

MOST = 8_000_000  # bytes of an answer
WAITED = 1.0  # seconds of a processor; what used less until its time was over did not compute


def main() -> None:
    import resource

    import extract
    import lockdown
    import protocol

    if sys.argv[1] == "main":  # not where there is no sandbox
        lockdown.shut()
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    for descriptor in (0, 1, 2):  # what a student prints goes nowhere
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    whole = resource.getrlimit(resource.RLIMIT_AS)
    # Reading may not take all there is, either.
    resource.setrlimit(resource.RLIMIT_AS, (2 * lockdown.MEMORY, whole[1]))
    request, sent = protocol.receive(stdin, 4 * extract.LARGEST)
    try:
        notebook = extract.parse(sent["notebook"].tobytes(), request["name"])
        cells = extract.code_cells(notebook)
    except extract.UnreadableError as error:
        protocol.send(stdout, {"unreadable": str(error)})
        return
    lessons = request["lessons"]
    lesson = extract.lesson_of(cells, lessons)
    found = extract.answers(cells, [task for task in lessons if lessons[task] == lesson])
    read = {"lesson": lesson, "answers": {name: vars(answer) for name, answer in found.items()}}
    protocol.send(stdout, {**read, "python": extract.python_of(notebook)})
    if any(answer.status == extract.WRITTEN for answer in found.values()):
        resource.setrlimit(resource.RLIMIT_AS, whole)
        import torch

        torch.set_num_threads(1)
        # What it sets up once, before the limits.
        torch.ones(2, requires_grad=True).sum().backward()
        gc.freeze()
        protocol.send(stdout, {"ready": True})
        inputs, arrays = protocol.receive(stdin, 100_000_000)
        stdin.close()
        for name, rounds in inputs["tasks"].items():
            ended, answer = in_own_process(
                lambda out, name=name, rounds=rounds: attempt(
                    out, name, found[name].source, rounds, arrays
                ),
                request["seconds"],
                request["wall"],
            )
            protocol.send(stdout, {"task": name, "ended": ended}, {"answer": answer})


def in_own_process(work, seconds: float, wall: float) -> tuple:
    """Call `work(stream)` in a process of its own, within limits. Returns how it ended and what it
    wrote.

    seconds: of a processor. wall: by the clock; "slow" is what was at work then, on a machine that
    has too much to do.
    """
    import lockdown
    import numpy as np

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.closerange(3, writer)  # the line to the grader among them
            os.closerange(writer + 1, 256)
            lockdown.limit(seconds)
            with os.fdopen(writer, "wb") as out:
                work(out)
        finally:
            os._exit(0)
    os.close(writer)
    written, end, ended = bytearray(), time.monotonic() + wall, "time"
    while (left := end - time.monotonic()) > 0 and len(written) <= MOST:
        if select.select([reader], [], [], left)[0]:
            chunk = os.read(reader, 1 << 20)
            written += chunk
            if not chunk:
                ended = "answer"
                break
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if ended == "time" and used.ru_utime + used.ru_stime > WAITED:
        ended = "slow"
    if ended == "answer" and not written:
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        ended = {0: "exit", signal.SIGKILL: "exit", signal.SIGXCPU: "time"}.get(killed, "crash")
    if len(written) > MOST:
        ended = "size"
    return ended, np.frombuffer(bytes(written[:MOST]), np.uint8)


def attempt(
    out: io.BufferedWriter, name: str, source: str, rounds: list[dict], arrays: dict
) -> None:
    """Define the student's function, call it on every round, and write what came."""
    import ast
    import linecache

    import calling
    import extract
    import protocol

    later = __future__.annotations.compiler_flag if extract.LATER in source else 0
    namespace: dict = {"__name__": "answer", "display": lambda *_, **__: None}
    # Where torch.jit.script looks.
    linecache.cache["<answer>"] = (
        len(source),
        None,
        source.splitlines(True),
        "<answer>",
    )
    trouble = None
    header: dict = {"values": []}
    returned: dict = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for node in ast.parse(source).body:
                try:  # what fails may not matter: an import of what is only drawn with
                    exec(compile(ast.Module([node], []), "<answer>", "exec", later), namespace)
                except Exception as error:
                    trouble = trouble or error
            if name not in namespace:
                raise trouble or NameError(name)
            for i, inputs in enumerate(rounds):
                value = calling.call(
                    namespace[name], {key: unpacked(value, arrays) for key, value in inputs.items()}
                )
                header["values"].append(packed(f"{i}", value, returned))
    except BaseException as error:
        error = trouble if trouble and isinstance(error, NameError) else error
        header, returned = (
            {"error": calling.described(error)[:500], "stub": calling.is_the_stub(error)},
            {},
        )
    protocol.send(out, header, returned)


def unpacked(value, arrays):
    """An argument: a number, or a list that names its kind and its arrays."""
    import calling
    import torch

    if not isinstance(value, list):
        return value
    kind, *names = value
    tensors = [torch.from_numpy(arrays[name].copy()) for name in names]
    return calling.Affine(*tensors) if kind == "affine" else tensors[0]


def packed(name: str, value, arrays: dict) -> dict:
    """What is told of a returned value: its array, or else only what kind of thing it is."""
    import numpy as np
    import protocol
    import torch

    if isinstance(value, torch.Tensor | np.ndarray | np.number | int | float) and not isinstance(
        value, bool
    ):
        try:
            if isinstance(value, torch.Tensor):
                value = value.float() if value.dtype == torch.bfloat16 else value
                array = value.detach().resolve_conj().resolve_neg().numpy(force=True)
            else:
                array = np.asarray(value) if not isinstance(value, np.ma.MaskedArray) else None
            if array is not None and array.dtype.kind == "f" and array.dtype.itemsize > 8:
                array = array.astype(np.float64)
            if (
                array is not None
                and array.dtype.newbyteorder("<").str in protocol.DTYPES
                and array.nbytes < MOST // 4
            ):
                arrays[name] = array.astype(array.dtype.newbyteorder("<"))
                return {"array": name}
        except Exception:  # sparse, quantized, on no device at all
            pass
    bases = [base.__name__ for base in (list, tuple) if isinstance(value, base)]
    fields = [
        field
        for field in ("values", "indices")
        if isinstance(value, tuple) and hasattr(value, field)
    ]
    return {
        "type": type(value).__name__[:40],
        "base": bases,
        "fields": fields,
        "none": value is None,
    }


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.path.append("/site")
    if sys.argv[1] == "probe":
        from escape_attempts import probe

        probe()
    else:
        main()
