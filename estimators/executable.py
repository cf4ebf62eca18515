"""Any program that reads a data file and prints a number: `executable:command=Rscript mi.R`."""

import atexit
import math
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from mibench.contract.base import Estimator
from mibench.contract.functions import NATS, Units, as_rows
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .shared.digest import digest_of_files

DATA = "{data}"
LINES_SHOWN = 3


@dataclass(frozen=True)
class Executable(Estimator):
    """A program that is given a file of the rows and prints the MI as its last line.

    command: the program and its arguments, as a shell would part them; no shell runs it. {data} in
        an argument becomes the path of the file; without one, the path is the last argument.
    form: "csv": a header x1,...,y1,... and a line for each row; "npz": arrays x (n, dx), y (n, dy).
        A side of labels is one column, each row's label numbered from 0; the environment variables
        MIBENCH_DISCRETE_X and MIBENCH_DISCRETE_Y are 1 for such a side, else 0.
    units: of what it prints.
    timeout: seconds, after which the program is stopped and the estimate has failed; or none.

    It runs in the working directory of whoever asks. Its time is that of the whole: writing the
    file, starting the program, estimating. The file, and TMPDIR for the program, lie in a folder
    that is removed afterwards. content is a digest of the program and of each argument that is a
    file: results of another content are not reused. What these load in turn is not part of it.

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
            program, *rest = shlex.split(self.command)
        except ValueError as error:
            problem = "is empty" if not self.command.strip() else f"cannot be read ({error})"
            raise InputError(
                f"Executable: command={self.command} {problem}: "
                "write it as for a shell, a value that holds a comma in quotes"
            ) from None
        if not any(DATA in argument for argument in rest):
            rest.append(DATA)
        # A worker process may have another working directory.
        object.__setattr__(self, "_folder", os.getcwd())
        object.__setattr__(self, "_arguments", (_found(program), *rest))
        object.__setattr__(self, "_scratch", _scratch())
        try:
            object.__setattr__(self, "content", digest_of_files(self._files()))
        except OSError as error:
            raise InputError(
                f"Executable: {error.filename} cannot be read ({error.strerror}), so that a change "
                "of it would go unnoticed: allow reading it"
            ) from None

    def warm_up(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> None:
        """Nothing: a process that has ended leaves nothing warm."""

    def _files(self) -> list[str]:
        """The program, and what may be a script or data of its own, `--script=mi.R` too."""
        program, *rest = self._arguments
        pieces = (piece for a in rest for piece in dict.fromkeys((a, a.partition("=")[2])) if piece)
        paths = (os.path.join(self._folder, piece) for piece in pieces)
        return [program, *(path for path in paths if os.path.isfile(path))]

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        within = self._scratch if os.path.isdir(self._scratch) else None
        with tempfile.TemporaryDirectory(prefix="mibench-", dir=within) as folder:
            data = Path(folder, f"data.{self.form}")
            _write(data, x, y)
            labels = {
                "MIBENCH_DISCRETE_X": str(int(x.discrete)),
                "MIBENCH_DISCRETE_Y": str(int(y.discrete)),
            }
            nats = self._ask(data, {**os.environ, **labels, "TMPDIR": folder}) * NATS[self.units]
        return Estimate(nats, info={"method": f"program {self._arguments[0]}"})

    def _ask(self, data: Path, environment: dict[str, str]) -> float:
        """What the program prints, in its own unit."""
        arguments = [argument.replace(DATA, str(data)) for argument in self._arguments]
        output, errors, code = _run(arguments, self._folder, environment, self.timeout)
        said = _last(errors.replace(str(data), DATA), LINES_SHOWN)
        if code is None:
            raise TimeoutError(f"stopped after {self.timeout:g} s; raise timeout=, or none{said}")
        if code < 0:
            raise RuntimeError(f"the program was killed by signal {-code}{said}")
        if code > 0:
            raise RuntimeError(f"the program ended with exit code {code}{said}")
        line = next((li.strip() for li in reversed(output.splitlines()) if li.strip()), "")
        try:
            number = float(line)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            what = f"the last line is {line[:60]!r}" if line else "it printed nothing"
            raise ValueError(f"the program must print a finite number last, and {what}{said}")
        return number


@cache
def _scratch() -> str:
    """This process's folder for the files of all: what a killed worker leaves goes with it."""
    folder = tempfile.mkdtemp(prefix="mibench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _found(program: str) -> str:
    """The path of a program; not resolved, since one that is a link may go by its name."""
    path = shutil.which(program)
    if path is not None:
        return os.path.abspath(path)
    if not os.path.isfile(program):
        remedy = "install it, or give its path"
    elif os.access(program, os.X_OK):
        remedy = f"for the file in this folder write ./{program}"
    else:
        remedy = f"name its interpreter before it, or make it executable: chmod +x {program}"
    raise InputError(f"Executable: no program {program!r} can be run: {remedy}")


def _write(path: Path, x: Variable, y: Variable) -> None:
    a, b = as_rows(x), as_rows(y)
    if path.suffix == ".npz":
        np.savez(path, x=a, y=b)
        return
    names = [f"{side}{j + 1}" for side, v in (("x", a), ("y", b)) for j in range(v.shape[1])]
    # The shortest digits that read back as the same number, and whole numbers for labels.
    lines = (
        ",".join(map(repr, [*left, *right]))
        for left, right in zip(a.tolist(), b.tolist(), strict=True)
    )
    path.write_text("\n".join([",".join(names), *lines, ""]))


def _run(
    arguments: list[str], folder: str, environment: dict[str, str], timeout: float | None
) -> tuple[str, str, int | None]:
    """Standard output, standard error and exit code of a program; None if time ran out."""
    try:
        child = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that what it starts can be ended with it
        )
    except OSError as error:
        raise RuntimeError(
            f"{arguments[0]} cannot be started ({error.strerror}): a script needs a first line "
            "such as #!/bin/sh, or its interpreter named before it"
        ) from error
    try:
        return *child.communicate(timeout=timeout), child.returncode
    except subprocess.TimeoutExpired:
        return "", _end(child, environment["TMPDIR"]), None
    except BaseException:  # Ctrl-C
        _end(child, environment["TMPDIR"])
        raise


def _end(child: "subprocess.Popen[str]", scratch: str) -> str:
    """Kill a program and all that it started; what it had said on standard error.

    scratch: its own TMPDIR, by which what has left its group is known.
    """
    import psutil

    if not hasattr(os, "killpg"):  # Windows
        child.kill()
    elif child.returncode is None:  # not waited for yet, so the number is still its own
        with suppress(PermissionError):  # macOS, where all of them have ended
            os.killpg(child.pid, signal.SIGKILL)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # ended, or another user's
            if process.environ().get("TMPDIR") == scratch:
                process.kill()
    try:
        return child.communicate(timeout=5)[1]
    except subprocess.TimeoutExpired:  # something that left the group holds the pipe
        return ""


def _last(text: str, count: int) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()][-count:]
    return ". Standard error ends: " + " | ".join(lines)[-300:] if lines else ""
