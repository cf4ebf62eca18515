"""Compiles kernels with numba, and keeps the machine code on disk for the next process.

In place of numba's own cache, which

- looks at a kernel's own file alone, and so takes old code where a kernel that it calls, in another
  file, has changed: as it may when the package is upgraded;
- mixes up the code of two signatures that two processes compile at once;
- does not read what stands beside the sources where it cannot write there too, such as what an
  administrator compiled for all;
- fails where it cannot write.

Here a file is one kernel for one signature, and its name tells all that the code depends on. What
cannot be read is compiled, and what cannot be written is not kept.
"""

import hashlib
import inspect
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from uuid import uuid4

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

P = ParamSpec("P")
R = TypeVar("R")

ENDING = ".nbc"

# Of what numba has types for, these have none.
config: Any = numba.config
serialized: Any = dumps
result_of: Any = CompileResult
directories: Any = AppDirs


@dataclass(frozen=True)
class CacheLocations:
    """Where the code of the kernels of one folder is kept.

    stamp: a digest of all that it depends on but signature and processor. readable: in the order
    of looking; writable: the first that can be written to, also the last that is looked in, if any
    can.
    """

    stamp: str
    readable: tuple[Path, ...]
    writable: Path | None

    def files(self) -> list[Path]:
        """All code for these sources that is kept."""
        found = {file.name: file for place in self.readable for file in self._in(place)}
        return list(found.values())

    def _in(self, place: Path) -> Iterator[Path]:
        with suppress(OSError):
            yield from place.glob(f"[!.]*-{self.stamp}-*{ENDING}")


@dataclass(frozen=True)
class CompiledKernel:
    """A kernel that this process loaded, or compiled; and why its code was not kept, if so."""

    kernel: str
    loaded: bool
    unkept: str = ""


compiled_kernels: list[CompiledKernel] = []
sources: set[Path] = set()  # folders of kernels that this process has imported


def compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """Compile `function` in numba's nopython mode when it is first called, and keep the code.

    options: those of `numba.njit`. The code is good for as long as no file in the folder of
    `function` changes: a kernel may call kernels and use constants of its own folder, no others.
    That of a function which uses variables of another that it is defined in is not kept.
    """
    dispatcher: Any = numba.njit(**options)(function)
    file = Path(inspect.getfile(function))
    if not config.DISABLE_JIT and file.is_file():
        cache_locations(file.parent)  # now, lest the sources change before the first call
        sources.add(file.parent)
        dispatcher._cache = KernelCache(function, file)
    return cast("Callable[P, R]", dispatcher)


class KernelCache:
    """What a dispatcher of numba asks of a cache: `numba.core.caching.Cache` has the same methods.

    It relies on CompileResult's `_reduce` and `_rebuild`, as numba's own does. Where another
    version of numba has no such methods, everything is compiled and nothing kept.
    """

    def __init__(self, function: Callable[..., object], file: Path) -> None:
        self.kernel = f"{file.stem}.{function.__qualname__}"
        self.folder = file.parent
        self.line = function.__code__.co_firstlineno
        self.alone = function.__closure__ is None

    @property
    def cache_path(self) -> str | None:
        """The folder that code is written to."""
        place = cache_locations(self.folder).writable
        return None if place is None else str(place)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The kernel for a signature, or None."""
        target.refresh()
        if not self.alone:
            return None
        name = self._name(signature, target.codegen())
        for place in cache_locations(self.folder).readable:
            # No such file, most often; else one that is torn or not ours to read.
            with suppress(Exception):
                found = result_of._rebuild(target, *pickle.loads((place / name).read_bytes()))
                compiled_kernels.append(CompiledKernel(self.kernel, loaded=True))
                return found
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what was compiled for a signature, if that is possible."""
        unkept = ""
        found = cache_locations(self.folder)
        if result.library.has_dynamic_globals or result.lifted or not self.alone:
            unkept = "it depends on what another process may not have"
        elif found.writable is None:
            tried = " and ".join(map(str, found.readable))
            unkept = (
                f"cannot write to {tried}; set NUMBA_CACHE_DIR to a folder that you can write to"
            )
        else:
            try:
                file = found.writable / self._name(signature, result.codegen)
                _write(file, serialized(result._reduce()))
                self._remove_outdated(found.writable)
            except Exception as error:
                unkept = str(error)
        compiled_kernels.append(CompiledKernel(self.kernel, loaded=False, unkept=unkept))

    def _name(self, signature: Any, codegen: Any) -> str:
        """The file's name; codegen knows the processor and its features."""
        key = _digest(repr((self.line, signature, codegen.magic_tuple())).encode())
        return f"{self._start()}{cache_locations(self.folder).stamp}-{key}{ENDING}"

    def _start(self) -> str:
        """Of the names of all files of this kernel, for one version of Python."""
        kernel = "".join(c for c in self.kernel if c not in "<>")
        return f"{kernel}.{sys.implementation.cache_tag}-"

    def _remove_outdated(self, place: Path) -> None:
        """Remove what was compiled from earlier sources."""
        for old in place.glob(f"{self._start()}*{ENDING}"):
            if not old.name.startswith(self._start() + cache_locations(self.folder).stamp):
                old.unlink(missing_ok=True)

    def flush(self) -> None:
        """Nothing is held back."""

    enable = disable = flush


@cache
def cache_locations(folder: Path) -> CacheLocations:
    """Where the code of the kernels in a folder is kept."""
    own = folder.resolve()
    files = [*sorted(own.glob("*.py")), Path(__file__)]
    contents = [(file.name, file.read_bytes()) for file in files]
    readable: list[Path] = []
    for place in _candidates(own):
        readable.append(place)
        if _can_write(place):
            return CacheLocations(_stamp(contents), tuple(readable), place)
    return CacheLocations(_stamp(contents), tuple(readable), None)


def _candidates(folder: Path) -> Iterator[Path]:
    """NUMBA_CACHE_DIR, beside the sources, and the user's own folder for caches."""
    apart = f"{folder.name}_{_digest(str(folder).encode())}"
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR).absolute() / apart
    yield folder / "__pycache__"
    users = Path(directories("mibench", appauthor=False).user_cache_dir)
    if users.is_absolute():  # a user without a home has "~/.cache"
        yield users / apart


def _can_write(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        return False
    return True


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, with the permissions that the user gives new files."""
    part = file.with_name(f".{uuid4().hex}{ENDING}")
    try:
        part.write_bytes(data)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _stamp(contents: list[tuple[str, bytes]]) -> str:
    versions = (numba.__version__, sys.implementation.cache_tag, os.name)
    return _digest(repr((versions, contents)).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
