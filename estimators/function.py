"""A function that the user wrote, by file or module: `function:call=mine.py:estimate`."""

import os
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import ModuleType

from mibench.contract.base import Estimator
from mibench.contract.functions import NATS, FunctionEstimator, Units
from mibench.contract.variables import Variable
from mibench.errors import InputError, message_of
from mibench.foreign import contained
from mibench.types import Estimate

from .shared.digest import digest, digest_of_files


@dataclass(frozen=True)
class Function(Estimator):
    """A Python function f(x, y) that returns the MI, named by its file or its module.

    A file is run once in each process, with its folder at the end of `sys.path`. The digest
    `content` identifies the version of the function: a store does not reuse results of another
    version. The digest does not cover files that the file imports.

    Attributes:
        call: FILE.py:NAME, or MODULE:NAME of an installed module.
            `mibench.contract.functions.FunctionEstimator` describes the arguments of the function.
        units: of what the function returns: "nats" (default) or "bits".
        content: a digest of the file, or of the file of the module.

    Raises:
        InputError: if `call` is malformed, or its file, module or function cannot be loaded.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "mine.py")
        ...     _ = path.write_text("def half(x, y): return 0.5")
        ...     Function(f"{path}:half", units="bits").estimate([1, 2], [3, 5]).bits
        0.5
    """

    call: str
    units: Units = "nats"
    content: str = field(init=False, repr=False)
    _place: str = field(
        init=False, repr=False
    )  # the absolute path of the file, or the name of the module

    def __post_init__(self) -> None:
        super().__post_init__()
        place, _, name = self.call.rpartition(":")
        if not place or not name:
            raise InputError(
                f"Function: call={self.call} is neither FILE.py:NAME nor MODULE:NAME: "
                "write for example call=mine.py:estimate"
            )
        # Absolute, since a worker process may have another working directory.
        object.__setattr__(self, "_place", os.path.abspath(place) if _is_file(place) else place)
        object.__setattr__(self, "content", _content(self._place))
        self._function()

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        nats = self._function().call(x, y) * NATS[self.units]
        return Estimate(nats, info={"method": f"function {self.call}"})

    def _function(self) -> FunctionEstimator:
        return _function(self._place, self.content, self.call.rpartition(":")[2])


def _is_file(place: str) -> bool:
    return place.endswith(".py")


@cache
def _function(place: str, content: str, name: str) -> FunctionEstimator:
    """The function, loaded once per process for each content of its file."""
    module = _run(place, content) if _is_file(place) else _imported(place)[0]
    try:
        function = attrgetter(name)(module)
    except AttributeError:
        names = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        raise InputError(
            f"{place} has no {name!r}. It has: {', '.join(names) or 'no function'}"
        ) from None
    if isinstance(function, type) or not callable(function):
        raise InputError(
            f"{place}: {name} is no function but {function!r}: name a function f(x, y)"
        )
    return FunctionEstimator(function)


def _content(place: str) -> str:
    return digest(_read(place)) if _is_file(place) else _imported(place)[1]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path") from None


@cache
def _run(path: str, content: str) -> ModuleType:
    """Run a file as a module. Python's import is not used: its cache can miss a quick edit."""
    source = _read(path)
    if digest(source) != content:
        raise RuntimeError(f"{path} has changed since the comparison began: start it again")
    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.append(folder)  # at the end, so that it hides no other module
    module = ModuleType(f"{Path(path).stem}_{content}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # where dataclasses and pickle look modules up
    try:
        with contained():
            exec(compile(source, path, "exec"), module.__dict__)
    except BaseException as error:  # the file may raise anything
        del sys.modules[module.__name__]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise InputError(f"{path} cannot be run: {message_of(error)}") from error
    return module


@cache
def _imported(name: str) -> tuple[ModuleType, str]:
    """A module, and the digest of its file at the time of the first import."""
    try:
        with contained():
            module = import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything when it is imported
        raise InputError(
            f"module {name} cannot be imported ({message_of(error)}): install its package, "
            "or name a file such as mine.py:estimate"
        ) from error
    file = getattr(module, "__file__", None)  # built-in modules have no file
    return module, digest_of_files([file]) if file else ""
