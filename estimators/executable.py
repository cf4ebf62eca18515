"""A program that reads a data file and prints a number: `executable:command=Rscript mi.R`."""

import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from mibench.contract.base import Estimator
from mibench.contract.functions import NATS, Units, as_rows
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .shared.digest import digest_of_files
from .shared.scratch import end_programs, scratch_folder

DATA = "{data}"
MAX_ERROR_LINES = 3
BYTES_KEPT = 2**16  # of the end of each stream, however much a program prints
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Executable(Estimator):
    """A program that reads a file of the rows and prints the MI as the last line of its output.

    The program runs in the current working directory. The measured time includes writing the file,
    starting the program, and the estimate itself. The file, and the TMPDIR of the program, are in a
    folder that is removed afterwards. If this process is killed, the program is ended
    and the folder removed. The digest `content` identifies the version of the program: a store does
    not reuse results of another version. The digest does not cover files that the program loads.

    Attributes:
        command: the program and its arguments, split as in a shell; no shell runs it. {data} in an
            argument is replaced by the path of the file; without {data}, the path is appended as
            the last argument.
        form: "csv" (default): a header x1,...,y1,... and one line per row; "npz": arrays x (n, dx)
            and y (n, dy). A side of labels is one column, the labels numbered from 0; the
            environment variables MIBENCH_DISCRETE_X and MIBENCH_DISCRETE_Y are 1 for such a side,
            else 0.
        units: of the printed number: "nats" (default) or "bits".
        timeout: seconds after which the program is stopped and the estimate fails; 3600 by default,
            or None for no limit.
        content: a digest of the program and of each argument that is a file.

    Raises:
        InputError: if the command cannot be parsed, or its program cannot be found or read.

    Example:
        >>> import sys
        >>> program = f"{sys.executable} -c 'print(0.25)'"
        >>> Executable(program, units="bits").estimate([1, 2, 3], [4, 6, 5]).bits
        0.25
    """

    command: str
    form: Literal["csv", "npz"] = "csv"
    units: Units = "nats"
    timeout: Annotated[float, Field(gt=0)] | None = 3600.0
    content: str = field(init=False, repr=False)
    _arguments: tuple[str, ...] = field(init=False, repr=False)
    _folder: str = field(init=False, repr=False)
    _scratch: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            program, *arguments = shlex.split(self.command)
        except ValueError as error:
            problem = "is empty" if not self.command.strip() else f"cannot be read ({error})"
            raise InputError(
                f"Executable: command={self.command} {problem}: "
                "write it as in a shell, with quotes around a value that contains a comma"
            ) from None
        if not any(DATA in argument for argument in arguments):
            arguments.append(DATA)
        # Stored, since a worker process may have another working directory.
        object.__setattr__(self, "_folder", os.getcwd())
        object.__setattr__(self, "_arguments", (_path_of(program), *arguments))
        object.__setattr__(self, "_scratch", scratch_folder())
        try:
            object.__setattr__(self, "content", digest_of_files(self._files()))
        except OSError as error:
            raise InputError(
                f"Executable: {error.filename} cannot be read ({error.strerror}), so changes of it "
                "would go unnoticed: make it readable"
            ) from None

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Do nothing: each estimate starts a new process, so nothing can be prepared."""

    def _files(self) -> list[str]:
        """The program, and all arguments that are files, also in the form `--script=mi.R`."""
        program, *arguments = self._arguments
        pieces = (p for a in arguments for p in dict.fromkeys((a, a.partition("=")[2])) if p)
        paths = (os.path.join(self._folder, piece) for piece in pieces)
        return [program, *(path for path in paths if os.path.isfile(path))]

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        # A worker on another machine needs a folder of its own.
        parent = self._scratch if os.path.isdir(self._scratch) else scratch_folder()
        with tempfile.TemporaryDirectory(prefix="mibench-", dir=parent) as folder:
            data = Path(folder, f"data.{self.form}")
            _write(data, x, y)
            labels = {
                "MIBENCH_DISCRETE_X": str(int(x.discrete)),
                "MIBENCH_DISCRETE_Y": str(int(y.discrete)),
            }
            environment = {**os.environ, **labels, "TMPDIR": folder}
            nats = self._printed_number(data, environment) * NATS[self.units]
        return Estimate(nats, info={"method": f"program {self._arguments[0]}"})

    def _printed_number(self, data: Path, environment: dict[str, str]) -> float:
        """Run the program; the number that it prints, in its units."""
        arguments = [argument.replace(DATA, str(data)) for argument in self._arguments]
        output, errors, code = _run(arguments, self._folder, environment, self.timeout)
        messages = _last_lines(errors.replace(str(data), DATA), MAX_ERROR_LINES)
        if code is None:
            raise TimeoutError(
                f"stopped after {self.timeout:g} s; raise timeout=, or set it to none{messages}"
            )
        if code < 0:
            raise RuntimeError(f"the program was killed by signal {-code}{messages}")
        if code > 0:
            raise RuntimeError(f"the program ended with exit code {code}{messages}")
        line = next((li.strip() for li in reversed(output.splitlines()) if li.strip()), "")
        number = float(line) if NUMBER.fullmatch(line) else math.nan
        if not math.isfinite(number):
            problem = f"it is {line[:60]!r}" if line else "the program printed nothing"
            raise ValueError(f"the last line must be a finite number, but {problem}{messages}")
        return number


def _path_of(program: str) -> str:
    """The path of a program. Links are not resolved: a program may behave according to its name."""
    path = shutil.which(program)
    if path is not None:
        return os.path.abspath(path)
    if not os.path.isfile(program):
        remedy = "install it, or give its path"
    elif os.access(program, os.X_OK):
        remedy = f"for the file in this folder write ./{program}"
    else:
        remedy = f"put its interpreter before it, or make it executable: chmod +x {program}"
    raise InputError(f"Executable: no program {program!r} can be run: {remedy}")


def _write(path: Path, x: Variable, y: Variable) -> None:
    a, b = as_rows(x), as_rows(y)
    if path.suffix == ".npz":
        np.savez(path, x=a, y=b)
        return
    names = [f"{side}{j + 1}" for side, v in (("x", a), ("y", b)) for j in range(v.shape[1])]
    # repr: the shortest digits that read back as the same number; whole numbers for labels.
    lines = (
        ",".join(map(repr, [*left, *right]))
        for left, right in zip(a.tolist(), b.tolist(), strict=True)
    )
    path.write_text("\n".join([",".join(names), *lines, ""]))


def _run(
    arguments: list[str], folder: str, environment: dict[str, str], timeout: float | None
) -> tuple[str, str, int | None]:
    """Standard output, standard error and exit code of a program; code None after a timeout."""
    try:
        child = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # so that the processes it starts can be killed with it
        )
    except OSError as error:
        raise RuntimeError(
            f"{arguments[0]} cannot be started ({error.strerror}): a script needs a first line "
            "such as #!/bin/sh, or its interpreter before it"
        ) from error
    output, errors = _Tail(child.stdout), _Tail(child.stderr)
    try:
        _wait(child, [output, errors], timeout)
        return output.text(), errors.text(), child.returncode
    except subprocess.TimeoutExpired:
        _end(child, environment["TMPDIR"], [output, errors])
        return "", errors.text(), None
    except BaseException:  # Ctrl-C
        _end(child, environment["TMPDIR"], [output, errors])
        raise


class _Tail(threading.Thread):
    """Reads a stream until it is closed, and keeps the end of what it holds."""

    def __init__(self, stream: Any) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._kept = b""
        self.start()

    def run(self) -> None:
        """Read."""
        with self._stream:
            while part := self._stream.read(BYTES_KEPT):
                self._kept = (self._kept + part)[-BYTES_KEPT:]

    def text(self) -> str:
        """The end of the stream so far."""
        return self._kept.decode("utf-8", "replace")


def _wait(child: "subprocess.Popen[bytes]", tails: list[_Tail], timeout: float | None) -> None:
    """Wait until both streams are closed and the program has ended. Raises TimeoutExpired."""
    until = math.inf if timeout is None else time.monotonic() + timeout
    for tail in tails:
        tail.join(min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX))
        if tail.is_alive():
            raise subprocess.TimeoutExpired(child.args, timeout or 0.0)
    child.wait(None if timeout is None else max(0.0, until - time.monotonic()))


def _end(child: "subprocess.Popen[bytes]", scratch: str, tails: list[_Tail]) -> None:
    """Kill a program and all processes that it started, and read what it has printed.

    scratch: the TMPDIR of the program, which identifies processes that left its process group.
    """
    if not hasattr(os, "killpg"):  # Windows
        child.kill()
    elif child.returncode is None:  # not waited for yet, so its process id is still valid
        with suppress(PermissionError):  # macOS, if all processes of the group have ended
            os.killpg(child.pid, signal.SIGKILL)
    end_programs(scratch)
    with suppress(subprocess.TimeoutExpired):  # a process that left the group holds the pipe
        _wait(child, tails, timeout=5)


def _last_lines(text: str, count: int) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()][-count:]
    return ". Standard error ends: " + " | ".join(lines)[-300:] if lines else ""
